import { createBosminerDriver } from "#src/miners/bosminer.ts";
import type { PoolTarget } from "#src/model/miner.ts";
import { fixture, scripted, sections } from "./fixtures.ts";

export const never = new AbortController().signal;
export const PARTS = ["summary", "tunerstatus", "temps", "fans", "tempctrl", "pools"] as const;
/** Every section of the recorded answers of the socket. */
export const SOCKET: Record<string, unknown> = Object.assign(
  {},
  ...PARTS.map((part) => sections(`bosminer/22.08.1/${part}.json`)),
);
/** The recorded answer of the web to every question at once. */
export const WEB = JSON.parse(fixture("bosminer/22.08.1/post.graphql.json"));

export const POOLS: PoolTarget[] = [
  { url: "stratum+tcp://a.example:3333", user: "a.w", password: "x", role: "member", sharePpm: 750_000 },
  { url: "stratum+tcp://b.example:3333", user: "b.w", password: "y", role: "coop", sharePpm: 250_000 },
];
/** Variables of a question as it was sent. */
export const variablesOf = (line: string | undefined) =>
  JSON.parse(line?.slice("POST /graphql ".length) ?? "{}").variables;

/** An answer without one of its fields, wherever it stands. */
export const without = (field: string, told: unknown) =>
  JSON.parse(JSON.stringify(told, (key, value) => (key === field ? undefined : value)));

export interface Asked {
  query: string;
  variables?: Record<string, unknown>;
}

/** An S9 in memory; `special` answers a question of the web, or a line of the socket, in its place. */
export function heater(
  special: { web?: (asked: Asked) => unknown; socket?: (line: string) => string | Error | undefined } = {},
) {
  const state = {
    ...{ web: structuredClone(WEB), password: "", logins: 0 },
    ...{ isPaused: false, isWithoutPool: false, chipC: 54, elapsedS: 260_281 },
  };
  const config = () => state.web.data.bosminer.config;
  const change = ({ query, variables = {} }: Asked, cookie: string | undefined) => {
    if (query.includes("login(")) {
      state.logins += 1;
      const isRight = variables["password"] === state.password;
      return isRight
        ? {
            status: 200,
            headers: { "set-cookie": "session_id=s1; HttpOnly" },
            body: { data: { auth: { login: { __typename: "VoidResult" } } } },
          }
        : { status: 200, body: { data: { auth: { login: { __typename: "AuthError", message: "no" } } } } };
    }
    if (cookie !== "session_id=s1") {
      return {
        data: null,
        errors: [{ message: "Unauthorized access", extensions: { code: "UNAUTHORIZED" } }],
      };
    }
    if (query.includes("updateAutotuning")) {
      config().autotuning.powerTarget = (variables["input"] as { powerTarget: number }).powerTarget;
      return { data: { bosminer: { config: { updateAutotuning: { __typename: "AutotuningOut" } } } } };
    }
    if (query.includes("updateGroups")) {
      const groups = variables["groups"] as { quota: number; pools: object[] }[];
      config().groups = groups.map(({ quota, ...group }) => ({
        ...group,
        strategy: { __typename: "QuotaStrategy", quota },
      }));
      return { data: { bosminer: { config: { updateGroups: { __typename: "GroupList" } } } } };
    }
    if (query.includes("setFaultLight")) {
      state.web.data.bos.faultLight = variables["enable"];
      return { data: { bos: { setFaultLight: { __typename: "FaultLight" } } } };
    }
    return { data: { bosminer: { restart: { __typename: "VoidResult" } } } };
  };
  const link = scripted({
    http(_request, body, headers) {
      const asked = body as unknown as Asked;
      const found = special.web?.(asked);
      if (found !== undefined) return found;
      if (asked.query.startsWith("mutation")) return change(asked, headers["cookie"]);
      // Only what was asked for is told.
      const isAsked = asked.query.includes(" password");
      return { status: 200, body: isAsked ? structuredClone(state.web) : without("password", state.web) };
    },
    cgminer(line) {
      const found = special.socket?.(line);
      if (found !== undefined) return found;
      if (line === "pause" || line === "resume") {
        state.isPaused = line === "pause";
        return `{"STATUS":[{"STATUS":"S","Code":204,"Msg":"Pause"}],"${line.toUpperCase()}":[true],"id":1}`;
      }
      const told = PARTS.map((name) => [name, JSON.parse(fixture(`bosminer/22.08.1/${name}.json`))]);
      const joined = Object.fromEntries(told.map(([name, answer]) => [name, [answer]]));
      const [summary] = joined["summary"][0].SUMMARY;
      summary.Elapsed = state.elapsedS;
      joined["temps"][0].TEMPS[1].Chip = state.chipC;
      if (state.isPaused || state.isWithoutPool) {
        summary["MHS 5s"] = 0;
        joined["tunerstatus"][0].TUNERSTATUS[0].ApproximateMinerPowerConsumption = 0;
      }
      return JSON.stringify({ ...joined, id: 1 });
    },
  });
  const notes = new Map<string, unknown>();
  const memory = {
    get: (key: string) => notes.get(key) ?? null,
    set: (key: string, value: unknown) => void (value === null ? notes.delete(key) : notes.set(key, value)),
  };
  const driver = createBosminerDriver({ password: "", memory });
  return {
    link,
    state,
    notes,
    memory,
    driver,
    actions: async () => (await driver.capabilities(link, never)).actions,
  };
}
