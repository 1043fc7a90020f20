import type { HearthConfig } from "../model/config.ts";
import { HearthError } from "../model/errors.ts";
import type { PoolReading, PoolTarget, WriteResult } from "../model/miner.ts";
import type { SplitTerms } from "../model/terms.ts";
import { fullUser } from "../settlement/payee.ts";
import { isSamePool } from "../settlement/pool-url.ts";
import { workerName } from "../settlement/worker-code.ts";
import type { MinerPort } from "./miner-port.ts";
import { type AdoptedOptions, openAdopted } from "./open-adopted.ts";
import { createSplitMechanisms, type SplitMechanism, splitMechanismOf } from "./split-mechanism.ts";

/** What `split apply` would do, or did, on one miner. */
export interface SplitApplication {
  miner: string;
  /** Null: the miner did not answer, so it is not known. */
  mechanism: SplitMechanism["mechanism"] | null;
  stepPpm: number | null;
  slotS: number | null;
  /** Every switch costs hashing and heat. */
  needsRestart: boolean;
  result: WriteResult | "unchanged" | "planned";
  pools: { role: string; url: string; user: string }[];
  /** Why nothing could be done; null when it could. */
  problem: string | null;
}

/** The pools of one miner by the terms: the member's leg first, so that a reset of the choice falls to it. */
export function poolsFor(terms: SplitTerms, deviceIndex: number): PoolTarget[] {
  const order = ["member", "coop"] as const;
  return order.flatMap((role) => {
    const leg = terms.legs.find((candidate) => candidate.role === role);
    if (!leg) return [];
    const user = fullUser(leg.user, workerName(terms.member, deviceIndex));
    return [{ url: leg.pool, user, password: "x", role, sharePpm: leg.share_ppm }];
  });
}

/**
 * Writes the terms' pools into every adopted miner and restarts those that need it; with `dryRun` it only says what
 * it would do. Never reduces a split to one destination: a device that cannot hold both is reported, not half-set.
 */
export async function applySplit(
  config: HearthConfig,
  terms: SplitTerms,
  { dryRun, signal, ...ground }: AdoptedOptions & { dryRun: boolean; signal: AbortSignal },
): Promise<SplitApplication[]> {
  const applications: SplitApplication[] = [];
  for (const [index, miner] of config.miners.entries()) {
    // Between two miners one may stop; within one it would leave half a split behind.
    signal.throwIfAborted();
    const pools = poolsFor(terms, index + 1);
    let port: MinerPort | null = null;
    try {
      port = await openAdopted(miner, ground);
      const applied = await applyOne(port, miner.name, pools, dryRun);
      const { mechanism, stepPpm, slotS } = applied;
      if (ground.store && mechanism)
        createSplitMechanisms(ground.store).keep(miner.id, { mechanism, stepPpm, slotS });
      applications.push(applied);
    } catch (error) {
      if (signal.aborted || !(error instanceof HearthError)) throw error;
      applications.push({ ...blank(miner.name, pools), result: "unknown", problem: error.message });
    } finally {
      port?.close();
    }
  }
  return applications;
}

async function applyOne(
  port: MinerPort,
  name: string,
  pools: PoolTarget[],
  dryRun: boolean,
): Promise<SplitApplication> {
  // Each call has a limit of its own: one for all of them could end between the pools and the restart they need.
  const capabilities = await port.capabilities();
  const plan: SplitApplication = {
    ...blank(name, pools),
    ...splitMechanismOf(capabilities),
    needsRestart: capabilities.poolsNeedRestart,
  };
  if (plan.mechanism === "none") {
    return {
      ...plan,
      problem: "it can neither share its work between two pools nor change its pool from here",
    };
  }
  const longUser = pools.find((pool) => pool.user.length > capabilities.maxUserLength);
  if (longUser) {
    return {
      ...plan,
      problem: `the user name of the ${longUser.role} pool is longer than the ${capabilities.maxUserLength} characters it keeps`,
    };
  }
  const { pools: present, state } = await port.read();
  const isNative = capabilities.split !== "none";
  // Without shares of its own the firmware gets the pools in order, and the slices of the loop make the shares.
  const wanted = isNative
    ? pools
    : fillSlots(
        pools.map((pool) => ({ ...pool, sharePpm: null })),
        present,
      );
  if (hasPools(present, wanted, capabilities.splitStepPpm)) return { ...plan, result: "unchanged" };
  // Stored without the restart they would read as set the next time, and the restart would never come.
  if (plan.needsRestart && state === "paused" && capabilities.pausePersists !== true) {
    return {
      ...plan,
      problem: "it rests, and the restart that new pools need would wake it; apply again when it mines",
    };
  }
  if (dryRun) return { ...plan, result: "planned" };
  const written = await port.writePools(wanted);
  if (written === "rejected" || written === "unknown") return { ...plan, result: written };
  return { ...plan, result: plan.needsRestart ? await port.restart() : written };
}

function blank(miner: string, pools: PoolTarget[]): SplitApplication {
  return {
    miner,
    ...{ mechanism: null, stepPpm: null, slotS: null },
    needsRestart: false,
    result: "rejected",
    pools: pools.map(({ role, url, user }) => ({ role, url, user })),
    problem: null,
  };
}

/** A third slot that leads to a stranger is filled with the first leg: no work may go where the terms do not say. */
function fillSlots(pools: readonly PoolTarget[], present: readonly PoolReading[]): PoolTarget[] {
  const [first] = pools;
  const used = present.findLastIndex((pool) => pool.url !== "" && pool.state !== "disabled") + 1;
  const spare = Math.max(0, used - pools.length);
  return first ? [...pools, ...Array.from({ length: spare }, () => first)] : [...pools];
}

function hasPools(
  present: readonly PoolReading[],
  wanted: readonly PoolTarget[],
  stepPpm: number | null,
): boolean {
  return wanted.every((pool, index) => {
    const entry = present[index];
    const isSame = entry !== undefined && isSamePool(entry.url, pool.url) && entry.user === pool.user;
    return isSame && isSameShare(entry.sharePpm, pool.sharePpm, stepPpm);
  });
}

/** Within half a step of the firmware, ppm: closer it cannot be set. Nothing wanted is always the same. */
export function isSameShare(present: number | null, wanted: number | null, stepPpm: number | null): boolean {
  if (wanted === null) return true;
  return present !== null && Math.abs(present - wanted) <= (stepPpm ?? 1) / 2;
}
