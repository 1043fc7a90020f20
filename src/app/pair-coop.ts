import { emptyConfig, readConfig } from "../config/config-store.ts";
import { writeConfig } from "../config/config-write.ts";
import { createFolders, type HearthPaths } from "../config/paths.ts";
import { openSecrets, type SecretStore } from "../config/secrets.ts";
import { enrol, SECRET_NAMES } from "../coop/enrolment.ts";
import { createSha256, createSigningKey, loadSigningKey, type SigningKey } from "../coop/keys.ts";
import { type Pairing, startPairing, waitForApproval } from "../coop/pairing.ts";
import { openLedger } from "../ledger/ledger.ts";
import type { Clock } from "../model/clock.ts";
import type { CoopConfig } from "../model/config.ts";
import { accessError, HearthError } from "../model/errors.ts";
import type { Http } from "../net/http.ts";

/** What the member agrees to by pairing; its hash is recorded (requirements PAIR-5). */
export const CONSENT_TEXT =
  "The co-op may send curtailment events within the program's limits and receives quarter-hour energy and accepted work of the miners. " +
  "It can never lower a heat floor, change my payout address, or raise power above my circuit's limits.";

export interface PairOptions {
  paths: HearthPaths;
  clock: Clock;
  http: Http;
  url: string;
  toolVersion: string;
  signal: AbortSignal;
  /** Ask the co-op for its key and name, show them, and stop. */
  dryRun: boolean;
  /** Shown as soon as the code is known. */
  onCode: (pairing: Pairing) => void | Promise<void>;
  /** Does the member accept the key shown? */
  acceptKey: (pairing: Pairing) => Promise<boolean>;
}

export interface PairResult {
  name: string;
  keyThumbprint: string;
  keyWords: string;
  /** Null after a dry run. */
  coop: CoopConfig | null;
}

/**
 * Pairs this home with a co-op by device code (settlement.md §15). Inside a clock task. Only at the end is
 * anything written: secrets, then the configuration, then the ledger. Throws the errors of coop/pairing.ts,
 * `KEY_NOT_ACCEPTED` (5).
 */
export async function pairCoop(options: PairOptions): Promise<PairResult> {
  const { paths, clock, http, url, signal } = options;
  const before = readConfig(paths)?.config ?? null;
  const isSameCoop = before?.coop?.url !== undefined && before?.coop?.url === trimUrl(url);
  const pinned = isSameCoop ? (before?.coop?.key_thumbprint ?? null) : null;
  const pairing = await startPairing({ http, clock, url, pinned });
  const shown = {
    name: pairing.document.name,
    keyThumbprint: pairing.keyThumbprint,
    keyWords: pairing.keyWords,
  };
  await options.onCode(pairing);
  if (options.dryRun) return { ...shown, coop: null };
  if (pinned === null && !(await options.acceptKey(pairing))) {
    throw accessError("KEY_NOT_ACCEPTED", `The key of ${pairing.document.name} was not accepted`, {
      left: "Nothing was paired",
      hint: "ask the co-op for its fingerprint and pair again",
    });
  }
  const tokens = await waitForApproval(pairing, { http, clock, signal });
  createFolders(paths);
  const secrets = openSecrets(paths);
  const deviceKey = ownKey(secrets);
  const enrolment = await enrol({
    http,
    pairing,
    tokens,
    deviceKey,
    toolVersion: options.toolVersion,
    consentSha256: createSha256()(CONSENT_TEXT),
    wish: null,
  });
  for (const [name, secret] of Object.entries(enrolment.secrets)) secrets.write(name, secret);
  writeConfig(paths, { ...(before ?? emptyConfig(pairing.document.tz)), coop: enrolment.coop });
  record(paths, clock, pairing, enrolment.coop);
  return { ...shown, coop: enrolment.coop };
}

/** This home's signing key, made once. */
export function ownKey(secrets: SecretStore): SigningKey {
  const stored = secrets.read(SECRET_NAMES.deviceKey);
  if (stored) return loadSigningKey(JSON.parse(stored));
  const key = createSigningKey();
  secrets.write(SECRET_NAMES.deviceKey, JSON.stringify(key.privateJwk));
  return key;
}

function record(paths: HearthPaths, clock: Clock, pairing: Pairing, coop: CoopConfig): void {
  const ledger = openLedger(paths.ledger);
  try {
    const { id, member, key_thumbprint } = coop;
    ledger.append(
      "enrolled",
      { coop: id, member, key_thumbprint, name: pairing.document.name },
      clock.nowMs(),
    );
    ledger.append(
      "consent",
      { coop: id, text_sha256: createSha256()(CONSENT_TEXT), text: CONSENT_TEXT },
      clock.nowMs(),
    );
  } catch (error) {
    throw new HearthError(1, "LEDGER_WRITE", "Paired, but the ledger could not be written", {
      cause: error,
      hint: "hearth settlement verify",
    });
  } finally {
    ledger.close();
  }
}

function trimUrl(url: string): string {
  return url.replace(/\/+$/, "");
}
