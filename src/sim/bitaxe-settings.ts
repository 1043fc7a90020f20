import { type BitaxeDevice, EMPTY_SLOT, POOL_SLOTS, type PoolSlot } from "./bitaxe-device.ts";
import type { AxeosFeatures } from "./bitaxe-firmware.ts";
import { isRecord } from "./esp-web.ts";

/** Text of a refusal (status 400), or null when all was taken. */
export type Refusal = string | null;

const WRONG = "Wrong API input";
const KEEP_PASSWORD = "*****";

type Check = (value: unknown) => boolean;

const whole =
  (low: number, high: number): Check =>
  (value) =>
    Number.isInteger(value) && Number(value) >= low && Number(value) <= high;
const words =
  (longest: number): Check =>
  (value) =>
    typeof value === "string" && value.length <= longest;

/** The firmware takes any clock and voltage that fit 16 bits: sense is the client's business (miners.md §4.2). */
const plainKeys: Record<string, Check> = {
  frequency: (value) => typeof value === "number" && value >= 1 && value <= 65_535,
  coreVoltage: whole(1, 65_535),
  autofanspeed: whole(0, 1),
  fanspeed: whole(0, 100),
  temptarget: whole(35, 66),
  hostname: (value) => typeof value === "string" && /^[a-zA-Z0-9-]{1,32}$/.test(value),
  useFallbackStratum: whole(0, 1),
  primaryPoolIndex: whole(0, POOL_SLOTS - 1),
  secondaryPoolIndex: whole(0, POOL_SLOTS - 1),
  overheat_mode: whole(0, 0),
};

const isFlag: Check = (value) => typeof value === "boolean" || typeof value === "number";

const slotKeys: Record<keyof PoolSlot, Check> = {
  stratumProtocol: words(8),
  stratumURL: (value) => typeof value === "string" && /^[^\s/:]{1,253}$/.test(value),
  stratumPort: whole(1, 65_535),
  stratumUser: words(128),
  stratumPassword: words(128),
  stratumSuggestedDifficulty: whole(0, 2 ** 31),
  stratumExtranonceSubscribe: isFlag,
  stratumTLS: whole(0, 2),
  stratumCert: words(3000),
  stratumDecodeCoinbase: isFlag,
};

/** `stratumURL` and its kin before 2.15; later they are answered with 200 and change nothing. */
const legacyKeys = new Map<string, { slot: 0 | 1; key: keyof PoolSlot }>(
  (["URL", "Port", "User", "Password"] as const).flatMap((end) => [
    [`stratum${end}`, { slot: 0, key: `stratum${end}` as const }],
    [`fallbackStratum${end}`, { slot: 1, key: `stratum${end}` as const }],
  ]),
);

/** `PATCH /api/system`: one bad key refuses the whole. */
export function patchSystem(device: BitaxeDevice, body: unknown, { hasSlots }: AxeosFeatures): Refusal {
  if (!isRecord(body)) return "Invalid JSON";
  const entries = Object.entries(body);
  if (!entries.every(([key, value]) => isPatchValue(key, value, hasSlots))) return WRONG;
  device.obey(() => {
    for (const [key, value] of entries) setKey(device, key, value, hasSlots);
  });
  return null;
}

function setKey(device: BitaxeDevice, key: string, value: unknown, hasSlots: boolean): void {
  const old = legacyKeys.get(key);
  if (old !== undefined) {
    if (!hasSlots) setLegacy(device, old.slot, old.key, value);
  } else if (key === "pools") for (const pool of value as unknown[]) storeSlot(device, slotId(pool), pool);
  else Object.assign(device.stored, { [key === "overheat_mode" ? "overheatMode" : key]: value });
}

/** `PUT /api/system/pools/{n}` (2.15). */
export function putPool(device: BitaxeDevice, id: number, body: unknown): Refusal {
  if (!isRecord(body)) return "Invalid JSON";
  if (id < 0 || id >= POOL_SLOTS || !isSlot(body)) return WRONG;
  device.obey(() => storeSlot(device, id, body));
  return null;
}

/** `DELETE /api/system/pools/{n}` (2.15). */
export function deletePool(device: BitaxeDevice, id: number): Refusal {
  const { stored: settings } = device;
  if (id < 0 || id >= POOL_SLOTS) return WRONG;
  if (id === settings.primaryPoolIndex || id === settings.secondaryPoolIndex) {
    return "Cannot delete a pool that is currently selected as primary or fallback";
  }
  device.obey(() => {
    settings.slots[id] = null;
  });
  return null;
}

function isPatchValue(key: string, value: unknown, hasSlots: boolean): boolean {
  const old = legacyKeys.get(key);
  if (old !== undefined) {
    // An empty host is how the fallback is cleared.
    return (old.key === "stratumURL" && value === "") || slotKeys[old.key](value);
  }
  if (key === "pools") {
    return hasSlots && Array.isArray(value) && value.every((pool) => slotId(pool) >= 0 && isSlot(pool));
  }
  return Object.hasOwn(plainKeys, key) && (plainKeys[key]?.(value) ?? false);
}

/** Keys that it does not know are passed over. */
function isSlot(value: unknown): value is Partial<PoolSlot> {
  if (!isRecord(value)) return false;
  const hasAll = ["stratumURL", "stratumPort", "stratumUser"].every((key) => Object.hasOwn(value, key));
  const isRight = ([key, check]: [string, Check]) => value[key] === undefined || check(value[key]);
  return hasAll && Object.entries(slotKeys).every(isRight);
}

function slotId(value: unknown): number {
  const id = isRecord(value) ? value["id"] : undefined;
  return typeof id === "number" && Number.isInteger(id) && id >= 0 && id < POOL_SLOTS ? id : -1;
}

/** A slot is replaced as a whole: what is left out falls back to its default. Stars keep the password. */
function storeSlot(device: BitaxeDevice, id: number, value: unknown): void {
  if (!isSlot(value)) return;
  const before = device.stored.slots[id] ?? EMPTY_SLOT;
  const slot = { ...EMPTY_SLOT };
  for (const key of Object.keys(EMPTY_SLOT) as (keyof PoolSlot)[]) {
    if (value[key] !== undefined) Object.assign(slot, { [key]: value[key] });
  }
  if (slot.stratumPassword === KEEP_PASSWORD) slot.stratumPassword = before.stratumPassword;
  device.stored.slots[id] = slot;
}

function setLegacy(device: BitaxeDevice, which: 0 | 1, key: keyof PoolSlot, value: unknown): void {
  const { stored: settings } = device;
  const id = which === 0 ? settings.primaryPoolIndex : settings.secondaryPoolIndex;
  if (key === "stratumPassword" && value === KEEP_PASSWORD) return;
  settings.slots[id] = { ...(settings.slots[id] ?? EMPTY_SLOT), [key]: value };
}
