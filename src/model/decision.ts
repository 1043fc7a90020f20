import type { Layer, ReasonCode } from "./reason.ts";

export interface Alarm {
  code: string;
  /** Plain words for a person. */
  text: string;
}

/** Why this many watts (control.md §13); one record per tick. Watts at the wall. */
export interface Decision {
  wallMs: number;
  /** Sum of the targets now in force, W. */
  totalW: number;
  /** What the layers allow in all before shaping, W. */
  budgetW: number;
  reason: { code: ReasonCode; layer: Layer; text: string };
  /** What stops more, and at how many watts; null when nothing does. */
  notHigher: { code: ReasonCode; atW: number; text: string } | null;
  /** What stops less. */
  notLower: { code: ReasonCode; atW: number; text: string } | null;
  /** What happens next by itself; null when nothing is known. */
  next: { code: ReasonCode; inS: number; text: string } | null;
  inputs: {
    surplusW: number | null;
    marginW: number | null;
    alpha: number | null;
    importUsdKwh: number | null;
    exportUsdKwh: number | null;
    mineUsdKwh: number | null;
    roomC: number | null;
    outdoorC: number | null;
    gridW: number | null;
    pvW: number | null;
    /** Age class of each input by name. */
    ages: Record<string, AgeClass>;
  };
  zones: ZoneDecision[];
  miners: MinerDecision[];
  alarms: Alarm[];
  /** Watts above a running event's limit because of the floor. */
  floorOverEventW: number;
}

export type AgeClass = "fresh" | "aging" | "stale" | "lost" | "faulty";

export interface ZoneDecision {
  name: string;
  roomC: number | null;
  setC: number;
  floorC: number;
}

export interface MinerDecision {
  name: string;
  state: "off" | "waking" | "ramping" | "tracking" | "stopping" | "fault" | "unreachable" | "manual";
  powerW: number | null;
  targetW: number;
  code: ReasonCode;
}
