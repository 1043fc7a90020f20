import { readCoopSettings } from "../app/coop-settings.ts";
import { type CoopServer, startCoopServer } from "../coop-server/server.ts";
import type { Http } from "../net/http.ts";
import { type SimHome, startHome } from "../sim/home.ts";
import { type SimPool, startPool } from "../sim/pool.ts";
import type { RecordedDay } from "../sim/recorded-day.ts";
import type { SimClock } from "../sim/sim-clock.ts";
import type { DemoPlan } from "./demo-plan.ts";

/** Everything outside of Hearth that the demo needs, on real sockets of this machine. */
export interface DemoWorld {
  home: SimHome;
  coop: CoopServer;
  coopPool: SimPool;
  memberPool: SimPool;
  close(): Promise<void>;
}

export interface DemoWorldOptions {
  clock: SimClock;
  seed: number;
  plan: DemoPlan;
  days: RecordedDay[];
  templatesDir: string;
  http: Http;
}

/** Where the member mined before there was a split. */
const FORMER_USER = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";

/** Starts pools, co-op and home. What has started is closed again when a later part fails. */
export async function startDemoWorld(options: DemoWorldOptions): Promise<DemoWorld> {
  const { clock, seed, plan, days, templatesDir, http } = options;
  const started: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const part of started.toReversed()) await part.close();
  };
  const keep = <T extends { close(): Promise<void> }>(part: T): T => {
    started.push(part);
    return part;
  };
  try {
    const settings = readCoopSettings(`${templatesDir}/coop-pilot.json`);
    const { difficulty, rewardSats, poolFeePpm } = settings.network;
    const facts = { clock, feePpm: poolFeePpm, networkDifficulty: difficulty, rewardSats };
    const coopPool = keep(await startPool({ ...facts, name: "co-op pool", outages: [plan.poolOutage] }));
    const memberPool = keep(await startPool({ ...facts, name: "member pool" }));
    const coop = keep(
      await startCoopServer({
        clock,
        http,
        dbPath: ":memory:",
        listen: { host: "127.0.0.1", port: 0 },
        settings: {
          ...settings,
          tz: plan.tz,
          pool: { url: coopPool.url, user: settings.pool.user },
          memberPool: { url: memberPool.url },
          poolApiUrl: coopPool.apiUrl,
        },
      }),
    );
    const former = (worker: string) => [
      { url: memberPool.url, user: `${FORMER_USER}.${worker}`, password: "x" },
    ];
    const home = keep(
      await startHome({
        clock,
        seed,
        days,
        startMs: plan.startMs,
        tz: plan.tz,
        house: "room",
        loadScale: 0.5,
        startRoomC: 20,
        miners: [
          { name: "mini3", model: "avalon-mini3", pools: former("mini3") },
          { name: "gamma", model: "bitaxe", pools: former("gamma") },
        ],
        meterSilent: [plan.meterSilent],
      }),
    );
    return { home, coop, coopPool, memberPool, close };
  } catch (error) {
    await close();
    throw error;
  }
}
