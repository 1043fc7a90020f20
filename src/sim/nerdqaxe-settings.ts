import { isRecord } from "./esp-web.ts";
import type { NerdPool, NerdqaxeDevice, NerdSettings } from "./nerdqaxe-device.ts";
import type { NerdFeatures } from "./nerdqaxe-firmware.ts";

const isWord = (value: unknown): value is string => typeof value === "string";
const isFlag = (value: unknown): value is boolean => typeof value === "boolean";
const isSmall = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535;

/** Flat keys of a pool behind their prefix, and where they are stored. */
const FLAT_KEYS = { URL: "url", Port: "port", User: "user", Password: "password" } as const;
const FLAT_KEYS_DUAL = { ...FLAT_KEYS, TLS: "tls", EnonceSubscribe: "enonceSubscribe" } as const;

const POOL_CHECKS: { [Key in keyof NerdPool]: (value: unknown) => boolean } = {
  url: isWord,
  port: isSmall,
  user: isWord,
  password: isWord,
  tls: isFlag,
  enonceSubscribe: isFlag,
  protocol: isSmall,
  coinbaseVerifyMode: isSmall,
  coinbaseMaxFee: (value) => typeof value === "number",
  coinbaseVerifyForce: isFlag,
};

/**
 * `PATCH /api/system`, with flat names of the pools. Every value of the right type is taken, all else is passed over in
 * silence.
 */
export function patchFlat(device: NerdqaxeDevice, body: unknown, { hasDual }: NerdFeatures): void {
  if (!isRecord(body)) return;
  device.change((settings) => {
    takeCommon(settings, body, hasDual);
    const keys: Record<string, keyof NerdPool> = hasDual ? FLAT_KEYS_DUAL : FLAT_KEYS;
    for (const [place, prefix] of ["stratum", "fallbackStratum"].entries()) {
      for (const [end, key] of Object.entries(keys)) {
        takePoolValue(settings.pools[place], key, body[`${prefix}${end}`]);
      }
    }
    if (isSmall(body["autofanspeed"])) settings.fanMode = body["autofanspeed"];
    if (isSmall(body["overheat_temp"])) settings.overheatTemp = body["overheat_temp"];
  });
}

/** `PATCH /api/v2/settings`, with a list of pools; as lenient as the other. */
export function patchNested(device: NerdqaxeDevice, body: unknown): void {
  if (!isRecord(body)) return;
  device.change((settings) => {
    takeCommon(settings, body, true);
    const pools = Array.isArray(body["pools"]) ? (body["pools"] as unknown[]) : [];
    for (const [place, pool] of pools.slice(0, 2).entries()) {
      if (!isRecord(pool)) continue;
      for (const key of Object.keys(POOL_CHECKS) as (keyof NerdPool)[]) {
        takePoolValue(settings.pools[place], key, pool[key]);
      }
    }
  });
}

function takeCommon(settings: NerdSettings, body: Record<string, unknown>, hasDual: boolean): void {
  const { frequency, coreVoltage, hostname, poolMode, poolBalance } = body;
  if (isSmall(frequency) && frequency > 0) settings.frequency = frequency;
  if (isSmall(coreVoltage) && coreVoltage > 0) settings.coreVoltage = coreVoltage;
  if (isWord(hostname)) settings.hostname = hostname;
  if (hasDual && isSmall(poolMode)) settings.poolMode = poolMode;
  if (hasDual && isSmall(poolBalance)) settings.poolBalance = poolBalance;
}

function takePoolValue(pool: NerdPool | undefined, key: keyof NerdPool, value: unknown): void {
  if (pool !== undefined && POOL_CHECKS[key](value)) Object.assign(pool, { [key]: value });
}
