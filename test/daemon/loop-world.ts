import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFolders, type HearthPaths, hearthPaths } from "#src/config/paths.ts";
import { type LoopHandle, startLoop } from "#src/daemon/loop.ts";
import type { Clock } from "#src/model/clock.ts";
import type { HearthConfig } from "#src/model/config.ts";
import type { StreamRecord } from "#src/model/stream.ts";
import type { EmulatedMiner, EmulatorOptions, MinerModel } from "#src/sim/emulated-miner.ts";
import { startMiner } from "#src/sim/emulators.ts";
import { startJsonDevice } from "#src/sim/home-web.ts";
import { startPool } from "#src/sim/pool.ts";
import { createSimClock, type SimClock } from "#src/sim/sim-clock.ts";
import { emulatedConfig } from "./emulated-config.ts";

export interface LoopWorld {
  clock: SimClock;
  loop: LoopHandle;
  miners: EmulatedMiner[];
  /** What the thermometer shows, degC; may change under way. */
  room: { roomC: number };
  records: StreamRecord[];
  /** Sets the home's wall clock by so much; durations go on. */
  stepWall(ms: number): void;
  /** The machine sleeps: wall clock and monotonic clock jump, the world outside does not. */
  suspend(ms: number): void;
  /** How often each sensor was read, by name. */
  reads: Record<string, number>;
  /** Where the loop keeps its files. */
  paths: HearthPaths;
  /** Records of a kind since the start, their data. */
  told(type: StreamRecord["type"]): Record<string, unknown>[];
  /** Alarms that are active now. */
  alarms(): string[];
  /** Waits until it holds, at most so many seconds of the clock; answers how long it took, or null. */
  until(condition: () => boolean, atMostS: number): Promise<number | null>;
  /** A person's wish of watts for one miner by the local API's way. */
  minerState(name: string): string;
}

export interface LoopWorldOptions {
  models: (Partial<EmulatorOptions> & { model: MinerModel })[];
  roomC?: number;
  change?: (config: HearthConfig) => HearthConfig;
  keepsDecisions?: boolean;
}

/** A loop in simulated time over emulated miners, a thermometer and a meter; everything is taken down afterwards. */
export async function inLoop(
  options: LoopWorldOptions,
  run: (world: LoopWorld) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "hearth-loop-"));
  const clock = createSimClock({ startMs: Date.UTC(2026, 0, 15, 8), speed: null });
  const closing: (() => unknown)[] = [
    () => rmSync(folder, { recursive: true, force: true }),
    () => clock.stop(),
  ];
  try {
    await clock.spawn(async () => {
      const room = { roomC: options.roomC ?? 16 };
      const facts = { feePpm: 0, networkDifficulty: 10n ** 14n, rewardSats: 312_500_000n };
      const pool = await startPool({ clock, name: "pool", ...facts });
      closing.push(() => pool.close());
      const reads: Record<string, number> = {};
      const shown = (name: string, value: () => number) => () => {
        reads[name] = (reads[name] ?? 0) + 1;
        return { value: value() };
      };
      const sensors = await startJsonDevice({
        "/room": shown("room", () => room.roomC),
        "/grid": shown("grid", () => 900),
        "/outdoor": shown("outdoor", () => -5),
      });
      closing.push(() => sensors.close());
      const miners: EmulatedMiner[] = [];
      for (const [index, setup] of options.models.entries()) {
        const name = setup.name ?? `m${index + 1}`;
        const pools = [{ url: pool.url, user: `u.${name}`, password: "x" }];
        const miner = await startMiner({ pools, clock, seed: index + 1, ...setup, name });
        miners.push(miner);
        closing.push(() => miner.close());
      }
      const paths = hearthPaths({ HEARTH_HOME: folder });
      createFolders(paths);
      const config = emulatedConfig(miners, {
        sensors: sensors.url,
        breakerA: 50,
        roomS: 30,
        gridS: 5,
        control: { observe_s: 0 },
      });
      const records: StreamRecord[] = [];
      const jumped = { wallMs: 0, monoMs: 0 };
      const ownClock: Clock = {
        ...clock,
        nowMs: () => clock.nowMs() + jumped.wallMs,
        monoMs: () => clock.monoMs() + jumped.monoMs,
      };
      const loop = await startLoop({
        keepsDecisions: options.keepsDecisions ?? false,
        ...{
          paths,
          clock: ownClock,
          version: "test",
          onRecord: (record: StreamRecord) => void records.push(record),
        },
        config: options.change?.(config) ?? config,
      });
      closing.push(() => loop.stop("the test is over", 0));
      const told = (type: StreamRecord["type"]) =>
        records.filter((record) => record.type === type).map(({ data }) => data);
      await run({
        ...{ clock, loop, miners, room, records, told, reads, paths },
        stepWall(ms) {
          jumped.wallMs += ms;
        },
        suspend(ms) {
          jumped.wallMs += ms;
          jumped.monoMs += ms;
        },
        alarms: () => loop.view().alarms.map(({ code, text }) => `${code} ${text}`),
        minerState: (name) =>
          loop.view().status.miners.find((miner) => miner.name === name)?.state ?? "unknown",
        async until(condition, atMostS) {
          const sinceMs = clock.nowMs();
          while (clock.nowMs() - sinceMs <= atMostS * 1000) {
            if (condition()) return (clock.nowMs() - sinceMs) / 1000;
            await clock.sleep(1_000);
          }
          return null;
        },
      });
      await clock.idle(loop.stop("the test is over", 0));
    });
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}
