import type { Ledger } from "../ledger/ledger.ts";
import type { StateStore } from "../ledger/state-store.ts";
import type { Clock } from "../model/clock.ts";
import { type HearthConfig, settlementTz } from "../model/config.ts";
import type { SettlementRecord } from "../model/settlement-record.ts";
import { addDays, dayOf, energyWindow, miningWindow } from "../settlement/day.ts";
import { fppsMsat, type NetworkFacts, netMsat, valueUusd } from "../settlement/earnings.ts";
import { bucketEnergy } from "../settlement/energy.ts";
import { checkRecord, failedChecks } from "../settlement/identities.ts";
import { buildDayRecord, type DayInput, type DebtInput, type WorkInput } from "../settlement/record.ts";
import type { ConfirmedDay, CoopFacts, CoopLink } from "./coop-link.ts";
import type { ClosedInterval, EnergyMeter } from "./energy-meter.ts";
import type { SplitWatch } from "./split-watch.ts";
import type { TodayEstimate } from "./view.ts";

/** A day is estimated this long after both of its windows are over (settlement.md §13). */
const ESTIMATE_AFTER_MS = 30 * 60_000;
const UUSD_PER_CENT = 10_000n;
/** Confirmed days may come this late (settlement.md §13). */
const LOOK_BACK_DAYS = 7;

export interface DayBooksOptions {
  config: HearthConfig;
  clock: Clock;
  store: StateStore;
  ledger: Ledger;
  link: CoopLink | null;
  split: SplitWatch | null;
  meters: ReadonlyMap<string, EnergyMeter>;
  onDay: (record: SettlementRecord) => void;
  /** A record of the co-op that does not hold; the words for an alarm. */
  onDispute: (day: string, text: string) => void;
}

/** Keeps the days: quarter hours in, estimated records out, the co-op's signed records checked and appended. */
export function createDayBooks(options: DayBooksOptions) {
  const { config, clock, store, ledger, link } = options;
  const tz = settlementTz(config);

  const waiting: ClosedInterval[] = [];

  return {
    /** Quarter hours as they close: to the ledger, then to the queue for the co-op; kept while the disk is full. */
    record(intervals: readonly ClosedInterval[]): void {
      waiting.push(...intervals);
      for (let interval = waiting[0]; interval; interval = waiting[0]) {
        const { miner, startMs, wh, quality, wattMax } = interval;
        const seconds = Math.round(interval.seconds * interval.coverageRatio);
        ledger.append("interval.recorded", { miner, start_ms: startMs, seconds, wh, quality }, clock.nowMs());
        store.addInterval({ miner, startMs, seconds, wh, quality, wattMax });
        waiting.shift();
      }
    },
    today: (): TodayEstimate => estimateToday(options),
    /** Estimates every day that is over, then takes what the co-op has confirmed. */
    async settleDue(): Promise<void> {
      if (config.coop?.kind !== "coop" || !link) return;
      const facts = link.facts();
      for (const day of daysToEstimate(options)) {
        // Without a price there is no value to write down; the day waits (settlement.md §11).
        if (facts?.price) append(options, buildDayRecord(dayInput(options, day, facts, facts.price)), null);
      }
      await takeConfirmed(options, dayOf(clock.nowMs(), tz));
    },
  };
}

export type DayBooks = ReturnType<typeof createDayBooks>;

/** Network facts as numbers of the books; null when the co-op gave none. */
export function networkOf(facts: CoopFacts | null): NetworkFacts | null {
  if (!facts?.network) return null;
  const { difficulty, rewardSats, poolFeePpm } = facts.network;
  return { difficulty: BigInt(difficulty), rewardSats: BigInt(rewardSats), feePpm: BigInt(poolFeePpm) };
}

function append(
  { ledger, onDay }: DayBooksOptions,
  record: Omit<SettlementRecord, "prev">,
  jws: Parameters<Ledger["appendSettlement"]>[1],
): void {
  const row = ledger.appendSettlement(record, jws ?? null);
  onDay(row.record);
}

/** Days that are over by now, from the first day with readings on, and have no record yet. */
function daysToEstimate({ clock, config, store, ledger }: DayBooksOptions): string[] {
  const tz = settlementTz(config);
  const nowMs = clock.nowMs();
  const first = store.intervals(nowMs - LOOK_BACK_DAYS * 86_400_000, nowMs)[0];
  if (!first) return [];
  const due: string[] = [];
  for (let day = dayOf(first.startMs, tz); day < dayOf(nowMs, tz); day = addDays(day, 1)) {
    const overMs = Math.max(energyWindow(day, tz).endMs, miningWindow(day).endMs) + ESTIMATE_AFTER_MS;
    if (overMs <= nowMs && ledger.latest(day, config.coop?.member ?? undefined) === null) due.push(day);
  }
  return due;
}

function dayInput(
  options: DayBooksOptions,
  day: string,
  facts: CoopFacts,
  price: NonNullable<CoopFacts["price"]>,
): DayInput {
  const { config, store, ledger, split } = options;
  const network = networkOf(facts);
  const window = energyWindow(day, settlementTz(config));
  const former = ledger.former({ coop: config.coop?.id ?? "", member: config.coop?.member ?? "", day });
  return {
    coop: config.coop?.id ?? "",
    member: config.coop?.member ?? "",
    day,
    tz: settlementTz(config),
    revision: 1,
    state: "estimated",
    energy: facts.tariff
      ? bucketEnergy({
          tariff: facts.tariff,
          window,
          devices: config.miners.map((miner) => miner.name),
          intervals: store
            .intervals(window.startMs, window.endMs)
            .map((row) => ({ ...row, quality: row.quality })),
          source: "miner",
        })
      : [],
    work: network ? workIn(options, miningWindow(day), network) : [],
    price: {
      cents_per_btc: price.centsPerBtc,
      at: price.at,
      source: price.source,
      method: price.method,
      status: "estimated",
    },
    terms: split ? { version: split.active.terms.version, sha256: split.active.sha256 } : null,
    former: former && {
      closeUusd: former.balance.close_uusd,
      carryOutUusd: former.credit.carry_out_uusd,
    },
    debt: split && network ? debtUntil(options, split, miningWindow(day).endMs, network) : null,
  };
}

/** Work since the terms took effect up to the end of the day, as the pools account it (settlement.md §4.7). */
function debtUntil(
  { store }: DayBooksOptions,
  split: SplitWatch,
  endMs: number,
  network: NetworkFacts,
): DebtInput {
  const sinceMs = Math.floor(split.active.sinceMs / 3_600_000) * 3_600_000;
  const sum = { coop: 0n, member: 0n };
  for (const row of store.work(sinceMs, endMs)) sum[row.role] += row.accepted;
  return {
    sharePpm: split.targetPpm,
    coopDifficulty: sum.coop,
    totalDifficulty: sum.coop + sum.member,
    network,
  };
}

function workIn(
  { store }: DayBooksOptions,
  window: { startMs: number; endMs: number },
  network: NetworkFacts,
): WorkInput[] {
  const rows = store.work(window.startMs, window.endMs);
  return (["coop", "member"] as const).map((role) => {
    const own = rows.filter((row) => row.role === role);
    return {
      role,
      acceptedDifficulty: own.reduce((sum, row) => sum + row.accepted, 0n),
      rejectedDifficulty: own.reduce((sum, row) => sum + row.rejected, 0n),
      earning: { kind: "expected", network },
    };
  });
}

async function takeConfirmed(options: DayBooksOptions, today: string): Promise<void> {
  const { link, ledger } = options;
  const open = Array.from({ length: LOOK_BACK_DAYS }, (_, back) =>
    addDays(today, back - LOOK_BACK_DAYS),
  ).filter((day) => ledger.latest(day, options.config.coop?.member ?? undefined)?.state === "estimated");
  const [first] = open;
  if (!link || first === undefined) return;
  const confirmed = await link.confirmedDays(first, open.at(-1) ?? first);
  for (const signed of confirmed.toSorted((a, b) => a.day.localeCompare(b.day))) {
    if (!open.includes(signed.day)) continue;
    const problem = signed.record ? differencesOf(options, signed.record) : signed.problem;
    if (signed.record && problem === null) append(options, signed.record, signed.jws);
    else refuse(options, signed, problem ?? "it cannot be read");
  }
}

/** What of a record does not hold, in words; null when all of it does. */
function differencesOf(
  { ledger, split }: DayBooksOptions,
  record: Omit<SettlementRecord, "prev">,
): string | null {
  const former = ledger.former(record);
  // The day belongs to the terms of that day; those in force now say nothing about it when they are others.
  const isSameTerms = split !== null && record.terms?.version === split.active.terms.version;
  const terms = isSameTerms ? split.active.terms : null;
  const failed = failedChecks(checkRecord({ ...record, prev: "0".repeat(64) }, former, terms));
  if (failed.length === 0) return null;
  return failed.map((check) => `${check.name}: ${check.found} instead of ${check.expected}`).join("; ");
}

/** Noted once per signature: the co-op may send the same record every ten minutes. */
function refuse(
  { store, ledger, clock, onDispute }: DayBooksOptions,
  signed: ConfirmedDay,
  text: string,
): void {
  const key = `refused:${signed.day}`;
  onDispute(signed.day, text);
  if (store.get<string>(key) === signed.jws.signature) return;
  ledger.append(
    "settlement.refused",
    { day: signed.day, text, signature: signed.jws.signature },
    clock.nowMs(),
  );
  store.set(key, signed.jws.signature);
}

function estimateToday(options: DayBooksOptions): TodayEstimate {
  const { config, clock, store, link, meters, ledger } = options;
  const day = dayOf(clock.nowMs(), settlementTz(config));
  const window = energyWindow(day, settlementTz(config));
  const closedWh = store.intervals(window.startMs, window.endMs).reduce((sum, row) => sum + row.wh, 0);
  const energyWh = Math.round([...meters.values()].reduce((sum, meter) => sum + meter.openWh(), closedWh));
  const facts = link?.facts() ?? null;
  const network = networkOf(facts);
  if (!network) return { energyWh, sats: null, creditCents: null };
  // Since midnight like the energy beside it; the day itself is settled on the pools' UTC day.
  const legs = workIn(options, window, network).map(({ role, acceptedDifficulty }) => {
    const { rewardSats, difficulty, feePpm } = network;
    const gross = fppsMsat({
      difficulty1Shares: acceptedDifficulty,
      rewardSats,
      networkDifficulty: difficulty,
    });
    return { role, msat: netMsat(gross, feePpm) };
  });
  const totalMsat = legs.reduce((sum, leg) => sum + leg.msat, 0n);
  const coopMsat = legs.find((leg) => leg.role === "coop")?.msat ?? 0n;
  const price = facts?.price;
  const carryUusd =
    ledger.former({ coop: config.coop?.id ?? "", member: config.coop?.member ?? "", day })?.credit
      .carry_out_uusd ?? 0;
  const creditCents = price
    ? Number((valueUusd(coopMsat, BigInt(price.centsPerBtc)) + BigInt(carryUusd)) / UUSD_PER_CENT)
    : null;
  return { energyWh, sats: Number(totalMsat / 1000n), creditCents };
}
