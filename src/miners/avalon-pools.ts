import { unreachableError } from "../model/errors.ts";
import type { PoolTarget, StoredPool, WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { field, flag, list, number } from "../model/parse.ts";
import { proveWrite, type Sent } from "../model/prove-write.ts";
import { sendParts } from "./avalon-parts.ts";
import type { PoolAccess } from "./avalon-pool-access.ts";
import { ask, isSuccess, rawText, toSent, withScheme } from "./cgminer.ts";
import { checkCommaText, checkFailover, isSameUrl, noSuchPool } from "./pool-target.ts";

/** Slots of the firmware (miners.md §6.5). */
export const AVALON_SLOTS = 3;
/** A stored pool reads back at once where the build shows stored pools at all, ms. */
const STORED_WITHIN_MS = 2_000;
/** A switch puts the pool first in line at once; where no line is told it shows with the connection, ms. */
const SWITCHED_WITHIN_MS = 5_000;
const CONNECTED_WITHIN_MS = 30_000;
const WEB_USER = "root";

interface AvalonPool {
  index: number;
  url: string;
  user: string;
  password: string | null;
  isActive: boolean;
  priority: number | null;
}

/** How one unit is let to change its pools. */
export interface PoolLogin {
  access: PoolAccess;
  usesVoucher: boolean;
}

/**
 * Writes the slots that differ; the device takes them over at its next restart only. A slot that is in use beyond the
 * wanted ones cannot be emptied, so it repeats the last of them: no work goes to a pool that nobody asked for.
 */
export async function writeSlots(
  link: DeviceLink,
  pools: readonly PoolTarget[],
  login: PoolLogin,
  signal: AbortSignal,
): Promise<WriteResult> {
  checkFailover(link.where, pools, AVALON_SLOTS);
  checkCommaText(pools);
  const before = await storedPools(link, signal);
  const { access } = login;
  const unshown = unshownPools(access, before);
  const wanted = slotsOf(pools, before, unshown);
  // What stands in the slots is not known while an earlier write waits for its restart: then all are written.
  const differing = unshown === null ? wanted.filter((slot) => !isStored(before, slot)) : wanted;
  if (differing.length === 0) return "effective";
  try {
    const result = await proveSlots(link, { hasUnshown: unshown !== null, wanted, differing }, login, signal);
    if (result === "effective") access.note(null);
    else if (result !== "rejected") noteStored(access, wanted);
    return result;
  } catch (error) {
    // Cut off in the middle, it may have arrived.
    if (signal.aborted) noteStored(access, wanted);
    throw error;
  }
}

interface Slot {
  pool: PoolTarget;
  index: number;
}

interface SlotsToProve {
  /** An earlier write waits for its restart. */
  hasUnshown: boolean;
  wanted: readonly Slot[];
  differing: readonly Slot[];
}

function proveSlots(
  link: DeviceLink,
  { hasUnshown, wanted, differing }: SlotsToProve,
  login: PoolLogin,
  signal: AbortSignal,
): Promise<WriteResult> {
  let isTaken = false;
  return proveWrite(
    {
      async send() {
        const sent = await sendSlots(link, differing, login, signal);
        isTaken = sent === "sent";
        return sent;
      },
      async look() {
        const after = await storedPools(link, signal);
        const isShown = wanted.every((slot) => isStored(after, slot));
        if (isShown && (isTaken || !hasUnshown)) return "effective";
        // `pools` tells the pools at work: what was stored shows only after the restart (miners.md §6.5).
        return isTaken ? "taken" : "unchanged";
      },
      withinMs: STORED_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** The wanted pools by slot; slots beyond them that are in use, or will be after a restart, repeat the last. */
function slotsOf(
  pools: readonly PoolTarget[],
  before: readonly AvalonPool[],
  unshown: readonly string[] | null,
): Slot[] {
  const used = before.filter(({ url }) => url !== "").map(({ index }) => index + 1);
  const count = Math.min(AVALON_SLOTS, Math.max(pools.length, unshown?.length ?? 0, ...used));
  return Array.from({ length: count }, (_, index) => pools[index] ?? pools.at(-1))
    .filter((pool) => pool !== undefined)
    .map((pool, index) => ({ pool, index }));
}

/** What an earlier write stored and the device does not work for yet; forgotten as soon as it does. */
function unshownPools(access: PoolAccess, atWork: readonly AvalonPool[]): readonly string[] | null {
  const unshown = access.unshown();
  const lines = new Set(atWork.map((pool) => toLine(pool.index, pool)));
  if (unshown === null || !unshown.every((line) => lines.has(line))) return unshown;
  access.note(null);
  return null;
}

function noteStored(access: PoolAccess, slots: readonly Slot[]): void {
  access.note(slots.map(({ pool, index }) => toLine(index, pool)));
}

function toLine(index: number, { url, user }: Pick<PoolTarget, "url" | "user">): string {
  return `${index} ${url.toLowerCase().replace(/\/$/, "")} ${user}`;
}

/** Chooses the working pool at run time, with a reconnect and without a restart. */
export async function switchPool(link: DeviceLink, index: number, signal: AbortSignal): Promise<WriteResult> {
  const before = await storedPools(link, signal);
  const wanted = poolAt(before, index);
  if (isAtWork(wanted)) return "effective";
  return proveWrite(
    {
      send: async () =>
        toSent(await link.cgminer.tell({ command: "switchpool", parameter: String(index) }, signal)),
      async look() {
        const chosen = (await storedPools(link, signal)).find((pool) => pool.index === index);
        if (chosen !== undefined && isAtWork(chosen)) return "effective";
        // First in line, and not connected yet.
        return chosen?.priority === 0 ? "taken" : "unchanged";
      },
      withinMs: wanted.priority === null ? CONNECTED_WITHIN_MS : SWITCHED_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** Connected alone is not enough: the pool before a switch keeps its connection for a while. */
function isAtWork({ isActive, priority }: AvalonPool): boolean {
  return isActive && (priority === null || priority === 0);
}

/** Without a switch at run time: the wanted pool goes into the first slot, the rest follow; a restart applies it. */
export async function reorderSlots(
  link: DeviceLink,
  index: number,
  login: PoolLogin,
  signal: AbortSignal,
): Promise<WriteResult> {
  const before = await storedPools(link, signal);
  const wanted = poolAt(before, index);
  if (unshownPools(login.access, before) !== null) throw waitsForRestart(link.where);
  const others = before.filter((pool) => pool !== wanted && pool.url !== "");
  const targets = [wanted, ...others].map(({ url, user, password }): PoolTarget => {
    // A password that is made up would cost the pool.
    if (password === null) throw minerIncomplete(link.where, "pools");
    return { url, user, password, role: "unknown", sharePpm: null };
  });
  return writeSlots(link, targets, login, signal);
}

/** `MINER_INCOMPLETE`, exit 3: an order of the pools at work would overwrite the stored ones. */
function waitsForRestart(where: string) {
  return unreachableError(
    "MINER_INCOMPLETE",
    `Pools that were stored on the miner at ${where} show only after its restart.`,
    { left: "Nothing was written, because they could be lost", hint: "Restart the miner, then run it again" },
  );
}

async function sendSlots(
  link: DeviceLink,
  slots: readonly Slot[],
  { access, usesVoucher }: PoolLogin,
  signal: AbortSignal,
): Promise<Sent> {
  const password = await access.password(link, usesVoucher);
  const orders = slots.map(({ pool, index }) => async () => {
    const parameter = [WEB_USER, password, index, pool.url, pool.user, pool.password].join(",");
    const reply = await link.cgminer.tell({ command: "setpool", parameter }, signal);
    if (!isSuccess(reply) && /user(?:name|pass) err/i.test(reply.message)) throw access.refused(link);
    return toSent(reply);
  });
  return sendParts(orders, signal);
}

/** Pools with their passwords, which this firmware tells in clear text (miners.md §1 rule 6): for a backup only. */
export async function backupPools(link: DeviceLink, signal: AbortSignal): Promise<StoredPool[]> {
  return (await storedPools(link, signal))
    .filter(({ url }) => url !== "")
    .map(({ url, user, password }) => ({ url, user, password, sharePpm: null }));
}

/** Throws `MINER_POOL_UNKNOWN` for a slot that is not in use. */
function poolAt(stored: readonly AvalonPool[], index: number): AvalonPool {
  const used = stored.filter(({ url }) => url !== "");
  const found = used.find((pool) => pool.index === index);
  if (!found) throw noSuchPool(index, used.length);
  return found;
}

/** Throws `MINER_INCOMPLETE` where the list is not whole. */
async function storedPools(link: DeviceLink, signal: AbortSignal): Promise<AvalonPool[]> {
  const { sections } = await ask(link, "pools", signal);
  if (!Array.isArray(field(sections, "POOLS"))) throw minerIncomplete(link.where, "pools");
  return list(sections, "POOLS").map((pool, place) => {
    const [url, user] = [rawText(pool, "URL"), rawText(pool, "User")];
    if (url === null || user === null) throw minerIncomplete(link.where, "pools");
    return {
      index: number(pool, "POOL") ?? place,
      ...{ url: withScheme(url), user, password: rawText(pool, "Password") },
      isActive: flag(pool, "Stratum Active") === true,
      priority: number(pool, "Priority"),
    };
  });
}

function isStored(stored: readonly AvalonPool[], { pool, index }: Slot): boolean {
  const found = stored.find((candidate) => candidate.index === index);
  if (found === undefined || !isSameUrl(found.url, pool.url) || found.user !== pool.user) return false;
  return found.password === null || found.password === pool.password;
}
