import type { EventPriority, EventType } from "./coop-event.ts";
import type { Decision } from "./decision.ts";
import type { MinerState } from "./miner.ts";

/** `hearth status` (product.md §7), camelCase; also what the dashboard draws. */
export interface StatusView {
  at: string;
  loop: boolean;
  zone: { name: string; roomC: number | null; setC: number; floorC: number }[];
  gridW: number | null;
  pvW: number | null;
  batteryW: number | null;
  socPercent: number | null;
  budgetW: number | null;
  miners: { name: string; state: MinerState; powerW: number | null; targetW: number | null }[];
  event: EventView | null;
  reason: { code: string; text: string } | null;
  coop: { state: CoopState; lastContactAt: string | null; name: string | null };
  /** Today so far, always an estimate. Null is unknown. */
  today: { energyWh: number | null; sats: number | null; creditCents: number | null; estimated: true };
}

export type CoopState = "unpaired" | "linked" | "stale" | "lost" | "refused";

export interface EventView {
  id: string;
  type: EventType;
  priority: EventPriority;
  limitW: number;
  start: string;
  end: string | null;
  optedOut: boolean;
  met: boolean | null;
  state: "future" | "active" | "ended" | "cancelled";
}

/** `hearth explain`. */
export interface ExplainView {
  totalW: number;
  reason: Decision["reason"];
  notHigher: Decision["notHigher"];
  notLower: Decision["notLower"];
  next: Decision["next"];
  inputs: Decision["inputs"];
  miners: Decision["miners"];
}

/** `hearth split verify`. */
export interface SplitProof {
  legs: SplitLegProof[];
  drift: string[];
  verdict: "ok" | "not_enough_shares" | "drift" | "skewed";
  /** Accepted shares in the window. */
  shares: number;
  window: { start: string; end: string } | null;
  mechanisms: Record<string, string>;
}

export interface SplitLegProof {
  role: "coop" | "member";
  targetPpm: number;
  measuredPpm: number | null;
  lowPpm: number | null;
  highPpm: number | null;
  /** Decimal string of difficulty-1 shares. */
  acceptedDifficulty: string;
}

/** One point of the dashboard's history, a minute apart. Null is unknown. */
export interface HistoryPoint {
  atMs: number;
  roomC: number | null;
  outdoorC: number | null;
  powerW: number | null;
  budgetW: number | null;
  pvW: number | null;
  gridW: number | null;
  eventLimitW: number | null;
}

/** All that a dashboard needs; sent once a second at most. */
export interface DashboardView {
  home: string;
  tz: string;
  temperatureUnit: "C" | "F";
  simulated: boolean;
  /** Extra line of the caller: the demo says here what it is doing. */
  headline: string | null;
  status: StatusView;
  explain: ExplainView | null;
  split: SplitProof | null;
  alarms: { code: string; text: string }[];
  history: HistoryPoint[];
  log: { at: string; text: string }[];
}
