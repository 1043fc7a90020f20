import { createHash } from "node:crypto";
import type { HearthPaths } from "../config/paths.ts";
import { openSecrets } from "../config/secrets.ts";
import type { CoopApi } from "../coop/coop-api.ts";
import { SECRET_NAMES } from "../coop/enrolment.ts";
import { loadSigningKey, type PublicJwk } from "../coop/keys.ts";
import { countersign, type VerifiedTerms, verifyTerms } from "../coop/terms-check.ts";
import { openLedger } from "../ledger/ledger.ts";
import { openStateStore, type StateStore, type StoredTerms } from "../ledger/state-store.ts";
import { type Clock, toInstant } from "../model/clock.ts";
import type { HearthConfig } from "../model/config.ts";
import { accessError, HearthError, refusedError, usageError } from "../model/errors.ts";
import type { FlatJws, SplitTerms } from "../model/terms.ts";
import { checkAddress } from "../settlement/payee.ts";
import { coopSharePpm, destinationChanges, parseTerms } from "../settlement/terms.ts";

/** Terms as kept in `state.db`. */
export interface KnownTerms {
  terms: SplitTerms;
  sha256: string;
  state: string;
  /** When they took effect here, ms. */
  sinceMs: number;
}

/** The terms in force, newest first by version; null before the first. */
export function activeTerms(store: StateStore): KnownTerms | null {
  const rows = store.terms().filter((row) => row.state === "active");
  const newest = rows.toSorted((a, b) => b.version - a.version)[0];
  return newest ? open(newest, store) : null;
}

/** The newest terms in any state, for the succession check. */
export function newestTerms(store: StateStore): KnownTerms | null {
  const newest = store.terms().toSorted((a, b) => b.version - a.version)[0];
  return newest ? open(newest, store) : null;
}

/** Percent as a person types it, to four decimals, as ppm (product.md §7). Throws `SHARE_INVALID` (2). */
export function parseSharePercent(text: string): number {
  const match = /^(\d{1,3})(?:[.,](\d{1,4}))?\s*%?$/.exec(text.trim());
  const ppm = match ? Number(match[1]) * 10_000 + Number((match[2] ?? "").padEnd(4, "0") || "0") : Number.NaN;
  if (Number.isInteger(ppm) && ppm >= 0 && ppm <= 1_000_000) return ppm;
  throw usageError(
    "SHARE_INVALID",
    `"${text.slice(0, 20)}" is no share between 0 and 100 percent with at most four decimals`,
    {
      left: "The split stays as it is",
      hint: "hearth split set 30",
    },
  );
}

export interface SetSplitOptions {
  paths: HearthPaths;
  config: HearthConfig;
  clock: Clock;
  api: CoopApi;
  sharePpm: number;
  /** The member's payout address or pool user; null keeps the present one. */
  payee: string | null;
  /** Shown before anything is signed; false stops. */
  confirm: (next: SplitTerms, changes: string[]) => Promise<boolean>;
}

/**
 * Asks the co-op for terms with this share, checks its signature, shows them, countersigns and activates them
 * (settlement.md §8). Inside a clock task. Throws `NOT_PAIRED` (5), `PAYEE_INVALID` (2), `TERMS_DIFFER` (5) when
 * the co-op signed something else than was asked, `SPLIT_DECLINED` (4).
 */
export async function setSplit(options: SetSplitOptions): Promise<KnownTerms> {
  const { paths, config, api, sharePpm } = options;
  const store = openStateStore(paths.state);
  try {
    const former = newestTerms(store);
    const payee = options.payee ?? former?.terms.legs.find((leg) => leg.role === "member")?.user ?? null;
    if (payee === null) {
      throw usageError("PAYEE_NEEDED", "The first split needs your payout address", {
        left: "The split stays as it is",
        hint: "hearth split set PERCENT --payee ADDRESS",
      });
    }
    checkPayee(payee);
    const jws = await api.postTerms({ sharePpm, payee, devices: config.miners.map((miner) => miner.name) });
    const verified = await verify(jws, options, former);
    // Kept before anybody is asked: the next version links to it, whatever the answer.
    if (verified.sha256 !== former?.sha256) {
      store.saveTerms({
        version: verified.terms.version,
        sha256: verified.sha256,
        jws: verified.jws,
        state: "pending",
      });
    }
    requireAsked(verified.terms, sharePpm, payee);
    const changes = former ? destinationChanges(verified.terms, former.terms) : [];
    if (!(await options.confirm(verified.terms, changes))) {
      throw refusedError("SPLIT_DECLINED", "You did not agree to the new split", {
        left: "The split stays as it is",
      });
    }
    const secret = openSecrets(paths).read(SECRET_NAMES.deviceKey);
    if (!secret) throw pairingBroken();
    const consent = await countersign(verified, loadSigningKey(JSON.parse(secret)));
    await api.consent(verified.terms.version, consent);
    return activate(options, store, verified);
  } finally {
    store.close();
  }
}

function activate({ paths, clock }: SetSplitOptions, store: StateStore, verified: VerifiedTerms): KnownTerms {
  const nowMs = clock.nowMs();
  const { terms, sha256, jws } = verified;
  const ledger = openLedger(paths.ledger);
  try {
    ledger.append("terms.received", { version: terms.version, sha256, jws }, nowMs);
    ledger.append(
      "terms.activated",
      { version: terms.version, sha256, share_ppm: coopSharePpm(terms), at: toInstant(nowMs) },
      nowMs,
    );
  } finally {
    ledger.close();
  }
  store.transaction(() => {
    for (const row of store.terms())
      if (row.state === "active") store.saveTerms({ ...row, state: "replaced" });
    store.saveTerms({ version: terms.version, sha256, jws, state: "active" });
    store.set(sinceKey(sha256), nowMs);
  });
  return { terms, sha256, state: "active", sinceMs: nowMs };
}

async function verify(
  jws: FlatJws,
  { config, paths }: SetSplitOptions,
  former: KnownTerms | null,
): Promise<VerifiedTerms> {
  const { coop } = config;
  const stored = openSecrets(paths).read(SECRET_NAMES.coopKey);
  if (!coop?.member || !coop.key_thumbprint || !stored) throw pairingBroken();
  const key = JSON.parse(stored) as PublicJwk;
  return verifyTerms(jws, {
    key,
    thumbprint: coop.key_thumbprint,
    coop: coop.id,
    member: coop.member,
    former,
  });
}

/** The member's leg goes where the member said and nowhere else, and the share is the one asked for. */
function requireAsked(terms: SplitTerms, sharePpm: number, payee: string): void {
  const member = terms.legs.find((leg) => leg.role === "member");
  const isPayeeRight =
    sharePpm === 1_000_000 ? member === undefined || member.user === payee : member?.user === payee;
  if (coopSharePpm(terms) === sharePpm && isPayeeRight) return;
  throw accessError("TERMS_DIFFER", "The co-op signed another split than the one asked for", {
    left: "The split stays as it is",
    hint: "tell the co-op; nothing was accepted",
  });
}

function checkPayee(payee: string): void {
  const checked = checkAddress(payee, "mainnet");
  if (checked.valid) return;
  throw usageError("PAYEE_INVALID", `The payout address is not accepted: ${checked.reason}`, {
    left: "The split stays as it is",
    hint: "copy the address again from your wallet",
  });
}

function pairingBroken(): HearthError {
  return accessError("NOT_PAIRED", "This home is not paired with a co-op that signs split terms", {
    left: "The split stays as it is",
    hint: "hearth pair --coop URL",
  });
}

const sinceKey = (sha256: string) => `terms-since:${sha256.slice(0, 16)}`;

function open(row: StoredTerms, store: StateStore): KnownTerms {
  const payload = Buffer.from(row.jws.payload, "base64url");
  if (createHash("sha256").update(payload).digest("hex") !== row.sha256) {
    throw new HearthError(
      7,
      "TERMS_DAMAGED",
      `Stored split terms version ${row.version} do not match their hash`,
      {
        left: "No split is changed",
        hint: "hearth split set PERCENT to agree anew",
      },
    );
  }
  return {
    terms: parseTerms(payload),
    sha256: row.sha256,
    state: row.state,
    sinceMs: store.get<number>(sinceKey(row.sha256)) ?? 0,
  };
}
