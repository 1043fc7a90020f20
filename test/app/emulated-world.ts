import { type MinerPort, type OpenMinerOptions, openMiner } from "#src/app/miner-port.ts";
import type { MinerBackup, PoolTarget } from "#src/model/miner.ts";
import type { EmulatedMiner, EmulatorOptions } from "#src/sim/emulated-miner.ts";
import { type EmulatorEntry, emulators } from "#src/sim/emulators.ts";
import { type SimPool, startPool } from "#src/sim/pool.ts";
import { createSimClock, type SimClock } from "#src/sim/sim-clock.ts";

export const startMs = Date.UTC(2026, 0, 10, 6);

const all = emulators.flatMap((entry) => {
  const generations = entry.generations.length > 0 ? entry.generations : [null];
  return generations.map((generation) => ({
    entry,
    generation,
    title: generation === null ? entry.model : `${entry.model} ${generation}`,
  }));
});

export type Device = (typeof all)[number];

/** A generation of this name is a device whose owner has not allowed changes over the network. */
const CLOSED = "writes-off";

/** Every device and generation that can be emulated and changed, with a name for a test. */
export const devices: readonly Device[] = all.filter(({ generation }) => generation !== CLOSED);
/** Those that are only to be read until their owner allows more. */
export const closedDevices: readonly Device[] = all.filter(({ generation }) => generation === CLOSED);

/** One emulated miner on a clock that runs as fast as it can, with what a test does to it. */
export interface World {
  clock: SimClock;
  miner: EmulatedMiner;
  entry: EmulatorEntry;
  port: MinerPort;
  backups: MinerBackup[];
  /** Pools of the device at its start, in its order. */
  pools: PoolTarget[];
  open(change?: Partial<OpenMinerOptions>): Promise<MinerPort>;
  /** Reads until the state is there, at most ten minutes of the clock. */
  reaches(state: string): Promise<boolean>;
}

export interface WorldOptions extends Partial<EmulatorOptions> {
  /** Real pools on sockets; without them the device has addresses at which nobody answers. */
  hasPools?: boolean;
  /** Limit of one exchange, ms of real time. */
  totalMs?: number;
}

/** Runs a test in such a world and takes it down, whatever comes of it. */
export async function inWorld<T>(
  { entry, generation }: Device,
  options: WorldOptions,
  run: (world: World) => Promise<T>,
): Promise<T> {
  const { hasPools = false, totalMs, ...device } = options;
  const clock = createSimClock({ startMs, speed: null });
  const closing: (() => unknown)[] = [() => clock.stop()];
  try {
    return await clock.spawn(async () => {
      const servers: SimPool[] = [];
      for (const name of hasPools ? ["member", "co-op"] : []) {
        const facts = { feePpm: 0, networkDifficulty: 10n ** 14n, rewardSats: 312_500_000n };
        const server = await startPool({ clock, name, ...facts });
        servers.push(server);
        closing.push(() => server.close());
      }
      const urls = hasPools
        ? servers.map(({ url }) => url)
        : ["stratum+tcp://127.0.0.1:1", "stratum+tcp://127.0.0.1:2"];
      const pools = urls.map(
        (url, index): PoolTarget => ({
          ...{
            url,
            user: `user${index}.w`,
            password: "x",
            role: index === 0 ? "member" : "coop",
            sharePpm: null,
          },
        }),
      );
      const miner = await entry.start({
        ...{ name: "den", model: entry.model, pools, clock, seed: 7 },
        ...(generation === null ? {} : { firmware: generation }),
        ...device,
      });
      closing.push(() => miner.close());
      const backups: MinerBackup[] = [];
      const notes = new Map<string, unknown>();
      const open = (change: Partial<OpenMinerOptions> = {}) =>
        openMiner({
          ...{ host: miner.host, port: miner.port, driver: entry.firmware, id: miner.id, name: "den" },
          pace: clock,
          memory: { get: (key) => notes.get(key) ?? null, set: (key, value) => void notes.set(key, value) },
          keepBackup: (backup) => void backups.push(backup),
          link: totalMs === undefined ? {} : { totalMs },
          ...change,
        });
      const port = await open();
      closing.push(() => port.close());
      const reaches = async (state: string) => {
        for (let tries = 0; tries < 60; tries++) {
          if ((await port.read().catch(() => null))?.state === state) return true;
          await clock.sleep(10_000);
        }
        return false;
      };
      return run({ clock, miner, entry, port, backups, pools, open, reaches });
    });
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}
