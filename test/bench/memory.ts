import { readFileSync } from "node:fs";
import { emulators } from "#src/sim/emulators.ts";
import { serviceWorld } from "../binary/service-world.ts";
import { say, verdictOf } from "./figures.ts";

const MINERS = 8;
const LASTS_S = 60;
const GOAL_MB = 90;

/** Resident memory of `hearth run --headless` in a process of its own over eight emulated miners (Linux). */
export async function benchMemory(): Promise<void> {
  const models = Array.from({ length: MINERS }, (_, index) => emulators[index % emulators.length]?.model);
  const home = await serviceWorld({
    models: models.flatMap((model) => (model ? [{ model }] : [])),
    change: (config) => ({ ...config, control: { ...config.control, tick_s: 5 } }),
  });
  try {
    const life = home.start();
    await life.heard("decision");
    let highestMb = 0;
    for (let second = 0; second < LASTS_S; second++) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      highestMb = Math.max(highestMb, residentMb(life.child.pid ?? 0, "VmRSS"));
    }
    const own = residentMb(life.child.pid ?? 0, "RssAnon");
    say(
      `resident memory with ${MINERS} miners over ${LASTS_S} s: highest ${highestMb.toFixed(1)} MB, ${own.toFixed(1)} MB of it its own and not the program's file; goal ${GOAL_MB} MB, ratio ${(highestMb / GOAL_MB).toFixed(2)}  ${verdictOf(highestMb < GOAL_MB)}`,
    );
    await life.end("SIGTERM");
  } finally {
    await home.close();
  }
}

function residentMb(pid: number, field: "VmRSS" | "RssAnon"): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return (Number(line?.[1] ?? Number.NaN) * 1024) / 1e6;
}
