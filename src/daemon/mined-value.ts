import { fppsMsat, netMsat } from "../settlement/earnings.ts";
import type { CoopFacts } from "./coop-link.ts";
import { networkOf } from "./day-books.ts";
import type { MinerKeeper } from "./miner-keeper.ts";

/** Network difficulty and price as last told by the co-op, both: else there is no value to reckon with. */
const KWH_WS = 3_600_000;

/**
 * What one kWh of mining earns, $/kWh, by the devices' own watts and hash rate now; null when unknown. A price,
 * not a balance: control may use it (product.md §5).
 */
export function minedValueUsdKwh(facts: CoopFacts | null, keepers: readonly MinerKeeper[]): number | null {
  const network = networkOf(facts);
  if (!network || !facts?.price) return null;
  let powerW = 0;
  let hashrateThs = 0;
  for (const keeper of keepers) {
    const reading = keeper.latest()?.reading;
    if (reading?.state !== "mining" || !reading.powerW || !reading.hashrateThs) continue;
    powerW += reading.powerW;
    hashrateThs += reading.hashrateThs;
  }
  if (powerW === 0) return null;
  const difficulty1Shares = BigInt(Math.round((hashrateThs * 1e12 * (KWH_WS / powerW)) / 2 ** 32));
  const { rewardSats, difficulty, feePpm } = network;
  const msat = netMsat(fppsMsat({ difficulty1Shares, rewardSats, networkDifficulty: difficulty }), feePpm);
  return (Number(msat) * facts.price.centsPerBtc) / 100 / 1e11;
}
