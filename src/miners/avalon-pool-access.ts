import { usageError } from "../model/errors.ts";
import { minerPasswordWrong } from "../model/miner-errors.ts";
import type { DeviceLink, DriverMemory, DriverOptions } from "../model/miner-link.ts";
import { passwordOf } from "./login.ts";

const FACTORY_PASSWORD = "root";
const VOUCHER_PREFIX = "ff0000ff";
const VOUCHER_DIGITS = 24;
/** A password that was refused is kept away from the device for so long (miners.md §1 rule 9), ms. */
const REFUSED_MS = 900_000;
const UNSHOWN = "avalon-unshown-pools";

/** What the pool command of one device needs to know over several calls. */
export interface PoolAccess {
  /** As it goes into the command; throws `MINER_PASSWORD_WRONG` for a while after the device has refused it. */
  password(link: DeviceLink, usesVoucher: boolean): Promise<string>;
  /** The device has refused the password; the error that says so. */
  refused(link: DeviceLink): Error;
  /** Pools that were stored and show only after a restart, as lines of slot, address and user; null for none. */
  unshown(): readonly string[] | null;
  note(unshown: readonly string[] | null): void;
}

/** With the given password, else the factory's. */
export function createPoolAccess(options: DriverOptions): PoolAccess {
  const memory: DriverMemory = options.memory ?? new Map<string, unknown>();
  const { password, isFactory } = passwordOf(options, FACTORY_PASSWORD);
  let refusedMono = Number.NEGATIVE_INFINITY;
  return {
    async password(link, usesVoucher) {
      if (link.pace.monoMs() - refusedMono < REFUSED_MS) throw minerPasswordWrong(link.where, isFactory);
      return usesVoucher ? toVoucher(password) : checkedPlain(password);
    },
    refused(link) {
      refusedMono = link.pace.monoMs();
      return minerPasswordWrong(link.where, isFactory);
    },
    unshown() {
      const lines = memory.get(UNSHOWN);
      return Array.isArray(lines) && lines.length > 0 ? lines.map(String) : null;
    },
    note: (unshown) => memory.set(UNSHOWN, unshown),
  };
}

/** The command is cut at its commas, so a password with one cannot be sent (miners.md §1 rule 8). */
function checkedPlain(password: string): string {
  if (!/[,|\u0000-\u001f\u007f]/.test(password)) return password;
  throw usageError(
    "MINER_PASSWORD_UNUSABLE",
    "The password of the miner's page holds a comma, a bar or a control character, which its pool command cannot carry.",
    { left: "No pool was changed", hint: "Choose another password on the miner's own page" },
  );
}

/** The password as the Nano 3 wants it (miners.md §6.5). */
async function toVoucher(password: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(password));
  const hex = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return VOUCHER_PREFIX + hex.slice(0, VOUCHER_DIGITS);
}
