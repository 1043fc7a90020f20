import type { ZoneBudget } from "./budget.ts";
import type { Tick } from "./inputs.ts";
import { clamp } from "./numbers.ts";
import { zoneMemory } from "./state.ts";
import type { ZoneRules } from "./types.ts";

/** What one rule makes of surplus, price and heat (control.md §4). Prices in $/kWh. */
export interface Pricing {
  /** Accepted probability of a shortfall, 0..1. */
  alpha: number;
  /** `run`: importing is worth it; `rest`: not running is worth more; `track`: follow the surplus. */
  mode: "run" | "rest" | "track";
  code:
    | "PRICE_CHEAP"
    | "PRICE_NEGATIVE"
    | "HEAT_WORTH_IMPORT"
    | "EXPORT_BETTER"
    | "PRICE_TOO_HIGH"
    | "PRICE_UNKNOWN"
    | "SURPLUS_TRACK";
  importUsd: number | null;
  exportUsd: number | null;
  mineUsd: number | null;
  /** Room temperature up to which running is worth the import, degC, and why; null when it is worth it nowhere. */
  worthToC: number | null;
  worthCode: "PRICE_CHEAP" | "PRICE_NEGATIVE" | "HEAT_WORTH_IMPORT";
}

const UNKNOWN_ALPHA = 1 / 3;
const PRICE_LOST_MS = 86_400_000;

/** Widths of the comfort band by policy, K (control.md §10). */
export function flexOf(rules: ZoneRules): { downK: number; upK: number } {
  if (rules.policy === "heat-only")
    return { downK: Math.min(0.3, rules.flexDnC), upK: Math.min(0.3, rules.flexUpC) };
  if (rules.policy === "mining-first") return { downK: rules.flexDnC, upK: Math.max(4, rules.flexUpC) };
  return { downK: rules.flexDnC, upK: rules.flexUpC };
}

/**
 * Applies the rule to one zone and remembers the verdict. Prices are never cut to positive numbers. Prices that went
 * missing may not make the loop bolder than the last complete ones did, for a day.
 */
export function priceZone(tick: Tick, zone: ZoneBudget): Pricing {
  const memory = zoneMemory(tick.state, zone.rules.name);
  const known = knownPricing(tick, zone);
  if (known) {
    memory.price = { alpha: known.alpha, isRest: known.mode === "rest", mono: tick.monoMs };
    return known;
  }
  const former = memory.price && tick.monoMs - memory.price.mono < PRICE_LOST_MS ? memory.price : null;
  const { importUsd, exportUsd, highestUsd } = tick.inputs.prices;
  return {
    alpha: Math.min(UNKNOWN_ALPHA, former?.alpha ?? UNKNOWN_ALPHA),
    mode: former?.isRest ? "rest" : "track",
    code: "PRICE_UNKNOWN",
    importUsd: importUsd ?? highestUsd,
    exportUsd,
    mineUsd: null,
    worthToC: null,
    worthCode: "HEAT_WORTH_IMPORT",
  };
}

/** Null when a price that the rule needs is unknown. */
function knownPricing(tick: Tick, zone: ZoneBudget): Pricing | null {
  const { importUsd, exportUsd, minedUsd } = tick.inputs.prices;
  const altUsd = tick.config.altHeatUsdKwh;
  if (minedUsd === null || importUsd === null || exportUsd === null) return null;
  if (altUsd === null && minedUsd < importUsd) return null;
  const { upK } = flexOf(zone.rules);
  const warmth = zone.roomC === null ? 0 : 1 - clamp((zone.roomC - zone.setC) / Math.max(0.1, upK), 0, 1);
  const mineUsd = minedUsd + (altUsd ?? 0) * warmth;
  const spread = importUsd - exportUsd;
  const alpha = spread > 0 ? clamp((mineUsd - exportUsd) / spread, 0, 1) : mineUsd >= importUsd ? 1 : 0;
  const common = {
    importUsd,
    exportUsd,
    alpha,
    mineUsd,
    ...worth(zone, minedUsd, importUsd, altUsd ?? 0, upK),
  };
  if (mineUsd >= importUsd) return { ...common, mode: "run", code: common.worthCode };
  if (spread <= 0) return { ...common, mode: "rest", code: "PRICE_TOO_HIGH" };
  if (mineUsd <= exportUsd) return { ...common, mode: "rest", code: "EXPORT_BETTER" };
  return { ...common, mode: "track", code: "SURPLUS_TRACK" };
}

/** Why running is worth the import, and up to which room temperature. */
function worth(
  zone: ZoneBudget,
  minedUsd: number,
  importUsd: number,
  altUsd: number,
  upK: number,
): Pick<Pricing, "worthCode" | "worthToC"> {
  const topC = zone.setC + upK - Math.min(0.3, upK / 2);
  if (minedUsd >= importUsd)
    return { worthCode: importUsd < 0 ? "PRICE_NEGATIVE" : "PRICE_CHEAP", worthToC: topC };
  const worthCode = "HEAT_WORTH_IMPORT";
  if (minedUsd + altUsd < importUsd) return { worthCode, worthToC: null };
  const neededWarmth = (importUsd - minedUsd) / altUsd;
  return { worthCode, worthToC: Math.min(topC, zone.setC + upK * (1 - neededWarmth)) };
}
