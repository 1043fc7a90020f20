import { createLuxosDriver } from "#src/miners/luxos.ts";
import type { DriverMemory } from "#src/model/miner-link.ts";
import { scripted, sections } from "./fixtures.ts";

export const never = new AbortController().signal;

/** Every section of the recorded answers of one miner. */
export const RECORDED = Object.assign(
  {},
  ...[
    "version",
    "config",
    "summary",
    "devs",
    "power",
    "temps",
    "fans",
    "pools",
    "groups",
    "atm",
    "profiles",
  ].map((name) => sections(`luxos/2025.4.8/${name}.json`)),
) as Record<string, unknown>;

/** The sections with other fields in the first row of one of them. */
export const changed = (section: string, change: Record<string, unknown>, base = RECORDED) => {
  const [first, ...rest] = base[section] as Record<string, unknown>[];
  return { ...base, [section]: [{ ...first, ...change }, ...rest] };
};

export type Row = Record<string, unknown>;

interface Fake {
  config: Row;
  atm: Row;
  groups: Row[];
  pools: Row[];
  isRamping: boolean;
  session: string;
}

/**
 * A miner in memory; `special` answers a line in its place, `after` spoils an answer when the line has been carried
 * out, `isLiar` says yes and does nothing.
 */
export function miner(
  options: {
    change?: Partial<Fake>;
    special?: (line: string, state: Fake) => string | Error | undefined;
    after?: (line: string) => Error | undefined;
    isLiar?: boolean;
    memory?: DriverMemory;
    sections?: Record<string, unknown>;
  } = {},
) {
  const base = options.sections ?? RECORDED;
  const first = (name: string) => structuredClone((base[name] as Row[])[0]) as Row;
  const state: Fake = {
    config: first("CONFIG"),
    atm: first("ATM"),
    groups: structuredClone(base["GROUPS"]) as Row[],
    pools: structuredClone(base["POOLS"]) as Row[],
    isRamping: false,
    session: "",
    ...options.change,
  };
  const link = scripted({
    cgminer(line) {
      const said = options.special?.(line, state) ?? answerOf(line, state, base, options.isLiar === true);
      return options.after?.(line) ?? said;
    },
  });
  const driver = createLuxosDriver(options.memory ? { memory: options.memory } : {});
  return { link, state, driver, actions: async () => (await driver.capabilities(link, never)).actions };
}

function answerOf(line: string, state: Fake, base: Record<string, unknown>, isLiar: boolean): string {
  const [command = "", parameter = ""] = line.split("|");
  if (command.includes("+")) {
    const parts = command.split("+").map((part) => [part, [JSON.parse(readOf(part, state, base))]]);
    return JSON.stringify({ ...Object.fromEntries(parts), id: 1 });
  }
  return writeOf(command, parameter, state, isLiar) ?? readOf(command, state, base);
}

const yes = (rest: Row = {}) =>
  JSON.stringify({ STATUS: [{ STATUS: "S", Code: 1, Msg: "ok" }], ...rest, id: 1 });
export const no = (code = 14, message = "no") =>
  JSON.stringify({ STATUS: [{ STATUS: "E", Code: code, Msg: message }], id: 1 });

function readOf(command: string, state: Fake, base: Record<string, unknown>): string {
  const name = command.toUpperCase();
  if (name === "CONFIG") return yes({ CONFIG: [state.config] });
  if (name === "ATM") return yes({ ATM: [state.atm] });
  if (name === "GROUPS") return yes({ GROUPS: state.groups });
  if (name === "POOLS") return yes({ POOLS: state.pools });
  if (name === "SESSION") return yes({ SESSION: [{ SessionID: state.session }] });
  if (name === "DEVS") return yes({ DEVS: [{ Status: "Alive", IsRamping: state.isRamping }] });
  return base[name] === undefined ? no() : yes({ [name]: base[name] });
}

function writeOf(command: string, parameter: string, state: Fake, isLiar: boolean): string | null {
  const [session, ...fields] = parameter.split(",");
  if (command === "logon") {
    if (state.session !== "") return no(318, "Session active");
    state.session = "S1";
    return yes({ SESSION: [{ SessionID: "S1" }] });
  }
  const needsSession = ["logoff", "profileset", "curtail", "atmset", "ledset", "rebootdevice"].includes(
    command,
  );
  if (needsSession && (session !== state.session || session === "")) return no(320, "Invalid session");
  if (command === "logoff") state.session = "";
  if (!isLiar) apply(command, needsSession ? fields : parameter.split(","), state);
  return needsSession || /^(?:add|remove|groupq)/.test(command) ? yes() : null;
}

function apply(command: string, fields: string[], state: Fake): void {
  const [one = "", two = ""] = fields;
  if (command === "profileset") state.config["Profile"] = /^[0-3]$/.test(one) ? two : one;
  if (command === "curtail") state.config["CurtailMode"] = one === "sleep" ? "Sleep" : "None";
  if (command === "curtail") state.config["IsPowerSupplyOn"] = one !== "sleep";
  if (command === "ledset") state.config["RedLed"] = two;
  if (command === "atmset") {
    const [key, value] = one.split("=");
    if (key === "enabled") {
      state.atm["Enabled"] = value === "true";
      state.config["IsAtmEnabled"] = value === "true";
    }
    if (key === "max_profile") state.atm["MaxProfile"] = value;
  }
  const free = (rows: Row[], key: string) => {
    let id = 0;
    while (rows.some((row) => row[key] === id)) id += 1;
    return id;
  };
  if (command === "addgroup") {
    state.groups.push({ GROUP: free(state.groups, "GROUP"), Name: one, Quota: Number(two) });
  }
  if (command === "removegroup") state.groups = state.groups.filter((row) => String(row["GROUP"]) !== one);
  if (command === "groupquota") {
    for (const row of state.groups) if (String(row["GROUP"]) === one) row["Quota"] = Number(two);
  }
  if (command === "removepool") state.pools = state.pools.filter((row) => String(row["POOL"]) !== one);
  if (command === "addpool") {
    const id = free(state.pools, "POOL");
    const row = {
      POOL: id,
      GROUP: Number(fields[3]),
      URL: one,
      User: two,
      Priority: 90 + state.pools.length,
    };
    state.pools.push(row);
  }
}

export const notes = (): DriverMemory & { all: Map<string, unknown> } => {
  const all = new Map<string, unknown>();
  return { all, get: (key) => all.get(key) ?? null, set: (key, value) => void all.set(key, value) };
};
