import type { PoolTarget, StoredPool, WriteResult } from "../model/miner.ts";
import { minerPasswordWrong } from "../model/miner-errors.ts";
import type { CgminerReply, DeviceLink } from "../model/miner-link.ts";
import { flag, list, number } from "../model/parse.ts";
import { proveWrite, type Sent } from "../model/prove-write.ts";
import { ask, isSuccess, rawText, toSent } from "./cgminer.ts";
import { checkCommaText, checkFailover, noSuchPool } from "./pool-target.ts";

/** Slots of the firmware (miners.md §6.5). */
export const AVALON_SLOTS = 3;
/** A stored pool reads back at once where the build shows stored pools at all, ms. */
const STORED_WITHIN_MS = 2_000;
const SWITCH_WITHIN_MS = 10_000;
const WEB_USER = "root";
const FACTORY_PASSWORD = "root";
const VOUCHER_PREFIX = "ff0000ff";

interface AvalonPool {
  index: number;
  url: string;
  user: string;
  password: string | null;
  isActive: boolean;
  priority: number | null;
}

export interface PoolAccess {
  /** Null: the factory default, once. */
  password: string | null;
  usesVoucher: boolean;
}

/** Writes the slots that differ; the device takes them over at its next restart only. */
export async function writeSlots(
  link: DeviceLink,
  pools: readonly PoolTarget[],
  access: PoolAccess,
  signal: AbortSignal,
): Promise<WriteResult> {
  checkFailover(link.where, pools, AVALON_SLOTS);
  checkCommaText(pools);
  const before = await storedPools(link, signal);
  const wanted = pools.map((pool, slot) => ({ pool, slot }));
  const differing = wanted.filter(({ pool, slot }) => !isStored(before, pool, slot));
  if (differing.length === 0) return "effective";
  return proveWrite(
    {
      send: () => sendSlots(link, differing, access, signal),
      async look() {
        const after = await storedPools(link, signal);
        // `pools` tells the pools at work: what was stored may show only after the restart (miners.md §6.5).
        return wanted.every(({ pool, slot }) => isStored(after, pool, slot)) ? "effective" : "taken";
      },
      withinMs: STORED_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** Chooses the working pool at run time, with a reconnect and without a restart. */
export async function switchPool(link: DeviceLink, index: number, signal: AbortSignal): Promise<WriteResult> {
  const before = await storedPools(link, signal);
  const wanted = before.find((pool) => pool.index === index);
  if (!wanted) throw noSuchPool(index, before.length);
  if (wanted.isActive && (wanted.priority === null || wanted.priority === 0)) return "effective";
  return proveWrite(
    {
      send: async () =>
        toSent(await link.cgminer.tell({ command: "switchpool", parameter: String(index) }, signal)),
      async look() {
        const chosen = (await storedPools(link, signal)).find((pool) => pool.index === index);
        if (chosen?.isActive) return "effective";
        return chosen?.priority === 0 && wanted.priority !== 0 ? "taken" : "unchanged";
      },
      withinMs: SWITCH_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** Without a switch at run time: the wanted pool goes into the first slot, the rest follow; a restart applies it. */
export async function reorderSlots(
  link: DeviceLink,
  index: number,
  access: PoolAccess,
  signal: AbortSignal,
): Promise<WriteResult> {
  const before = await storedPools(link, signal);
  const wanted = before.find((pool) => pool.index === index);
  if (!wanted) throw noSuchPool(index, before.length);
  const order = [wanted, ...before.filter((pool) => pool !== wanted)];
  const targets = order.map(
    ({ url, user, password }): PoolTarget => ({
      url,
      user,
      password: password ?? "x",
      role: "unknown",
      sharePpm: null,
    }),
  );
  return writeSlots(link, targets, access, signal);
}

async function sendSlots(
  link: DeviceLink,
  slots: readonly { pool: PoolTarget; slot: number }[],
  access: PoolAccess,
  signal: AbortSignal,
): Promise<Sent> {
  const password = await webPassword(access);
  let outcome: Sent = "sent";
  for (const { pool, slot } of slots) {
    const parameter = [WEB_USER, password, slot, pool.url, pool.user, pool.password].join(",");
    const reply = await link.cgminer.tell({ command: "setpool", parameter }, signal);
    if (!isSuccess(reply)) checkPassword(link, reply, access);
    const sent = toSent(reply);
    if (sent === "refused") return "refused";
    if (sent === "unsure") outcome = "unsure";
  }
  return outcome;
}

function checkPassword(link: DeviceLink, reply: CgminerReply, access: PoolAccess): void {
  if (/user(name|pass) err/i.test(reply.message)) {
    throw minerPasswordWrong(link.where, access.password === null);
  }
}

/** Pools with their passwords, which this firmware tells in clear text (miners.md §1 rule 6): for a backup only. */
export async function backupPools(link: DeviceLink, signal: AbortSignal): Promise<StoredPool[]> {
  return (await storedPools(link, signal))
    .filter(({ url }) => url !== "")
    .map(({ url, user, password }) => ({ url, user, password, sharePpm: null }));
}

async function storedPools(link: DeviceLink, signal: AbortSignal): Promise<AvalonPool[]> {
  const reply = await ask(link, "pools", signal);
  return list(reply.sections, "POOLS").map((pool, place) => ({
    index: number(pool, "POOL") ?? place,
    url: rawText(pool, "URL") ?? "",
    user: rawText(pool, "User") ?? "",
    password: rawText(pool, "Password"),
    isActive: flag(pool, "Stratum Active") === true,
    priority: number(pool, "Priority"),
  }));
}

function isStored(stored: readonly AvalonPool[], wanted: PoolTarget, slot: number): boolean {
  const found = stored.find((pool) => pool.index === slot);
  if (found?.url !== wanted.url || found.user !== wanted.user) return false;
  return found.password === null || found.password === wanted.password;
}

async function webPassword(access: PoolAccess): Promise<string> {
  const password = access.password ?? FACTORY_PASSWORD;
  if (!access.usesVoucher) return password;
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(password));
  const hex = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return VOUCHER_PREFIX + hex.slice(0, 24);
}
