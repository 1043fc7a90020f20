import { toInstant } from "../model/clock.ts";
import type { HearthConfig } from "../model/config.ts";
import type { Decision } from "../model/decision.ts";
import type {
  CoopState,
  DashboardView,
  ExplainView,
  HistoryPoint,
  SplitProof,
  StatusView,
} from "../model/view.ts";
import { type EventBook, shownEvent, toEventView } from "./event-book.ts";
import type { MinerKeeper } from "./miner-keeper.ts";

/** A day of minutes. */
const HISTORY_POINTS = 1440;
const LOG_LINES = 200;

export interface TodayEstimate {
  energyWh: number | null;
  sats: number | null;
  creditCents: number | null;
}

export interface PictureOptions {
  config: HearthConfig;
  isSimulated: boolean;
  keepers: readonly MinerKeeper[];
  book: EventBook;
  nowMs: () => number;
  decision: () => Decision | null;
  coop: () => { state: CoopState; lastContactMs: number | null };
  split: () => SplitProof | null;
  today: () => TodayEstimate;
  alarms: () => { code: string; text: string }[];
}

/** Everything that is shown of a running loop, made on demand from its parts. */
export function createPicture(options: PictureOptions) {
  const history: HistoryPoint[] = [];
  const log: { at: string; text: string }[] = [];

  const status = (): StatusView => {
    const decision = options.decision();
    const nowMs = options.nowMs();
    const event = shownEvent(options.book.all(), nowMs);
    const { state, lastContactMs } = options.coop();
    const targets = new Map(decision?.miners.map((miner) => [miner.name, miner.targetW]));
    return {
      at: toInstant(nowMs),
      loop: true,
      zone: decision?.zones ?? [],
      gridW: decision?.inputs.gridW ?? null,
      pvW: decision?.inputs.pvW ?? null,
      batteryW: null,
      socPercent: null,
      budgetW: decision?.budgetW ?? null,
      miners: options.keepers.map((keeper) => ({
        name: keeper.config.name,
        state: keeper.live()?.state ?? "unknown",
        powerW: keeper.live()?.powerW ?? null,
        targetW: targets.get(keeper.config.name) ?? null,
      })),
      event: event ? toEventView(event, nowMs) : null,
      reason: decision ? { code: decision.reason.code, text: decision.reason.text } : null,
      coop: {
        state,
        lastContactAt: lastContactMs === null ? null : toInstant(lastContactMs),
        name: options.config.coop?.name ?? null,
      },
      today: { ...options.today(), estimated: true },
    };
  };

  const explain = (): ExplainView | null => {
    const decision = options.decision();
    if (!decision) return null;
    const { totalW, reason, notHigher, notLower, next, inputs, miners } = decision;
    return { totalW, reason, notHigher, notLower, next, inputs, miners };
  };

  return {
    nowMs: options.nowMs,
    status,
    explain,
    /** One point a minute. */
    remember(): void {
      const decision = options.decision();
      if (!decision) return;
      const event = shownEvent(options.book.all(), options.nowMs());
      const isRunning = event?.hasStarted === true && !event.isOptedOut;
      history.push({
        atMs: options.nowMs(),
        roomC: decision.inputs.roomC,
        outdoorC: decision.inputs.outdoorC,
        powerW: measuredW(options.keepers),
        budgetW: decision.budgetW,
        pvW: decision.inputs.pvW,
        gridW: decision.inputs.gridW,
        eventLimitW: isRunning && event.event.type !== "raise" ? event.event.limitW : null,
      });
      if (history.length > HISTORY_POINTS) history.shift();
    },
    note(text: string): void {
      log.push({ at: toInstant(options.nowMs()), text });
      if (log.length > LOG_LINES) log.shift();
    },
    dashboard(headline: string | null): DashboardView {
      return {
        home: options.config.home.name,
        tz: options.config.home.tz,
        temperatureUnit: options.config.home.temperature,
        simulated: options.isSimulated,
        headline,
        status: status(),
        explain: explain(),
        split: options.split(),
        alarms: options.alarms(),
        history,
        log,
      };
    },
  };
}

export type Picture = ReturnType<typeof createPicture>;

/** Sum of the miners' draw now, W; null when one of them is unknown. */
export function measuredW(keepers: readonly MinerKeeper[]): number | null {
  let sum = 0;
  for (const keeper of keepers) {
    const powerW = keeper.live()?.powerW ?? null;
    if (powerW === null) return null;
    sum += powerW;
  }
  return sum;
}
