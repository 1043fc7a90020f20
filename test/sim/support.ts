import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import type { PoolOptions } from "#src/sim/pool.ts";
import { createSimClock, type SimClock } from "#src/sim/sim-clock.ts";

export const templatesDir = fileURLToPath(new URL("../../templates", import.meta.url));

/** 2026-01-15 00:00 in America/Denver. */
export const startMs = Date.parse("2026-01-15T07:00:00Z");

export const poolFacts: Pick<PoolOptions, "feePpm" | "networkDifficulty" | "rewardSats"> = {
  feePpm: 20_000,
  networkDifficulty: 146_000_000_000_000n,
  rewardSats: 314_000_000n,
};

/** Runs a test as one task of a simulated clock, so that time stands still unless it sleeps. */
export async function inSimulatedTime<T>(run: (clock: SimClock) => Promise<T>): Promise<T> {
  const clock = createSimClock({ startMs, speed: null });
  try {
    return await clock.spawn(() => run(clock));
  } finally {
    clock.stop();
  }
}

/** Sends raw bytes and reads to the end; segments tells in how many reads the answer came. */
export async function ask(port: number, bytes: string): Promise<{ text: string; segments: number }> {
  const socket = connect({ host: "127.0.0.1", port });
  let text = "";
  let segments = 0;
  socket.on("data", (chunk) => {
    text += chunk.toString("utf8");
    segments += 1;
  });
  // A reset is an empty answer here.
  socket.on("error", () => undefined);
  socket.write(bytes);
  await new Promise((resolve) => socket.on("close", resolve));
  return { text, segments };
}

/** One JSON command of the CGMiner dialect, parsed. */
export async function askJson(port: number, command: string, parameter?: string): Promise<Reply> {
  const { text } = await ask(
    port,
    JSON.stringify({ command, ...(parameter === undefined ? {} : { parameter }) }),
  );
  return JSON.parse(text.replaceAll("\0", "")) as Reply;
}

export interface Reply {
  STATUS: { STATUS: string; When: number; Code: number; Msg: string }[];
  [section: string]: unknown;
}

/** One row of a section. */
export function row(reply: Reply, section: string, index = 0): Record<string, unknown> {
  return (reply[section] as Record<string, unknown>[])[index] ?? {};
}
