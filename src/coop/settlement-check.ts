import { accessError, type HearthError } from "../model/errors.ts";
import { field } from "../model/parse.ts";
import type { SettlementRecord } from "../model/settlement-record.ts";
import { canonicalText } from "../settlement/canonical.ts";
import { JWS_TYPES, verifyFlat } from "./jws.ts";
import type { PublicJwk } from "./keys.ts";

/**
 * What the co-op signs per day. It has no `prev`: the chain of `prev` belongs to the table where a row stands,
 * and the co-op's table and the home's are different ones.
 */
export type SignedRecord = Omit<SettlementRecord, "prev">;

/**
 * Opens a settlement record signed by the co-op: signature, canonical form, addressee. The identities of
 * settlement.md §11 are the caller's (`checkRecord`). Throws `SIGNATURE_INVALID`, `SETTLEMENT_INVALID` (exit 5).
 */
export async function verifySettlement(
  jws: unknown,
  rules: { key: PublicJwk; thumbprint: string; coop: string; member: string },
): Promise<SignedRecord> {
  const payload = await verifyFlat(jws, {
    typ: JWS_TYPES.settlement,
    keys: [rules.key],
    thumbprint: rules.thumbprint,
  });
  const text = Buffer.from(payload).toString("utf8");
  const record = parse(text);
  if (canonicalText(record) !== text) throw invalid("it is not in canonical form");
  if (field(record, "type") !== "settlement.day/v1") throw invalid("it is of another type");
  if (field(record, "coop") !== rules.coop || field(record, "member") !== rules.member) {
    throw invalid("it belongs to another member or co-op");
  }
  if (field(record, "prev") !== undefined) throw invalid("it carries a link of another table");
  return record as SignedRecord;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid("it is not JSON");
  }
}

function invalid(reason: string): HearthError {
  return accessError("SETTLEMENT_INVALID", `A settlement record of the co-op was refused: ${reason}.`, {
    left: "The ledger keeps its own estimate",
    hint: "Tell the co-op which day it was",
  });
}
