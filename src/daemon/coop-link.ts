import { coopApiOf } from "../app/coop-access.ts";
import type { SecretStore } from "../config/secrets.ts";
import type { CoopApi } from "../coop/coop-api.ts";
import { SECRET_NAMES } from "../coop/enrolment.ts";
import type { PublicJwk } from "../coop/keys.ts";
import { verifySettlement } from "../coop/settlement-check.ts";
import type { SeenEvents } from "../coop/signed-event.ts";
import { toIntervalBatches, toWorkBatch } from "../coop/upload.ts";
import { createVen, type Ven } from "../coop/ven.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { StateStore } from "../ledger/state-store.ts";
import type { IntervalRow } from "../model/book-rows.ts";
import { type Clock, toInstant } from "../model/clock.ts";
import { type HearthConfig, settlementTz } from "../model/config.ts";
import type { CoopEvent } from "../model/coop-event.ts";
import { HearthError } from "../model/errors.ts";
import type { SettlementRecord } from "../model/settlement-record.ts";
import type { FlatJws } from "../model/terms.ts";
import type { CoopState } from "../model/view.ts";
import type { Http } from "../net/http.ts";
import { dayOf } from "../settlement/day.ts";
import { worseQuality } from "../settlement/energy.ts";
import type { CoopTariff } from "../settlement/tariff.ts";
import { workerName } from "../settlement/worker-code.ts";
import { INTERVAL_S } from "./energy-meter.ts";

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
  record: Omit<SettlementRecord, "prev">;
  jws: FlatJws;
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

  const contact = <T>(result: T): T => {
    lastContactMs = clock.nowMs();
    isRefused = false;
    return result;
  };
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return contact(await work());
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
    refreshFacts: () =>
      attempt(async () => {
        if (!api) return;
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
      }),
    save: () => store.set(CONTACT_KEY, lastContactMs),
    upload: () => attempt(() => uploadAll(api, options)),
    confirmedDays: (fromDay, toDay) =>
      attempt(async () => {
        if (!api || !coopKey || !coop.key_thumbprint || !coop.member) return [];
        const rules = { key: coopKey, thumbprint: coop.key_thumbprint, coop: coop.id, member: coop.member };
        const signed = await api.settlements(fromDay, toDay);
        return Promise.all(
          signed.map(async ({ jws }) => ({ record: await verifySettlement(jws, rules), jws })),
        );
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
async function registerMiners(api: CoopApi, { config }: CoopLinkOptions): Promise<void> {
  const member = config.coop?.member;
  if (!member) return;
  for (const [index, miner] of config.miners.entries()) {
    const { name, driver, model } = miner;
    const worker = workerName(member, index + 1);
    await api.postDevice({
      id: name,
      model: model ?? driver,
      firmware: driver,
      worker,
      mechanism: "time-slice",
    });
  }
}

async function uploadAll(api: CoopApi | null, { store, ledger, clock }: CoopLinkOptions): Promise<void> {
  if (!api) return;
  const intervals = store.pendingIntervals(2000);
  for (const batch of toIntervalBatches(intervals.map(onGrid), "miner")) {
    await api.postIntervals(batch);
    ledger.append(
      "interval.uploaded",
      { device: batch.device, start: batch.start, count: batch.wh.length },
      clock.nowMs(),
    );
  }
  if (intervals.length > 0) store.markIntervalsUploaded(intervals);
  // The running hour still grows; it is sent when it is over.
  const hourMs = Math.floor(clock.nowMs() / 3_600_000) * 3_600_000;
  const work = store.pendingWork(2000).filter((row) => row.hourMs < hourMs);
  if (work.length === 0) return;
  await api.postWork(toWorkBatch(work));
  store.markWorkUploaded(work);
  ledger.append("split.uploaded", { until: toInstant(hourMs), rows: work.length }, clock.nowMs());
}

/** Part of a quarter hour that must have had readings for its energy to pass as measured. */
const WHOLE_RATIO = 0.9;

/** Rows of the co-op lie on the grid of quarter hours; one with a gap says so by its quality. */
function onGrid(row: IntervalRow): IntervalRow {
  const hasGap = row.seconds < INTERVAL_S * WHOLE_RATIO;
  return {
    ...row,
    seconds: INTERVAL_S,
    quality: hasGap ? worseQuality(row.quality, "questionable") : row.quality,
  };
}
