import type { Clock } from "../model/clock.ts";
import type { FaultPlan } from "./fault.ts";
import type { PoolEntry } from "./stratum-client.ts";
import type { Ticker } from "./ticker.ts";

/** Devices that can be emulated (`hearth emulate miner --model`). */
export const minerModels = [
  "antminer-s19",
  "antminer-s21",
  "avalon-mini3",
  "avalon-nano3",
  "avalon-nano3s",
  "avalon-q",
  "bitaxe",
  "braiins-s19",
  "braiins-s9",
  "luxos-s19",
  "nerdqaxe",
  "vnish-s19",
  "whatsminer-m20",
  "whatsminer-m30",
  "whatsminer-m60",
] as const;
export type MinerModel = (typeof minerModels)[number];

/** One miner that stands in the home. */
export interface MinerSetup {
  /** Name in `HomeTruth.miners` and of its stream of luck. */
  name: string;
  model: MinerModel;
  /** As configured in the device when the home starts, in order of preference. */
  pools: readonly PoolEntry[];
  /** MAC in lower-case colon form; made from the name when absent. */
  id?: string;
  host?: string;
  /** 0 or absent: any free port. */
  port?: number;
  /** Generation of the firmware, where the model has several; its newest when absent. */
  firmware?: string;
  /** Password of its page; the factory's when absent. */
  password?: string;
  faults?: readonly FaultPlan[];
}

/** What both emulators take. */
export interface EmulatorOptions extends MinerSetup {
  clock: Clock;
  seed: number;
  /** Shared by a home so that house and devices step together; own one when absent. */
  ticker?: Ticker;
  /** False: it stands there switched off (soft off, paused). True when absent. */
  startsMining?: boolean;
  /** Part of the power commands that are answered and forgotten; 0 when absent, 1/500 in a home (control.md §14). */
  lostCommandPart?: number;
  /** Part of the polls that begin 30 s without any answer; 0 when absent, 1/2000 in a home. */
  deafPart?: number;
  /** Air that it draws in, degC; 20 when absent. */
  inletC?: () => number;
}

/** An emulated miner on a real socket. */
export interface EmulatedMiner {
  readonly name: string;
  readonly model: MinerModel;
  /** As its driver knows it: MAC in lower-case colon form, or `serial:…` where its firmware tells no MAC. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** True draw at the wall now, W. */
  wallW(): number;
  /** True hash rate now, TH/s. */
  hashrateThs(): number;
  /** Mains off for that many seconds, then on: it wakes in its last mode. */
  powerCycle(offS: number): void;
  /** What it is set to beside its watts: pools, weights, fans, names. Passwords too, for it is emulated. */
  settings(): unknown;
  /** Changes that it was asked for and understood, obeyed or not. */
  orders(): number;
  /** Other faults from now on; none ends them. */
  setFaults(plans: readonly FaultPlan[]): void;
  close(): Promise<void>;
}

/** A locally administered MAC that stays the same for a name. */
export function macOf(name: string): string {
  let hash = 0x811c9dc5;
  for (const letter of name) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  const bytes = hash.toString(16).padStart(8, "0").match(/../g) ?? [];
  return ["02", "48", ...bytes].join(":");
}
