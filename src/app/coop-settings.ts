import { readFileSync } from "node:fs";
import type { CoopSettings } from "../coop-server/office.ts";
import { usageError } from "../model/errors.ts";
import { field, number, text } from "../model/parse.ts";
import { readTariff } from "../settlement/tariff.ts";

/**
 * Settings of `hearth coop serve` from a JSON file (shape: templates/coop-pilot.json). Throws
 * `COOP_SETTINGS_INVALID` (2) naming the field.
 */
export function readCoopSettings(path: string): CoopSettings {
  const file = parseFile(path);
  const need = <T>(value: T | null, name: string): T => {
    if (value !== null) return value;
    throw usageError("COOP_SETTINGS_INVALID", `${path} has no usable ${name}`, {
      left: "The co-op was not started",
      hint: "compare with templates/coop-pilot.json",
    });
  };
  const whole = (source: unknown, key: string) =>
    number(source, key, { min: 0, max: Number.MAX_SAFE_INTEGER });
  const pool = field(file, "pool");
  const price = field(file, "price");
  const network = field(file, "network");
  const memberUrl = text(field(file, "member_pool"), "url");
  return {
    id: need(text(file, "id"), "id"),
    name: need(text(file, "name"), "name"),
    tz: need(text(file, "tz"), "tz"),
    pool: { url: need(text(pool, "url"), "pool.url"), user: need(text(pool, "user"), "pool.user") },
    ...(memberUrl === null ? {} : { memberPool: { url: memberUrl } }),
    poolApiUrl: text(file, "pool_api_url"),
    tariff: need(readTariff(field(file, "tariff")), "tariff"),
    price: {
      centsPerBtc: need(whole(price, "cents_per_btc"), "price.cents_per_btc"),
      source: need(text(price, "source"), "price.source"),
    },
    network: {
      difficulty: BigInt(need(digits(network, "difficulty"), "network.difficulty")),
      rewardSats: BigInt(need(digits(network, "reward_sats"), "network.reward_sats")),
      poolFeePpm: need(whole(network, "pool_fee_ppm"), "network.pool_fee_ppm"),
    },
    maxSharePpm: need(whole(file, "max_share_ppm"), "max_share_ppm"),
    maxFloorC: need(number(file, "max_floor_c"), "max_floor_c"),
  };
}

function parseFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw usageError("COOP_SETTINGS_INVALID", `${path} cannot be read as JSON`, {
      cause,
      left: "The co-op was not started",
      hint: "compare with templates/coop-pilot.json",
    });
  }
}

function digits(source: unknown, key: string): string | null {
  const value = text(source, key);
  return value !== null && /^[1-9]\d{0,30}$/.test(value) ? value : null;
}
