import { asFlatJws, JWS_TYPES, signFlat, verifyFlat } from "../coop/jws.ts";
import { createSha256 } from "../coop/keys.ts";
import type { FlatJws, SplitTerms } from "../model/terms.ts";
import { canonicalText } from "../settlement/canonical.ts";
import { dayOf } from "../settlement/day.ts";
import { parseTerms } from "../settlement/terms.ts";
import { workerName } from "../settlement/worker-code.ts";
import { Problem } from "./http-kit.ts";
import type { Member } from "./members.ts";
import type { Office } from "./office.ts";
import { text, whole } from "./rows.ts";
import type { Row } from "./store.ts";

/** What a member asks for: the co-op's part of the payout, and where the own part goes. */
export interface TermsWish {
  sharePpm: number;
  payee: string;
  devices: string[];
}

const CATCH_UP = { max_share_ppm: 1_000_000, horizon_hours: 48 };

/** Reads and bounds a wish from outside. Throws 422. */
export function toTermsWish(office: Office, body: Record<string, unknown>): TermsWish {
  const { share_ppm: sharePpm, payee, devices } = body;
  const { maxSharePpm } = office.settings;
  if (!Number.isInteger(sharePpm) || (sharePpm as number) < 0 || (sharePpm as number) > maxSharePpm) {
    throw new Problem(422, "share_ppm", `share_ppm must be a whole number from 0 to ${maxSharePpm}.`);
  }
  // The pool judges the address; here it must only be one word that fits a stratum user name.
  if (typeof payee !== "string" || !/^[A-Za-z0-9][A-Za-z0-9@._-]{2,119}$/.test(payee)) {
    throw new Problem(422, "payee", "payee must be an address or a pool user name.");
  }
  const names = Array.isArray(devices) ? devices.filter((name) => typeof name === "string") : [];
  return { sharePpm: sharePpm as number, payee, devices: names.slice(0, 99) };
}

/** Legs that terms with this wish will have. */
export function legsFor(office: Office, member: string, wish: Pick<TermsWish, "sharePpm" | "payee">) {
  const { pool, memberPool } = office.settings;
  const worker = workerName(member, 1);
  return [
    { pool: pool.url, role: "coop" as const, share_ppm: wish.sharePpm, user: pool.user, worker },
    {
      pool: memberPool?.url ?? pool.url,
      role: "member" as const,
      share_ppm: 1_000_000 - wish.sharePpm,
      user: wish.payee,
      worker,
    },
  ];
}

/** Signs the next version for a member. The same wish as the latest one gets the same terms again. */
export async function nextTerms(office: Office, member: string, wish: TermsWish): Promise<FlatJws> {
  const { store, settings, clock, key } = office;
  const latest = latestRow(office, member);
  const wishText = canonicalText({ ...wish });
  if (latest && text(latest, "wish") === wishText) return jwsOf(latest);
  const terms: SplitTerms = {
    type: "split-terms/v1",
    coop: settings.id,
    member,
    version: latest ? whole(latest, "version") + 1 : 1,
    prev: latest ? text(latest, "sha256") : null,
    effective_from: dayOf(clock.nowMs(), settings.tz),
    legs: legsFor(office, member, wish),
    catch_up: CATCH_UP,
    excess: "carry",
    scope: "heater",
  };
  const payload = Buffer.from(canonicalText(terms));
  // Never sign what the other side's strict reader would refuse.
  parseTerms(payload);
  const jws = await signFlat(payload, key, JWS_TYPES.terms);
  const sha256 = createSha256()(payload);
  const sql = "INSERT INTO terms VALUES (?, ?, ?, ?, NULL, ?, ?)";
  store.run(sql, member, terms.version, sha256, JSON.stringify(jws), terms.effective_from, wishText);
  return jws;
}

/** Latest terms of a member, or those of one version. Throws 404. */
export function readTerms(office: Office, member: string, version: number | null): FlatJws {
  const row =
    version === null
      ? latestRow(office, member)
      : office.store.get("SELECT * FROM terms WHERE member = ? AND version = ?", member, version);
  if (!row) throw new Problem(404, "no_terms", "There are no such terms.");
  return jwsOf(row);
}

/** Takes the member's signature over the same payload; with it the terms are in force. Throws 404, 422. */
export async function consent(office: Office, member: Member, version: number, body: unknown): Promise<void> {
  const terms = readTerms(office, member.code, version);
  const jws = asFlatJws(body);
  if (!jws || jws.payload !== terms.payload) {
    throw new Problem(422, "other_payload", "The consent must be over the same payload as the terms.");
  }
  await verifyFlat(jws, { typ: JWS_TYPES.terms, keys: [member.deviceKey] });
  const sql = "UPDATE terms SET consent = ? WHERE member = ? AND version = ?";
  office.store.run(sql, JSON.stringify(jws), member.code, version);
}

/** The countersigned terms in force on a civil day; null when there are none. */
export function termsOn(
  office: Office,
  member: string,
  day: string,
): { version: number; sha256: string; terms: SplitTerms } | null {
  const sql = `SELECT * FROM terms WHERE member = ? AND consent IS NOT NULL AND effective_from <= ?
    ORDER BY version DESC LIMIT 1`;
  const row = office.store.get(sql, member, day);
  if (!row) return null;
  const terms = parseTerms(Buffer.from(jwsOf(row).payload, "base64url"));
  return { version: whole(row, "version"), sha256: text(row, "sha256"), terms };
}

function latestRow(office: Office, member: string): Row | null {
  return office.store.get("SELECT * FROM terms WHERE member = ? ORDER BY version DESC LIMIT 1", member);
}

function jwsOf(row: Row): FlatJws {
  const jws = asFlatJws(JSON.parse(text(row, "jws")));
  if (!jws) throw new TypeError("stored terms are no JWS");
  return jws;
}
