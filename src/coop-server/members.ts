import { createHmac, randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import { type PublicJwk, thumbprintOf, toPublicJwk } from "../coop/keys.ts";
import { checkCharacter } from "../settlement/worker-code.ts";
import { Problem } from "./http-kit.ts";
import { type Office, PROGRAM } from "./office.ts";
import { text } from "./rows.ts";
import { readKv, writeKv } from "./store.ts";

export interface Member {
  code: string;
  deviceKey: PublicJwk;
}

const CODE_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz";

/** Makes the approved grant a member. The same device key gets the same member code again. */
export function enrolMember(
  office: Office,
  grantId: string,
  claim: { deviceKey: unknown; toolVersion: unknown; consentSha256: unknown },
): Member {
  const deviceKey = toPublicJwk(claim.deviceKey);
  if (!deviceKey) throw new Problem(422, "device_key", "device_key must be a public Ed25519 JWK.");
  const toolVersion = typeof claim.toolVersion === "string" ? claim.toolVersion.slice(0, 40) : "";
  const consent = claim.consentSha256;
  if (typeof consent !== "string" || !/^[0-9a-f]{64}$/.test(consent)) {
    throw new Problem(422, "consent_sha256", "consent_sha256 must be a SHA-256 in hex.");
  }
  const { store, clock } = office;
  return store.transaction(() => {
    const thumbprint = thumbprintOf(deviceKey);
    const known = store.get("SELECT member FROM members WHERE thumbprint = ?", thumbprint);
    const code = known ? text(known, "member") : newCode(office);
    const sql = `INSERT INTO members VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (member) DO UPDATE
      SET tool_version = excluded.tool_version, consent_sha256 = excluded.consent_sha256`;
    store.run(sql, code, JSON.stringify(deviceKey), thumbprint, toolVersion, consent, clock.nowMs());
    store.run("UPDATE grants SET member = ? WHERE id = ?", code, grantId);
    return { code, deviceKey };
  });
}

/** A member by code; null when unknown. */
export function findMember(office: Office, code: string): Member | null {
  const row = office.store.get("SELECT * FROM members WHERE member = ?", code);
  const deviceKey = row && toPublicJwk(JSON.parse(text(row, "device_key")));
  return deviceKey ? { code, deviceKey } : null;
}

/** Codes of all members in the order of enrolment. */
export function memberCodes(office: Office): string[] {
  return office.store
    .all("SELECT member FROM members ORDER BY enrolled_ms, member")
    .map((row) => text(row, "member"));
}

/** What a member's VEN signs in with and sees. The secret follows from the server's own, so it is the same at each enrolment. */
export function venCredentials(office: Office, member: string) {
  return {
    client_id: `ven-${member}`,
    client_secret: venSecret(office, member),
    ven_name: `hearth-${member}`,
    targets: venTargets(member),
    programs: [PROGRAM.name],
  };
}

/** Strings that this member's VEN may see (openadr3.md §5). */
export function venTargets(member: string): string[] {
  return [PROGRAM.group, member];
}

/** The member behind a client id and secret; null when either is wrong. */
export function memberOfClient(office: Office, clientId: string, secret: string): string | null {
  const member = /^ven-([0-9a-z]{8})$/.exec(clientId)?.[1];
  if (member === undefined || !findMember(office, member)) return null;
  const expected = Buffer.from(venSecret(office, member));
  const given = Buffer.from(secret);
  return given.length === expected.length && timingSafeEqual(given, expected) ? member : null;
}

function venSecret(office: Office, member: string): string {
  let key = readKv(office.store, "ven_key");
  if (key === null) {
    key = randomBytes(32).toString("base64url");
    writeKv(office.store, "ven_key", key);
  }
  return createHmac("sha256", key).update(`ven:${member}`).digest("base64url");
}

function newCode(office: Office): string {
  for (;;) {
    const code7 = Array.from({ length: 7 }, () => CODE_LETTERS[randomInt(32)]).join("");
    const code = code7 + checkCharacter(code7);
    if (!office.store.get("SELECT 1 FROM members WHERE member = ?", code)) return code;
  }
}
