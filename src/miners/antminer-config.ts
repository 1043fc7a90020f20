import { unreachableError, unsupportedError } from "../model/errors.ts";
import type { PoolTarget, StoredPool } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import { field, flag, list, number, toNumber } from "../model/parse.ts";
import { rawText, withScheme } from "./cgminer.ts";
import { isSameUrl } from "./pool-target.ts";

/** Slots of the firmware (miners.md §10). */
export const ANTMINER_SLOTS = 3;

/** A pool as it stands in the configuration. */
export interface ConfigPool {
  url: string;
  user: string;
  pass: string;
}

/** A configuration that may be sent back, because it was read whole. */
export interface AntminerConfig {
  /** Every key as read, also those that are not known here. */
  raw: Readonly<Record<string, unknown>>;
  mode: number;
  pools: ConfigPool[];
}

const WORK_MODE = "bitmain-work-mode";
const MINER_MODE = "miner-mode";
/** The same setting as it is read and as some builds want it back: what they miss falls to its default. */
const TWINS: readonly [string, string][] = [["bitmain-freq-level", "freq-level"]];
/** Placeholder of the factory's configuration, which stands there after the real one was lost. */
const FACTORY_USER = /^antminer_?\d*$/i;
const EMPTY_POOL: ConfigPool = { url: "", user: "", pass: "" };

/** True when the answer has anything of a configuration. */
export function looksLikeConfig(config: unknown): boolean {
  return ["pools", WORK_MODE, MINER_MODE].some((key) => field(config, key) !== undefined);
}

/** The configured mode; null when it is missing, no number, or the two keys differ. */
export function modeOf(config: unknown): number | null {
  const told = modesIn(config);
  return told.every((mode) => mode === told[0]) ? (told[0] ?? null) : null;
}

/** Configured pools without the empty slots. */
export function configPools(config: unknown): ConfigPool[] {
  return list(config, "pools")
    .map(toPool)
    .filter((pool) => pool !== null)
    .filter(({ url }) => url !== "");
}

/** For a backup; this firmware tells the passwords. Addresses are told as they can be written back. */
export function storedPools({ pools }: AntminerConfig): StoredPool[] {
  return pools
    .filter(({ url }) => url !== "")
    .map(({ url, user, pass }) => ({ url: withScheme(url), user, password: pass, sharePpm: null }));
}

/**
 * The configuration, when nothing of it is missing: what a write leaves out is reset by the firmware. Throws
 * `MINER_INCOMPLETE` for one that is cut, empty, looks like the factory's, or has two modes.
 */
export function wholeConfig(where: string, config: unknown): AntminerConfig {
  const isRecord = typeof config === "object" && config !== null && !Array.isArray(config);
  const told = list(config, "pools").map(toPool);
  const pools = told.filter((pool) => pool !== null);
  const used = pools.filter(({ url }) => url !== "");
  const mode = modeOf(config);
  const isWhole =
    isRecord &&
    modesIn(config).length > 0 &&
    pools.length === told.length &&
    used.length > 0 &&
    flag(config, "bitmain-fan-ctrl") !== null &&
    number(config, "bitmain-fan-pwm", { min: 0, max: 100 }) !== null;
  if (!isWhole) throw minerIncomplete(where, "configuration");
  if (used.every(({ user }) => FACTORY_USER.test(user))) {
    throw unclear(where, "tells the factory's pools, as after its own were lost", "Set a pool of your own");
  }
  if (mode === null) throw unclear(where, "tells no clear mode", "Set its mode once");
  return { raw: config as Record<string, unknown>, mode, pools };
}

/** `MINER_INCOMPLETE` for a configuration that is all there and cannot be trusted; `what` is a predicate. */
function unclear(where: string, what: string, remedy: string) {
  return unreachableError("MINER_INCOMPLETE", `The miner at ${where} ${what}.`, {
    left: "Nothing was written",
    hint: `${remedy} on the miner's own page, then run it again`,
  });
}

/** The whole configuration with another mode. */
export function withMode(where: string, config: AntminerConfig, mode: number): Record<string, unknown> {
  return checkedBody(where, bodyOf(config, mode, config.raw["pools"]));
}

/** The whole configuration with other pools; slots that are not used are sent empty, or their old pool would stay. */
export function withPools(
  where: string,
  config: AntminerConfig,
  pools: readonly ConfigPool[],
): Record<string, unknown> {
  const slots = [...pools];
  while (slots.length < Math.max(ANTMINER_SLOTS, config.pools.length)) slots.push(EMPTY_POOL);
  return checkedBody(where, bodyOf(config, config.mode, slots));
}

export function toConfigPool({ url, user, password }: PoolTarget): ConfigPool {
  return { url, user, pass: password };
}

/** Do these stand there, in this order and nothing else, in whatever spelling of their addresses? */
export function hasPools(config: unknown, wanted: readonly ConfigPool[]): boolean {
  const stored = configPools(config);
  return (
    stored.length === wanted.length &&
    wanted.every(({ url, user, pass }, place) => {
      const found = stored[place];
      if (found === undefined || found.user !== user || found.pass !== pass) return false;
      return isSameUrl(withScheme(found.url), withScheme(url));
    })
  );
}

/** Both mode keys, for some builds honour only one, each in the type in which it was read (miners.md §10). */
function bodyOf({ raw }: AntminerConfig, mode: number, pools: unknown): Record<string, unknown> {
  const body: Record<string, unknown> = { ...raw, pools };
  body[WORK_MODE] = typeof raw[WORK_MODE] === "number" ? mode : String(mode);
  body[MINER_MODE] = typeof raw[MINER_MODE] === "string" ? String(mode) : mode;
  for (const [one, other] of TWINS) {
    const value = raw[one] ?? raw[other];
    if (value === undefined || value === null) continue;
    body[one] = raw[one] ?? value;
    body[other] = raw[other] ?? value;
  }
  return body;
}

/** Firmware may take the text apart at spaces and write it back without escapes [?]: all behind them would be lost. */
function checkedBody(where: string, body: Record<string, unknown>): Record<string, unknown> {
  if (!/[\s\\]/.test(JSON.stringify(body))) return body;
  throw unsupportedError(
    "MINER_TEXT_UNSAFE",
    `The configuration for the miner at ${where} would hold a space, a quotation mark or a backslash, which its firmware may not keep.`,
    { left: "Nothing was written", hint: "Use pool users and passwords without these characters" },
  );
}

function modesIn(config: unknown): number[] {
  return [WORK_MODE, MINER_MODE]
    .map((key) => field(config, key))
    .filter((value) => value !== undefined && value !== null)
    .map((value) => toNumber(value, { min: 0, max: 99 }) ?? Number.NaN)
    .map((mode) => (Number.isInteger(mode) ? mode : Number.NaN));
}

function toPool(entry: unknown): ConfigPool | null {
  const url = rawText(entry, "url");
  const user = rawText(entry, "user");
  const pass = rawText(entry, "pass");
  return url === null || user === null || pass === null ? null : { url, user, pass };
}
