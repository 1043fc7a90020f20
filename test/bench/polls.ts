import { openMiner } from "#src/app/miner-port.ts";
import { createMinerKeeper } from "#src/daemon/miner-keeper.ts";
import { repeat } from "#src/daemon/tasks.ts";
import { configSchema, type MinerConfig } from "#src/model/config.ts";
import { createSystemClock } from "#src/net/system-clock.ts";
import type { EmulatedMiner } from "#src/sim/emulated-miner.ts";
import { emulators, startMiner } from "#src/sim/emulators.ts";
import { say, verdictOf } from "./figures.ts";

const MINERS = 8;
const PERIOD_MS = 1_000;
const LASTS_MS = 30_000;
const clock = createSystemClock();

/** Eight miners polled once a second, all well and then one of them hung: the others must not notice (DRV-5). */
export async function benchPolls(): Promise<void> {
  const miners: EmulatedMiner[] = [];
  for (let index = 0; index < MINERS; index++) {
    const { model } = emulators[index % emulators.length] ?? { model: "bitaxe" as const };
    miners.push(await startMiner({ name: `m${index}`, model, pools: [], clock, seed: index }));
  }
  const well = await periods(miners);
  miners[0]?.setFaults([{ kind: "silent" }]);
  const sick = await periods(miners);
  for (const miner of miners) await miner.close();

  const others = (all: number[]) => all.slice(1).reduce((sum, value) => sum + value, 0) / (MINERS - 1);
  const ratio = others(sick) / others(well);
  say(
    `${MINERS} miners polled every ${PERIOD_MS} ms for ${LASTS_MS / 1000} s; goal: one hung, the others within 5 %`,
  );
  say(
    `  period of the others: all well ${others(well).toFixed(1)} ms, one hung ${others(sick).toFixed(1)} ms, ratio ${ratio.toFixed(4)}  ${verdictOf(Math.abs(ratio - 1) <= 0.05)}`,
  );
}

/** Mean time between two polls of each miner, ms. */
async function periods(miners: readonly EmulatedMiner[]): Promise<number[]> {
  const stop = new AbortController();
  const starts: number[][] = [];
  const tasks: Promise<void>[] = [];
  for (const miner of miners) {
    const config = configOf(miner);
    const port = await openMiner({ ...config, pace: clock });
    const keeper = createMinerKeeper({ config, port, clock, saved: null, circuitW: 3000 });
    const moments: number[] = [];
    starts.push(moments);
    const quiet = { onError: () => undefined, onDone: () => undefined };
    const every = { name: miner.name, everyMs: () => PERIOD_MS, firstMs: 0, signal: stop.signal };
    tasks.push(
      repeat(clock, { ...every, ...quiet }, async () => {
        moments.push(performance.now());
        await keeper.poll(stop.signal);
      }),
    );
  }
  await new Promise((resolve) => setTimeout(resolve, LASTS_MS));
  stop.abort();
  await Promise.all(tasks);
  return starts.map(
    (moments) => ((moments.at(-1) ?? 0) - (moments[0] ?? 0)) / Math.max(1, moments.length - 1),
  );
}

function configOf(miner: EmulatedMiner): MinerConfig {
  const driver = emulators.find(({ model }) => model === miner.model)?.firmware ?? "";
  const { name, id, host, port } = miner;
  const config = configSchema.parse({
    schema: "hearth.config/1",
    zones: [{ name: "z" }],
    circuits: [{ name: "c", breaker_a: 20, voltage_v: 240 }],
    miners: [{ name, id, host, port, driver, zone: "z", circuit: "c" }],
  });
  return config.miners[0] as MinerConfig;
}
