import { createBraiinsDriver } from "#src/miners/braiins.ts";
import type { PoolTarget } from "#src/model/miner.ts";
import { minerAuthRequired } from "#src/model/miner-errors.ts";
import { fixture, scripted } from "./fixtures.ts";

export const never = new AbortController().signal;
/** A recorded answer of Braiins OS 26.04, by the path below `/api/v1/` with dots. */
export const recorded = (name: string) => JSON.parse(fixture(`braiins/26.04/api.v1.${name}.json`));
export const DETAILS = recorded("miner.details");

export const POOLS: PoolTarget[] = [
  ...[
    {
      url: "stratum+tcp://a.example:3333",
      user: "a.w",
      password: "x",
      role: "member" as const,
      sharePpm: 697_500,
    },
    {
      url: "stratum+tcp://b.example:3333",
      user: "b.w",
      password: "y",
      role: "coop" as const,
      sharePpm: 302_500,
    },
  ],
];

/** A miner in memory; `special` answers a request in its place. */
export function miner(special?: (request: string, body: Record<string, unknown>) => unknown, password = "") {
  const state = {
    details: structuredClone(DETAILS),
    configuration: structuredClone(recorded("configuration.miner")),
    isLocated: false,
    token: 0,
  };
  const link = scripted({
    http(request, body, headers) {
      const found = special?.(request, body);
      if (found !== undefined) return found;
      if (request === "POST /api/v1/auth/login") {
        if (body["password"] !== password) return { status: 401, body: "Invalid credentials" };
        state.token += 1;
        return { status: 200, body: { token: `token${state.token}`, timeout_s: 3600 } };
      }
      if (headers["authorization"] === undefined) return { status: 401, body: null };
      if (headers["authorization"] !== `token${state.token}`) return minerAuthRequired("192.0.2.7");
      const path = request.replace(/^\w+ \/api\/v1\//, "");
      if (request.startsWith("GET")) return told(path);
      if (path === "actions/pause" || path === "actions/resume")
        state.details.status = path.endsWith("pause") ? 3 : 2;
      if (path === "performance/power-target") state.configuration.tuner.power_target = body;
      if (path === "pools/batch") state.configuration.pool_groups = structuredClone(body);
      if (path === "actions/locate") state.isLocated = body as unknown as boolean;
      return true;
    },
  });
  const told = (path: string) => {
    if (path === "miner/details") return structuredClone(state.details);
    if (path === "configuration/miner") return structuredClone(state.configuration);
    if (path === "actions/locate") return state.isLocated;
    return recorded(path.replaceAll("/", ".").replace(/\.$/, ""));
  };
  const driver = createBraiinsDriver({ password });
  return { link, state, driver, actions: async () => (await driver.capabilities(link, never)).actions };
}
