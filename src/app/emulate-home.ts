import { createSystemClock } from "../net/system-clock.ts";
import { startHome } from "../sim/home.ts";
import { startPool } from "../sim/pool.ts";
import { loadRecordedDay } from "../sim/recorded-day.ts";
import { ended } from "./coop-serve.ts";

export interface EmulatedHome {
  miners: { name: string; model: string; id: string; host: string; port: number }[];
  meterUrl: string;
  thermometerUrl: string;
  weatherUrl: string;
  pools: string[];
}

/** Work of the pools' accounts: facts of April 2026 (settlement.md §10). */
export const POOL_FACTS = {
  networkDifficulty: 138_966_872_071_213n,
  rewardSats: 313_312_160n,
  feePpm: 20_000,
};

/** `hearth emulate home`: runs until Ctrl-C or SIGTERM. */
export async function emulateHome(options: {
  templatesDir: string;
  seed: number;
  day: string;
  signal: AbortSignal;
  onReady: (home: EmulatedHome) => void;
}): Promise<void> {
  const clock = createSystemClock();
  const day = loadRecordedDay(options.templatesDir, options.day);
  const pools = [
    await startPool({ clock, name: "member pool", ...POOL_FACTS }),
    await startPool({ clock, name: "co-op pool", ...POOL_FACTS }),
  ];
  const [first] = pools;
  const entry = (worker: string) => [{ url: first?.url ?? "", user: `emulated.${worker}`, password: "x" }];
  const home = await startHome({
    clock,
    seed: options.seed,
    days: [day],
    startMs: clock.nowMs(),
    tz: "America/Denver",
    house: "room",
    loadScale: 0.5,
    startRoomC: 20,
    // Lost commands and deaf half minutes belong to the demo; who tries verbs by hand wants them to arrive.
    hasDeviceLuck: false,
    miners: [
      { name: "mini3", model: "avalon-mini3", pools: entry("mini3") },
      { name: "gamma", model: "bitaxe", pools: entry("gamma") },
    ],
  });
  const { miners, meterUrl, thermometerUrl, weatherUrl } = home;
  options.onReady({ miners, meterUrl, thermometerUrl, weatherUrl, pools: pools.map((pool) => pool.url) });
  await ended(options.signal);
  await home.close();
  for (const pool of pools) await pool.close();
}
