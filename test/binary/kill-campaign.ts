/** `npm run kills -- [--kills N] [--seed N]`: the loop is killed at random moments and must find everything again; 200 by default. */
import { parseArgs } from "node:util";
import type { KnownEvent } from "#src/daemon/event-book.ts";
import { openStateStore } from "#src/ledger/state-store.ts";
import { createRandom } from "#src/sim/random.ts";
import { percentile } from "../bench/figures.ts";
import { lostBetween, readKept, wishFor } from "./kept.ts";
import { type ServiceWorld, serviceWorld } from "./service-world.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
  },
});
/** Longest life before a kill, ms: it starts within a second and saves at each command. */
const LONGEST_MS = 8_000;
const DAY_MS = 86_400_000;

const random = createRandom(Number(values.seed), "kills");
process.stdout.write(`${values.kills} kills, seed ${values.seed}\n`);
const home = await serviceWorld({
  models: [{ model: "bitaxe", startsMining: false }, { model: "avalon-mini3" }, { model: "nerdqaxe" }],
});
const firstDecisionMs: number[] = [];
let found = 0;
try {
  const first = home.start();
  await first.heard("decision");
  await wishFor(home, "m1", 12);
  await first.end("SIGKILL");
  knowAnEvent(home);
  let kept = readKept(home);
  for (let kill = 1; kill <= Number(values.kills); kill++) {
    home.room.roomC = 10 + 20 * random.next();
    const startedMs = performance.now();
    const life = home.start();
    void life.heard("decision").then(
      () => firstDecisionMs.push(performance.now() - startedMs),
      () => undefined,
    );
    await new Promise((resolve) => setTimeout(resolve, LONGEST_MS * random.next()));
    if (life.child.exitCode !== null) report(kill, [`the loop ended by itself with ${life.child.exitCode}`]);
    await life.end("SIGKILL");
    const now = readKept(home);
    report(kill, lostBetween(kept, now));
    kept = now;
  }
  const restored = `p50 ${percentile(firstDecisionMs, 0.5).toFixed(0)} ms, p99 ${percentile(firstDecisionMs, 0.99).toFixed(0)} ms`;
  process.stdout.write(
    `${found} losses; ${kept.decisions} decisions decide again; first decision ${restored}\n`,
  );
} finally {
  await home.close();
}
process.exitCode = found > 0 ? 1 : 0;

function report(kill: number, lost: string[]): void {
  found += lost.length;
  for (const what of lost) process.stdout.write(`after kill ${kill}: ${what}\n`);
}

/** An event for tomorrow in the book, as a co-op would have left it there. */
function knowAnEvent({ paths }: ServiceWorld): void {
  const startMs = Date.now() + DAY_MS;
  const event: KnownEvent["event"] = {
    ...{ id: "tomorrow", type: "limit", priority: "peak", version: 1, issuedMs: startMs - DAY_MS, startMs },
    ...{ endMs: startMs + 7_200_000, limitW: 500, raiseW: null, floorW: 0, noticeS: 3600 },
    ...{ source: "test", isCancelled: false },
  };
  const store = openStateStore(paths.state);
  const known: KnownEvent = {
    event,
    isOptedOut: false,
    hasStarted: false,
    hasEnded: false,
    isMet: null,
    floorOverEventWh: 0,
  };
  store.set("events", [known]);
  store.close();
}
