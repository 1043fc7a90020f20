import { HearthError } from "../model/errors.ts";
import type { MinerIdentity, MinerReading, PoolTarget, StoredPool, WriteResult } from "../model/miner.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import type { Sent } from "../model/prove-write.ts";
import { isSameUrl } from "./pool-target.ts";
import type { PowerCommands } from "./whatsminer-power.ts";

/** Reads of one generation of the Whatsminer API. */
export interface WhatsminerReads {
  /** Null when the device does not speak it, or is of another make. */
  identify(link: DeviceLink, signal: AbortSignal): Promise<MinerIdentity | null>;
  read(link: DeviceLink, signal: AbortSignal): Promise<MinerReading>;
  backup(link: DeviceLink, signal: AbortSignal): Promise<StoredPool[]>;
}

/** What a generation with writes does beside. */
export interface WhatsminerWrites extends PowerCommands {
  /** Null where the firmware does not tell whether mining is switched on. */
  isOn(link: DeviceLink, signal: AbortSignal): Promise<boolean | null>;
  /** False also where no rate is told. */
  isHashing(link: DeviceLink, signal: AbortSignal): Promise<boolean>;
  /** Words of the errors by which the firmware keeps the chips off; null without one. */
  heatFault(link: DeviceLink, signal: AbortSignal): Promise<string | null>;
  /** Signs in for an order that switches mining on or off. What it throws comes from before anything was sent. */
  miningOrder(link: DeviceLink, isOn: boolean, signal: AbortSignal): Promise<() => Promise<Sent>>;
  writePools(link: DeviceLink, pools: readonly PoolTarget[], signal: AbortSignal): Promise<WriteResult>;
  /** Restarts the mining process. */
  restart(link: DeviceLink, signal: AbortSignal): Promise<WriteResult>;
}

export interface Generation extends WhatsminerReads {
  /** Null on API v1: it is only read. */
  writes: WhatsminerWrites | null;
}

/** Slots of the firmware, failover only (miners.md §11). */
export const POOL_SLOTS = 3;
/** Pools read back at once where the build shows stored pools at all, ms. */
export const POOLS_WITHIN_MS = 3_000;

/** Do the pools in use stand as wanted, in their order? Their passwords are not told. */
export function arePools(stored: readonly StoredPool[], wanted: readonly PoolTarget[]): boolean {
  return (
    stored.length === wanted.length &&
    wanted.every(({ url, user }, slot) => {
      const found = stored[slot];
      return found !== undefined && isSameUrl(found.url, url) && found.user === user;
    })
  );
}

/** The heater stays readable when only a part of what it tells is broken: that part is not told then. */
export async function readable<T>(asked: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return asked.catch((error: unknown) => {
    if (error instanceof HearthError && !signal.aborted) return null;
    throw error;
  });
}
