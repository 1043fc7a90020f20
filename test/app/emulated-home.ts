import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adoptFrom } from "#src/app/adopt-from.ts";
import { devices, inWorld, type World } from "./emulated-world.ts";

const mini3 = devices.find(({ title }) => title === "avalon-mini3");

/** A home with an adopted Mini 3, called den, on a circuit that is too weak for it. */
export async function inHome(run: (env: NodeJS.ProcessEnv, world: World) => Promise<void>): Promise<void> {
  if (mini3 === undefined) throw new Error("no such device");
  const folder = mkdtempSync(join(tmpdir(), "hearth-home-"));
  const env = { HEARTH_HOME: folder };
  try {
    await inWorld(mini3, {}, async (world) => {
      await adoptAt(env, `127.0.0.1:${world.miner.port}`);
      await run(env, world);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Adopts what stands there as den. */
export function adoptAt(env: NodeJS.ProcessEnv, host: string) {
  return adoptFrom({
    ...{ env, host, name: "den", zone: null, circuit: null, breakerA: 5, voltageV: 120 },
    ...{ password: null, allowPublic: false, dryRun: false, signal: new AbortController().signal },
  });
}
