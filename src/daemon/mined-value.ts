import { fppsMsat, netMsat } from "../settlement/earnings.ts";
import type { CoopFacts } from "./coop-link.ts";
import { networkOf } from "./day-books.ts";
import type { MinerKeeper } from "./miner-keeper.ts";

const KWH_WS = 3_600_000;

/**
 * What one kWh of mining earns, $/kWh, by what the devices have shown in steady mining; null when unknown. It does
 * not depend on what runs just now, or a stop would change the price that caused it. A price, not a balance:
 * control may use it (product.md §5).
 */
export function minedValueUsdKwh(facts: CoopFacts | null, keepers: readonly MinerKeeper[]): number | null {
  const network = networkOf(facts);
  if (!network || !facts?.price) return null;
  let powerW = 0;
  let hashrateThs = 0;
  for (const keeper of keepers) {
    const maxW = keeper.profile().maxW;
    const { thsPerW } = keeper.learnt();
    if (thsPerW === null) continue;
    powerW += maxW;
    hashrateThs += thsPerW * maxW;
  }
  if (powerW === 0) return null;
  const difficulty1Shares = BigInt(Math.round((hashrateThs * 1e12 * (KWH_WS / powerW)) / 2 ** 32));
  const { rewardSats, difficulty, feePpm } = network;
  const msat = netMsat(fppsMsat({ difficulty1Shares, rewardSats, networkDifficulty: difficulty }), feePpm);
  return (Number(msat) * facts.price.centsPerBtc) / 100 / 1e11;
}
