import type { MinerBackup, PoolTarget, StoredPool, WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { field, list } from "../model/parse.ts";
import { proveWrite, type Seen } from "../model/prove-write.ts";
import { rawText, withScheme } from "./cgminer.ts";
import type { LoginLink } from "./login.ts";
import { checkFailover, isSameUrl, noSuchPool, toEndpoint } from "./pool-target.ts";
import { poolsOf } from "./vnish-reading.ts";
import { askSettings, askStatus, isRestartOwed, isResting, settingsWrite } from "./vnish-settings.ts";

/** User pools of the firmware (miners.md §9). */
export const VNISH_SLOTS = 3;
/** Pools read back at once; a switch reconnects, ms. */
const STORED_WITHIN_MS = 2_000;
const SWITCHED_WITHIN_MS = 10_000;

/** `summary`, with a login where the device wants one. */
export type AskSummary = (signal: AbortSignal) => Promise<unknown>;

/** Makes these the pools in order of failover, and restarts the mining where the device asks for it. */
export async function writeVnishPools(
  link: DeviceLink,
  login: LoginLink,
  pools: readonly PoolTarget[],
  askSummary: AskSummary,
  signal: AbortSignal,
): Promise<WriteResult> {
  checkFailover(link.where, pools, VNISH_SLOTS);
  const before = slotsOf(link, await askSettings(link, login, signal));
  const change = holds(before, pools) ? null : { pools: toSlots(pools, before.length) };
  const send = await settingsWrite(link, login, change, signal);
  if (send === null) return "effective";
  return proveWrite(
    { send, look: () => lookForPools(link, login, pools, askSummary, signal), withinMs: STORED_WITHIN_MS },
    link.pace,
    signal,
  );
}

/** Makes one of the pools that are told the working one, until the next start. */
export async function selectVnishPool(
  link: DeviceLink,
  login: LoginLink,
  index: number,
  askSummary: AskSummary,
  signal: AbortSignal,
): Promise<WriteResult> {
  const known = async () => poolsOf(field(await askSummary(signal), "miner"));
  const before = await known();
  const wanted = before[index];
  // The firmware's own pools are listed and cannot be chosen.
  if (wanted === undefined || wanted.id === null || wanted.reading.role === "dev_fee") {
    throw noSuchPool(index, before.filter(({ reading }) => reading.role !== "dev_fee").length);
  }
  const { id } = wanted;
  if (wanted.reading.isActive === true) return "effective";
  return proveWrite(
    {
      async send() {
        await login.send(link, "POST", "/api/v1/mining/switch-pool", { pool_id: id }, signal);
        return "sent";
      },
      async look() {
        const chosen = (await known()).find((pool) => pool.id === id);
        return chosen?.reading.isActive === true ? "effective" : "unchanged";
      },
      withinMs: SWITCHED_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** Pools with their passwords and the miner's settings: a secret. */
export async function backupVnish(
  link: DeviceLink,
  login: LoginLink,
  signal: AbortSignal,
): Promise<Pick<MinerBackup, "pools" | "settings">> {
  const settings = await askSettings(link, login, signal);
  const pools = slotsOf(link, settings)
    .filter(({ url }) => url !== "")
    .map(({ url, user, password }): StoredPool => ({ url: withScheme(url), user, password, sharePpm: null }));
  return { pools, settings: field(settings, "miner") };
}

interface Slot {
  url: string;
  user: string;
  password: string | null;
}

/** The stored slots, empty ones included. Throws `MINER_INCOMPLETE` when one of them is not told whole. */
function slotsOf(link: DeviceLink, settings: unknown): Slot[] {
  const miner = field(settings, "miner");
  const rows = list(miner, "pools");
  const slots = rows.flatMap((row) => {
    const url = rawText(row, "url");
    const user = rawText(row, "user");
    return url === null || user === null ? [] : [{ url, user, password: rawText(row, "pass") }];
  });
  if (!Array.isArray(field(miner, "pools")) || slots.length < rows.length) {
    throw minerIncomplete(link.where, "pools");
  }
  return slots;
}

/** As many as there were: a slot that is not said could stay as it is. */
function toSlots(pools: readonly PoolTarget[], count: number): { url: string; user: string; pass: string }[] {
  const slots = pools.map((pool) => {
    const { host, port } = toEndpoint(pool);
    // Its own form is without the scheme; one that it does not take for granted has to be said.
    const isPlain = /^stratum\+tcp:/i.test(pool.url);
    return { url: isPlain ? `${host}:${port}` : pool.url, user: pool.user, pass: pool.password };
  });
  while (slots.length < count) slots.push({ url: "", user: "", pass: "" });
  return slots;
}

function holds(slots: readonly Slot[], wanted: readonly PoolTarget[]): boolean {
  const used = slots.filter(({ url }) => url !== "");
  return (
    used.length === wanted.length &&
    used.every(({ url, user, password }, index) => {
      const pool = wanted[index];
      const isSame = pool !== undefined && isSameUrl(withScheme(url), pool.url) && user === pool.user;
      return isSame && (password === null || password === pool.password);
    })
  );
}

async function lookForPools(
  link: DeviceLink,
  login: LoginLink,
  wanted: readonly PoolTarget[],
  askSummary: AskSummary,
  signal: AbortSignal,
): Promise<Seen> {
  if (!holds(slotsOf(link, await askSettings(link, login, signal)), wanted)) return "unchanged";
  const status = await askStatus(link, signal);
  if (isResting(link, status)) return "effective";
  return isRestartOwed(status) || !(await isAtWork(wanted, askSummary, signal)) ? "taken" : "effective";
}

/** Does the mining show these pools? */
async function isAtWork(
  wanted: readonly PoolTarget[],
  askSummary: AskSummary,
  signal: AbortSignal,
): Promise<boolean> {
  const miner = field(await askSummary(signal), "miner");
  const own = poolsOf(miner).filter(({ reading }) => reading.role !== "dev_fee");
  return (
    own.length === wanted.length &&
    own.every(({ reading }, index) => {
      const pool = wanted[index];
      return pool !== undefined && isSameUrl(reading.url, pool.url) && reading.user === pool.user;
    })
  );
}
