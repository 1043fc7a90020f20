import { HearthError } from "../model/errors.ts";
import type { MinerIdentity, MinerReading, PoolTarget, StoredPool, WriteResult } from "../model/miner.ts";
import type { DeviceLink } from "../model/miner-link.ts";
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
  /** Switches mining on or off. */
  setMining(link: DeviceLink, isOn: boolean, signal: AbortSignal): Promise<WriteResult>;
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
/** Mining is off within so long of the order, and back on the way to work, ms. */
export const MINING_WITHIN_MS = 20_000;
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
