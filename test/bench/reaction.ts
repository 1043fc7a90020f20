import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { openMiner } from "#src/app/miner-port.ts";
import { createFolders, hearthPaths } from "#src/config/paths.ts";
import { decide, initialState } from "#src/control/decide.ts";
import type { CoopLink } from "#src/daemon/coop-link.ts";
import { SMALL_PROCESS_FLAGS } from "#src/daemon/headless.ts";
import { buildParts } from "#src/daemon/parts.ts";
import { createWork } from "#src/daemon/work.ts";
import { configSchema, type HearthConfig } from "#src/model/config.ts";
import type { CoopEvent } from "#src/model/coop-event.ts";
import { createSystemClock } from "#src/net/system-clock.ts";
import type { EmulatedMiner } from "#src/sim/emulated-miner.ts";
import { emulators, startMiner } from "#src/sim/emulators.ts";
import { avalon, BenchHome, makeConfig } from "../control/bench-home.ts";
import { percentile, say, verdictOf } from "./figures.ts";

const MINERS = 8;
const ROUNDS = 6;
const EVENT_GOAL_MS = 50;
const DECISIONS = 3_000;
const clock = createSystemClock();

/** How long one decision takes, and how soon an event is a command in the hands of the drivers. */
export async function benchReaction(): Promise<void> {
  for (const [miners, goalMs] of [
    [4, 1],
    [32, 5],
  ] as const) {
    const times = decideTimes(miners);
    const p99 = percentile(times, 0.99);
    say(
      `decide() with ${String(miners).padStart(2)} miners, ${DECISIONS} ticks: ${shown(times)}; goal at p99 ${goalMs} ms, ratio ${(p99 / goalMs).toFixed(2)}  ${verdictOf(p99 <= goalMs)}`,
    );
  }
  // From here on as the service runs.
  for (const flag of SMALL_PROCESS_FLAGS) setFlagsFromString(flag);
  const byEvent: number[] = [];
  const directly: number[] = [];
  handedMs.length = 0;
  for (let round = 0; round < ROUNDS; round++) {
    byEvent.push(...(await withMiners(round, eventRound)));
    directly.push(...(await withMiners(round, directRound)));
  }
  const ownP99 = percentile(handedMs, 0.99);
  const isComplete = byEvent.length === ROUNDS * MINERS;
  say(
    `event received to command with its driver, ${MINERS} miners, ${ROUNDS} events: ${shown(handedMs)}; goal at p99 ${EVENT_GOAL_MS} ms, ratio ${(ownP99 / EVENT_GOAL_MS).toFixed(2)}  ${verdictOf(isComplete && ownP99 <= EVENT_GOAL_MS)}`,
  );
  say(`  to accepted by the miners, emulated in this process: ${shown(byEvent)}`);
  say(`  the same commands by the drivers without the loop: ${shown(directly)}`);
  if (!isComplete) say(`  ${ROUNDS * MINERS - byEvent.length} commands were not accepted`);
}

/** From the event's arrival to the call of the miner's driver, ms. */
const handedMs: number[] = [];

function shown(times: readonly number[]): string {
  return `p50 ${percentile(times, 0.5).toFixed(2)} ms, p99 ${percentile(times, 0.99).toFixed(2)} ms`;
}

function decideTimes(miners: number): number[] {
  const profiles = Array.from({ length: miners }, (_, index) => ({ ...avalon, name: `m${index}` }));
  const home = new BenchHome(makeConfig({ miners: profiles }), { roomC: 17 });
  let state = initialState(home.config, home.monoMs);
  const times: number[] = [];
  for (let tick = 0; tick < DECISIONS; tick++) {
    const snapshot = home.snapshot();
    const startedMs = performance.now();
    state = decide(snapshot, state, home.config).state;
    times.push(performance.now() - startedMs);
    home.world.pvW = 200 * miners * (1 + Math.sin(tick / 40));
    home.tick();
  }
  // The first hour fills the state's memories.
  return times.slice(DECISIONS / 10);
}

type Cleanup = (() => void | Promise<void>)[];
type Round = (miners: EmulatedMiner[], cleanup: Cleanup) => Promise<number[]>;

/** Fresh miners, all mining, for one round. */
async function withMiners(seed: number, round: Round): Promise<number[]> {
  const cleanup: Cleanup = [];
  try {
    const miners: EmulatedMiner[] = [];
    for (let index = 0; index < MINERS; index++) {
      const miner = await startMiner({
        name: `m${index}`,
        model: "bitaxe",
        pools: [],
        clock,
        seed: seed + index,
      });
      miners.push(miner);
      cleanup.push(() => miner.close());
    }
    return await round(miners, cleanup);
  } finally {
    for (const close of cleanup.toReversed()) await close();
  }
}

/** The co-op's list brings an event that switches them off. Times to acceptance, ms. */
async function eventRound(miners: EmulatedMiner[], cleanup: Cleanup): Promise<number[]> {
  const home = mkdtempSync(join(tmpdir(), "hearth-reaction-"));
  cleanup.push(() => rmSync(home, { recursive: true, force: true }));
  const stop = new AbortController();
  const paths = hearthPaths({ HEARTH_HOME: home });
  createFolders(paths);
  const config = configOf(miners);
  const options = { paths, config, clock, find: null, version: "bench", keepsDecisions: true, cleanup };
  const parts = await buildParts(options);
  cleanup.push(() => stop.abort());
  const events: CoopEvent[] = [];
  parts.link = { pollEvents: async () => events, lastContactMs: () => Date.now() } as unknown as CoopLink;
  const work = createWork(parts, { clock, signal: stop.signal, tickMs: 5_000 });
  parts.bell.answer(() => void work.tick());
  await Promise.all(parts.keepers.map((keeper) => work.readMiner(keeper)));
  await work.tick();
  await work.flush();

  const startedMs = performance.now();
  for (const keeper of parts.keepers) {
    const { execute } = keeper;
    keeper.execute = (command, signal) => {
      handedMs.push(performance.now() - startedMs);
      return execute(command, signal);
    };
  }
  events.push(offEvent());
  const accepted = acceptances(miners);
  await work.pollEvents();
  const times = await accepted;
  await work.flush();
  return times;
}

/** The same command for each of them by its driver alone. */
async function directRound(miners: EmulatedMiner[], cleanup: Cleanup): Promise<number[]> {
  const ports = await Promise.all(
    configOf(miners).miners.map((miner) => openMiner({ ...miner, pace: clock })),
  );
  cleanup.push(() => {
    for (const port of ports) port.close();
  });
  for (const port of ports) {
    await port.capabilities();
    await port.read();
  }
  const accepted = acceptances(miners);
  const pauses = ports.map((port) => port.pause());
  const times = await accepted;
  await Promise.all(pauses);
  return times;
}

/** When each miner has understood an order, ms from now; those that have not within two seconds are left out. */
function acceptances(miners: readonly EmulatedMiner[]): Promise<number[]> {
  const startedMs = performance.now();
  const before = miners.map((miner) => miner.orders());
  const times = new Map<number, number>();
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const nowMs = performance.now() - startedMs;
      for (const [index, miner] of miners.entries()) {
        if (!times.has(index) && miner.orders() > (before[index] ?? 0)) times.set(index, nowMs);
      }
      if (times.size < miners.length && nowMs < 2_000) return;
      clearInterval(timer);
      resolve([...times.values()]);
    }, 1);
  });
}

function offEvent(): CoopEvent {
  const nowMs = Date.now();
  return {
    ...{ id: "bench", version: 1, issuedMs: nowMs, startMs: nowMs - 1_000, endMs: nowMs + 3_600_000 },
    ...{ type: "off", priority: "emergency", limitW: 0, raiseW: null, floorW: 0, noticeS: 0 },
    ...{ source: "bench", isCancelled: false },
  };
}

function configOf(miners: readonly EmulatedMiner[]): HearthConfig {
  return configSchema.parse({
    schema: "hearth.config/1",
    panel: { main_a: 200, voltage_v: 240 },
    zones: [{ name: "z", on_sensor_loss: "fixed:2000" }],
    circuits: [{ name: "c", breaker_a: 200, voltage_v: 240 }],
    miners: miners.map(({ name, id, host, port, model }) => {
      const driver = emulators.find((entry) => entry.model === model)?.firmware ?? "";
      return { name, id, host, port, driver, zone: "z", circuit: "c" };
    }),
    control: { observe_s: 0 },
  });
}
