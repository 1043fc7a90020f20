import { createWhatsminerDriver } from "#src/miners/whatsminer.ts";
import type { PoolTarget } from "#src/model/miner.ts";
import type { DriverMemory, DriverOptions, FrameReply } from "#src/model/miner-link.ts";
import { cryptHash, openSealed, sealText, sha256 } from "#src/sim/whatsminer-crypt.ts";
import { fixture, type ScriptedLink, scripted } from "./fixtures.ts";

/** Folders of the recorded answers. */
export const M20 = "whatsminer/m20-20220919";
export const M30 = "whatsminer/m30-20230803";
export const M60 = "whatsminer/m60-20251209";
export const never = new AbortController().signal;

/** Content of a recorded answer of API v3. */
export const msg = (path: string): Record<string, unknown> => JSON.parse(fixture(path)).msg;

/** A pool as it shall stand. */
export const target = (change: Partial<PoolTarget> = {}): PoolTarget => ({
  ...{ url: "stratum+tcp://c.example:3", user: "c.w", password: "x", role: "coop", sharePpm: null },
  ...change,
});

/** A device of API v2 in memory, and what was done to it. */
export interface V2Unit {
  link: ScriptedLink;
  /** Privileged commands that were opened, without their tokens. */
  told: Record<string, unknown>[];
  tokens: () => number;
  state: {
    off: string;
    isHashing: boolean;
    percent: string | null;
    limitW: number;
    powerW: number;
    elapsed: number;
  };
}

export interface V2UnitOptions {
  password?: string;
  /** Answer to a privileged command in place of the device's own; null for its own. */
  special?: (command: string, isKnownToken: boolean) => string | Error | null;
  tellsPercent?: boolean;
  pools?: string;
  getToken?: string;
  /** The list of its errors, as it is written. */
  errors?: string;
}

/** A Whatsminer with API v2 in memory, which checks tokens as a real one does. */
export function v2Unit({
  password = "admin",
  special,
  tellsPercent = true,
  pools,
  getToken,
  errors,
}: V2UnitOptions = {}): V2Unit {
  const state = {
    ...{ off: "false", isHashing: true, percent: tellsPercent ? "100" : null, limitW: 3400, powerW: 3389 },
    elapsed: 20_420,
  };
  const told: Record<string, unknown>[] = [];
  const signs = new Set<string>();
  let given = 0;
  const salt = "BQ5hoXV9";
  const key = cryptHash(password, salt);
  const says = (code: number, message: unknown, status = code === 131 ? "S" : "E") =>
    JSON.stringify({ STATUS: status, When: 1_763_705_000, Code: code, Msg: message, Description: "" });
  const sealed = (text: string) => JSON.stringify({ enc: sealText(sha256(key), text) });

  const privileged = (data: string): string | Error => {
    const plain = openSealed(sha256(key), data) ?? "";
    if (!plain.startsWith("{")) return says(23, "json cmd err");
    const { cmd, token, ...fields } = JSON.parse(plain) as Record<string, string>;
    const found = special?.(cmd ?? "", signs.has(token ?? "")) ?? null;
    if (found !== null) return found;
    if (!signs.has(token ?? "")) return sealed(says(135, "check token err"));
    told.push({ cmd, ...fields });
    if (cmd === "power_off") Object.assign(state, { off: "true", isHashing: false });
    // The start of the mining process forgets the percent.
    if (cmd === "power_on") Object.assign(state, { off: "false", elapsed: 0, powerW: state.limitW });
    if (cmd === "power_on" && state.percent !== null) state.percent = "100";
    if (cmd === "set_power_pct" && state.percent !== null) state.percent = fields["percent"] ?? "";
    if (cmd === "set_power_pct") state.powerW = (state.limitW * Number(fields["percent"])) / 100;
    if (cmd === "adjust_power_limit") state.limitW = Number(fields["power_limit"]);
    return sealed(says(131, "API command OK"));
  };
  const link = scripted({
    cgminer(line) {
      const { cmd, enc, data } = JSON.parse(line) as Record<string, string>;
      if (enc) return privileged(data ?? "");
      if (cmd === "get_token") {
        given += 1;
        if (getToken) return getToken;
        signs.add(cryptHash(key + given, "jbzkfQls"));
        return says(134, { time: String(given), salt, newsalt: "jbzkfQls" }, "S");
      }
      if (cmd === "status") {
        const { off, percent, limitW } = state;
        const rest = percent === null ? {} : { power_pct: percent };
        return says(131, { mineroff: off, power_mode: "normal", power_limit_set: String(limitW), ...rest });
      }
      if (cmd === "summary") {
        const row = {
          "HS RT": state.isHashing ? 1e8 : 0,
          Power: state.powerW,
          "Power Limit": state.limitW,
          Elapsed: state.elapsed,
        };
        return JSON.stringify({ STATUS: [{ STATUS: "S", Msg: "Summary" }], SUMMARY: [row], id: 1 });
      }
      if (cmd === "pools" && pools !== undefined) return pools;
      if (cmd === "get_error_code" && errors) return says(131, { error_code: [] }).replace("[]", errors);
      return fixture(`${M30}/${cmd}.json`);
    },
  });
  return { link, told, tokens: () => given, state };
}

/** What the driver says that the device can do. */
export const capable = (link: ScriptedLink, options: DriverOptions = {}) =>
  createWhatsminerDriver(options).capabilities(link, never);

/** Notes of a driver that a test can share between two of them. */
export function notes(): DriverMemory & { all: Map<string, unknown> } {
  const all = new Map<string, unknown>();
  return { all, get: (key) => all.get(key) ?? null, set: (key, value) => void all.set(key, value) };
}

/** A Whatsminer with API v3 in memory. */
export function v3Unit(
  change: {
    apiswitch?: string;
    password?: string;
    special?: (command: string) => FrameReply | Error | null;
    errors?: unknown;
    /** Answer about the pools in place of its own. */
    pools?: FrameReply;
  } = {},
) {
  const { apiswitch = "1", password = "super", special, errors, pools } = change;
  const state = {
    working: "true",
    isHashing: true,
    percent: 0,
    limitW: 3600,
    pools: msg(`${M60}/get.miner.status.pools.json`)["pools"],
  };
  const told: Record<string, unknown>[] = [];
  const ok = (content: unknown): FrameReply => ({ code: 0, msg: content, when: 1_763_705_560 });
  const script = (request: Record<string, unknown>): FrameReply | Error => {
    const { cmd, param } = request as { cmd: string; param: unknown };
    if (cmd === "get.device.info") {
      const device = msg(`${M60}/get.device.info.json`) as Record<string, object>;
      return ok({
        ...device,
        miner: { ...device["miner"], working: state.working },
        system: { ...device["system"], apiswitch },
        salt: "QbVy1Ou3",
        ...(errors === undefined ? {} : { "error-code": errors }),
      });
    }
    if (cmd === "get.miner.setting")
      return ok({ "power-limit": state.limitW, "power-percent": state.percent });
    if (cmd === "get.miner.status")
      return param === "pools" ? (pools ?? ok({ pools: state.pools })) : ok(summaryOf(state.isHashing));
    const found = special?.(cmd) ?? null;
    if (found !== null) return found;
    const key = sha256(`${cmd}${password}QbVy1Ou3${String(request["ts"])}`);
    if (request["token"] !== key.toString("base64").slice(0, 8))
      return { code: -4, msg: "no permission", when: 1 };
    const isSealed = cmd === "set.miner.pools";
    const content = isSealed ? JSON.parse(openSealed(key, String(param)) ?? "null") : param;
    told.push({ cmd, param: content, account: request["account"] });
    if (cmd === "set.miner.service") {
      const isStop = param === "stop";
      Object.assign(state, { working: String(!isStop), isHashing: !isStop });
      if (!isStop) state.percent = 0;
    }
    if (cmd === "set.miner.power_percent") state.percent = Number((param as { percent: string }).percent);
    if (cmd === "set.miner.power_limit") state.limitW = Number(param);
    return ok("ok");
  };
  const link = scripted({ cgminer: () => fixture(`${M60}/pools.json`), frames: script });
  return { link: { ...link, port: 4433 }, script, told, state };
}

function summaryOf(isHashing: boolean) {
  const recorded = msg(`${M60}/get.miner.status.summary.json`) as { summary: object };
  return { summary: { ...recorded.summary, ...(isHashing ? {} : { "hash-realtime": 0 }) } };
}
