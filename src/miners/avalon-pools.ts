import { accessError, usageError } from "../model/errors.ts";
import type { CgminerLink, CgminerReply, PoolTarget, WriteResult } from "../model/miner.ts";
import { field, list, number } from "../model/parse.ts";
import { proveWrite, type Sent } from "../model/prove-write.ts";
import { ask, isSuccess, toSent } from "./avalon-link.ts";

/** Slots of the firmware (miners.md §6.5). */
const SLOTS = 3;
const WEB_USER = "root";
const FACTORY_PASSWORD = "root";
const VOUCHER_PREFIX = "ff0000ff";

interface StoredPool {
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
  link: CgminerLink,
  pools: readonly PoolTarget[],
  access: PoolAccess,
  signal: AbortSignal,
): Promise<WriteResult> {
  checkTargets(pools);
  const before = await storedPools(link, signal);
  const wanted = pools.map((pool, slot) => ({ pool, slot }));
  const differing = wanted.filter(({ pool, slot }) => !isStored(before, pool, slot));
  if (differing.length === 0) return "effective";
  const password = await webPassword(access);
  return proveWrite(
    {
      send: () => sendSlots(link, differing, password, signal),
      async isEffective() {
        const after = await storedPools(link, signal);
        return wanted.every(({ pool, slot }) => isStored(after, pool, slot));
      },
    },
    signal,
  );
}

/** Chooses the working pool at run time, with a reconnect and without a restart. */
export async function switchPool(
  link: CgminerLink,
  index: number,
  signal: AbortSignal,
): Promise<WriteResult> {
  const before = await storedPools(link, signal);
  const wanted = before.find((pool) => pool.index === index);
  if (!wanted) throw noSuchPool(index, before.length);
  if (wanted.isActive && (wanted.priority === null || wanted.priority === 0)) return "effective";
  return proveWrite(
    {
      send: async () => toSent(await link.command("switchpool", String(index), signal)),
      async isEffective() {
        return (await storedPools(link, signal)).some((pool) => pool.index === index && pool.isActive);
      },
    },
    signal,
  );
}

/** Without a switch at run time: the wanted pool goes into the first slot, the rest follow; a restart applies it. */
export async function reorderSlots(
  link: CgminerLink,
  index: number,
  access: PoolAccess,
  signal: AbortSignal,
): Promise<WriteResult> {
  const before = await storedPools(link, signal);
  const wanted = before.find((pool) => pool.index === index);
  if (!wanted) throw noSuchPool(index, before.length);
  const order = [wanted, ...before.filter((pool) => pool !== wanted)];
  const targets = order.map(
    ({ url, user, password }): PoolTarget => ({ url, user, password: password ?? "x", role: "unknown" }),
  );
  return writeSlots(link, targets, access, signal);
}

async function sendSlots(
  link: CgminerLink,
  slots: readonly { pool: PoolTarget; slot: number }[],
  password: string,
  signal: AbortSignal,
): Promise<Sent> {
  let outcome: Sent = "sent";
  for (const { pool, slot } of slots) {
    const parameter = [WEB_USER, password, slot, pool.url, pool.user, pool.password].join(",");
    const reply = await link.command("setpool", parameter, signal);
    if (!isSuccess(reply)) checkPassword(link, reply);
    const sent = toSent(reply);
    if (sent === "refused") return "refused";
    if (sent === "unsure") outcome = "unsure";
  }
  return outcome;
}

function checkPassword(link: CgminerLink, reply: CgminerReply): void {
  if (!/user(name|pass) err/i.test(reply.message)) return;
  throw accessError(
    "MINER_PASSWORD_WRONG",
    `The miner at ${link.host}:${link.port} refused the password of its page.`,
    {
      left: "Its pools are as they were",
      hint: "Give the password that you use on the miner's own page, with --password-file",
    },
  );
}

async function storedPools(link: CgminerLink, signal: AbortSignal): Promise<StoredPool[]> {
  const reply = await ask(link, "pools", null, signal);
  return list(reply.sections, "POOLS").map((pool, place) => ({
    index: number(pool, "POOL") ?? place,
    url: asText(field(pool, "URL")) ?? "",
    user: asText(field(pool, "User")) ?? "",
    password: asText(field(pool, "Password")),
    isActive: [true, "true", "Y"].some((yes) => field(pool, "Stratum Active") === yes),
    priority: number(pool, "Priority"),
  }));
}

function isStored(stored: readonly StoredPool[], wanted: PoolTarget, slot: number): boolean {
  const found = stored.find((pool) => pool.index === slot);
  if (found?.url !== wanted.url || found.user !== wanted.user) return false;
  return found.password === null || found.password === wanted.password;
}

function checkTargets(pools: readonly PoolTarget[]): void {
  if (pools.length > SLOTS) {
    throw usageError("MINER_TOO_MANY_POOLS", `This miner holds ${SLOTS} pools; ${pools.length} were given.`);
  }
  for (const pool of pools) {
    // The format has no escaping (miners.md §1 rule 8).
    if ([pool.url, pool.user, pool.password].some((part) => /[,|\u0000-\u001f\u007f]/.test(part))) {
      throw usageError(
        "POOL_TEXT_INVALID",
        "A pool address, user or password holds a comma, a bar or a control character.",
        { left: "No pool was changed" },
      );
    }
  }
}

function noSuchPool(index: number, count: number) {
  return usageError("MINER_POOL_UNKNOWN", `The miner has ${count} pools; there is no number ${index}.`, {
    left: "It works for the same pool as before",
  });
}

async function webPassword(access: PoolAccess): Promise<string> {
  const password = access.password ?? FACTORY_PASSWORD;
  if (!access.usesVoucher) return password;
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(password));
  const hex = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return VOUCHER_PREFIX + hex.slice(0, 24);
}

function asText(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
