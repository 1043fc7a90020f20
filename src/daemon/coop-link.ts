import { coopApiOf } from "../app/coop-access.ts";
import { createSplitMechanisms } from "../app/split-mechanism.ts";
import type { SecretStore } from "../config/secrets.ts";
import type { CoopApi, SignedDay } from "../coop/coop-api.ts";
import { SECRET_NAMES } from "../coop/enrolment.ts";
import type { PublicJwk } from "../coop/keys.ts";
import { verifySettlement } from "../coop/settlement-check.ts";
import type { SeenEvents } from "../coop/signed-event.ts";
import { createVen, type Ven } from "../coop/ven.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { StateStore } from "../ledger/state-store.ts";
import type { Clock } from "../model/clock.ts";
import { type HearthConfig, settlementTz } from "../model/config.ts";
import type { CoopEvent } from "../model/coop-event.ts";
import { HearthError } from "../model/errors.ts";
import type { SettlementRecord } from "../model/settlement-record.ts";
import type { FlatJws } from "../model/terms.ts";
import type { CoopState } from "../model/view.ts";
import type { Http } from "../net/http.ts";
import { dayOf } from "../settlement/day.ts";
import type { CoopTariff } from "../settlement/tariff.ts";
import { workerName } from "../settlement/worker-code.ts";
import { uploadDue } from "./uploader.ts";

const CONTACT_KEY = "coop-contact";
const SEEN_KEY = "events-seen";
const FACTS_KEY = "coop-facts";
/** Age classes of the channel (control.md §2). */
const STALE_AFTER_MS = 15 * 60_000;
const LOST_AFTER_MS = 24 * 3_600_000;

/** Prices and rates as last told by the co-op; estimates use them, confirmed records carry their own. */
export interface CoopFacts {
  observedMs: number;
  price: { centsPerBtc: number; at: string; source: string; method: string } | null;
  network: { difficulty: string; rewardSats: string; poolFeePpm: number } | null;
  tariff: CoopTariff | null;
}

export interface ConfirmedDay {
  day: string;
  /** Null when the signature or the form is wrong; `problem` then says what. */
  record: Omit<SettlementRecord, "prev"> | null;
  jws: FlatJws;
  problem: string | null;
}

/** The loop's side of the co-op: events in, readings out, records back. A failure changes nothing here. */
export interface CoopLink {
  state(): CoopState;
  lastContactMs(): number | null;
  facts(): CoopFacts | null;
  /** The complete list of events; throws when the co-op cannot be asked. */
  pollEvents(minersMaxW: number): Promise<CoopEvent[]>;
  refreshFacts(): Promise<void>;
  /** Sends what is due, oldest first; marks as sent only what the co-op acknowledged. */
  upload(): Promise<void>;
  confirmedDays(fromDay: string, toDay: string): Promise<ConfirmedDay[]>;
  /** Keeps the moment of the last contact over restarts. */
  save(): void;
}

export interface CoopLinkOptions {
  config: HearthConfig;
  clock: Clock;
  http: Http;
  secrets: SecretStore;
  store: StateStore;
  ledger: Ledger;
}

/** Null when the home is not paired. Throws `PAIRING_BROKEN` (5) when the stored secrets are missing. */
export function createCoopLink(options: CoopLinkOptions): CoopLink | null {
  const { config, clock, http, secrets, store, ledger } = options;
  const coop = config.coop;
  if (!coop) return null;
  const api = coop.kind === "coop" && coop.url ? coopApiOf({ config, clock, http, secrets }) : null;
  const coopKey = readKey(secrets);
  let lastContactMs: number | null = store.get<number>(CONTACT_KEY);
  let facts = store.get<CoopFacts>(FACTS_KEY);
  let isRefused = false;
  let lastMaxW = 0;
  let ven: Ven | null = null;

  /** Counts as contact only where the co-op has answered; `hasAsked` false: there was nothing to ask. */
  const attempt = async <T>(
    work: () => Promise<T>,
    hasAsked: (result: T) => boolean = () => true,
  ): Promise<T> => {
    try {
      const result = await work();
      if (hasAsked(result)) {
        lastContactMs = clock.nowMs();
        isRefused = false;
      }
      return result;
    } catch (error) {
      if (error instanceof HearthError && error.exit === 5) isRefused = true;
      throw error;
    }
  };

  return {
    lastContactMs: () => lastContactMs,
    facts: () => facts,
    state() {
      if (isRefused) return "refused";
      const ageMs = lastContactMs === null ? Number.POSITIVE_INFINITY : clock.nowMs() - lastContactMs;
      if (ageMs > LOST_AFTER_MS) return lastContactMs === null ? "stale" : "lost";
      return ageMs > STALE_AFTER_MS ? "stale" : "linked";
    },
    pollEvents: (minersMaxW) =>
      attempt(async () => {
        lastMaxW = minersMaxW;
        if (!ven) {
          const opened = await openVen(options, coopKey, () => lastMaxW);
          if (api) await registerMiners(api, options);
          ven = opened;
        }
        const { events } = await ven.poll();
        return events;
      }),
    async refreshFacts() {
      if (!api) return;
      await attempt(async () => {
        const now = clock.nowMs();
        const [price, tariff] = await Promise.all([
          api.price(now),
          api.tariff(dayOf(now, settlementTz(config))),
        ]);
        facts = {
          observedMs: now,
          price: price && {
            centsPerBtc: price.centsPerBtc,
            at: price.at,
            source: price.source,
            method: price.method,
          },
          network: price?.network ?? null,
          tariff,
        };
        store.set(FACTS_KEY, facts);
        if (price)
          ledger.append(
            "price.observed",
            { cents_per_btc: price.centsPerBtc, source: price.source, at: price.at },
            now,
          );
      });
    },
    save: () => store.set(CONTACT_KEY, lastContactMs),
    async upload() {
      if (api)
        await attempt(
          () => uploadDue(api, options),
          (requests) => requests > 0,
        );
    },
    confirmedDays: (fromDay, toDay) =>
      attempt(async () => {
        if (!api || !coopKey || !coop.key_thumbprint || !coop.member) return [];
        const rules = { key: coopKey, thumbprint: coop.key_thumbprint, coop: coop.id, member: coop.member };
        return openAll(await api.settlements(fromDay, toDay), rules);
      }),
  };
}

/** The co-op's public key as stored at pairing; null when there is none. */
export function readKey(secrets: SecretStore): PublicJwk | null {
  const stored = secrets.read(SECRET_NAMES.coopKey);
  return stored ? (JSON.parse(stored) as PublicJwk) : null;
}

async function openVen(
  options: CoopLinkOptions,
  coopKey: PublicJwk | null,
  maxTotalW: () => number,
): Promise<Ven> {
  const { config, clock, http, secrets, store } = options;
  const coop = config.coop;
  const openadr = coop?.openadr;
  if (!coop || !openadr)
    throw new HearthError(5, "PAIRING_BROKEN", "The pairing has no OpenADR part", {
      hint: "hearth pair --coop URL",
    });
  const ven = createVen({
    http,
    clock,
    openadr,
    secret: openadr.secret_ref ? secrets.read(openadr.secret_ref) : null,
    signed:
      coop.kind === "coop" && coopKey && coop.member && coop.key_thumbprint
        ? {
            key: coopKey,
            thumbprint: coop.key_thumbprint,
            coop: coop.id,
            member: coop.member,
            memory: {
              read: () => store.get<SeenEvents>(SEEN_KEY) ?? {},
              write: (seen) => store.set(SEEN_KEY, seen),
            },
          }
        : null,
    capacity: () => ({ maxTotalW: maxTotalW(), baseLoadW: config.control.base_load_w }),
  });
  await ven.register(config.miners.map((miner) => ({ name: miner.name, maxW: miner.max_w ?? 0 })));
  return ven;
}

/** Tells the co-op which miners send readings; repeating it changes nothing there. */
async function registerMiners(api: CoopApi, { config, store }: CoopLinkOptions): Promise<void> {
  const member = config.coop?.member;
  if (!member) return;
  for (const [index, miner] of config.miners.entries()) {
    const { id, name, driver, model } = miner;
    const known = createSplitMechanisms(store).of(id);
    const worker = workerName(member, index + 1);
    await api.postDevice({
      id: name,
      model: model ?? driver,
      firmware: driver,
      worker,
      ...(known ? { mechanism: known.mechanism } : {}),
    });
  }
}

/** Opens each signed day by itself; one that cannot be opened is told as such and holds up no other. */
async function openAll(
  signed: readonly SignedDay[],
  rules: Parameters<typeof verifySettlement>[1],
): Promise<ConfirmedDay[]> {
  const days: ConfirmedDay[] = [];
  for (const { day, jws } of signed) {
    try {
      days.push({ day, record: await verifySettlement(jws, rules), jws, problem: null });
    } catch (error) {
      const problem = error instanceof HearthError ? error.message : "it cannot be read";
      days.push({ day, record: null, jws, problem });
    }
  }
  return days;
}
