import { createNerdqaxeDriver } from "#src/miners/nerdqaxe.ts";
import type { PoolTarget } from "#src/model/miner.ts";
import { fixture, scripted } from "./fixtures.ts";

export const never = new AbortController().signal;
/** A recorded answer. */
export const recorded = (name: string) => JSON.parse(fixture(`nerdqaxe/${name}.json`));
/** Telemetry, dashboard and settings of firmware 1.0.37, in dual mode. */
export const INFO = recorded("1.0.37/api.system.info");
export const DASHBOARD = recorded("1.0.37/api.v2.dashboard");
export const SETTINGS = recorded("1.0.37/api.v2.settings");
/** The same board in failover mode. */
export const FAILOVER = {
  ...INFO,
  stratum: { ...INFO.stratum, poolMode: 0, activePoolMode: 0, usingFallback: false },
};
/** Telemetry and options of firmware 1.0.35, in failover mode; telemetry before the dual mode. */
export const MIDDLE = recorded("1.0.35/api.system.info");
export const MIDDLE_OPTIONS = recorded("1.0.35/api.system.asic");
export const OLD = recorded("1.0.30/api.system.info");

interface Board {
  info: Record<string, unknown> & { stratum?: Record<string, unknown> };
  settings: Record<string, unknown> | null;
}

/** A board in memory; `special` answers a write in its place. */
export function board(given: Partial<Board> = {}, special?: (request: string) => unknown) {
  const state: Board = structuredClone({ info: INFO, settings: SETTINGS, ...given });
  const link = scripted({
    http(request, body) {
      const found = special?.(request);
      if (found !== undefined) return found;
      switch (request) {
        case "GET /api/system/info":
          return structuredClone(state.info);
        case "GET /api/v2/settings":
          return state.settings === null
            ? { status: 302, headers: { location: "/" } }
            : structuredClone(state.settings);
        case "GET /api/v2/dashboard":
          return DASHBOARD;
        case "GET /api/system/asic":
          return state.settings === null && state.info.stratum ? MIDDLE_OPTIONS : { status: 404 };
        case "POST /api/system/shutdown":
          state.info["shutdown"] = true;
          state.info["hashRate"] = 0;
          return null;
        case "POST /api/system/restart":
          state.info["shutdown"] = false;
          return null;
        default:
          take(state, body);
          return null;
      }
    },
  });
  const driver = createNerdqaxeDriver();
  return { link, state, driver, capabilities: () => driver.capabilities(link, never) };
}

function take({ info, settings }: Board, body: Record<string, unknown>) {
  const { poolMode, poolBalance, pools, ...rest } = body;
  const choice = {
    ...(poolMode === undefined ? {} : { poolMode }),
    ...(poolBalance === undefined ? {} : { poolBalance }),
  };
  Object.assign(info, rest);
  if (info.stratum) Object.assign(info.stratum, choice);
  if (settings) Object.assign(settings, choice, pools === undefined ? {} : { pools });
}

/** A pool as it shall stand. */
export const target = (host: string, sharePpm: number | null, scheme = "stratum+tcp"): PoolTarget => ({
  ...{ url: `${scheme}://${host}:3333`, user: `${host}.w`, password: "x", role: "member", sharePpm },
});
/** Two pools with shares of the work. */
export const shared = (first: number) => [target("a.example", first), target("b.example", 1_000_000 - first)];
/** As they are written into the newer API. */
export const entries = [
  '{"url":"a.example","port":3333,"user":"a.example.w","password":"x","tls":false,"protocol":0}',
  '{"url":"b.example","port":3333,"user":"b.example.w","password":"x","tls":false,"protocol":0}',
];
