import { takeLock } from "../config/lock.ts";
import type { HearthPaths } from "../config/paths.ts";
import { openSecrets } from "../config/secrets.ts";
import { openLedger } from "../ledger/ledger.ts";
import { openStateStore, type StateStore } from "../ledger/state-store.ts";
import { HearthError, refusedError } from "../model/errors.ts";
import type { SplitTerms } from "../model/terms.ts";
import { createHttp } from "../net/http.ts";
import { createSystemClock } from "../net/system-clock.ts";
import { workerName } from "../settlement/worker-code.ts";
import { coopApiOf } from "./coop-access.ts";
import { requireHome } from "./home-files.ts";
import { applySplit, poolsFor, type SplitApplication } from "./split-apply.ts";
import { createSplitMechanisms } from "./split-mechanism.ts";
import { activeTerms, type KnownTerms, parseSharePercent, setSplit } from "./split-terms.ts";

/** `hearth split set`. Null after a dry run. */
export async function agreeOnSplit(options: {
  env: NodeJS.ProcessEnv;
  percent: string;
  payee: string | null;
  dryRun: boolean;
  confirm: (terms: SplitTerms, changes: string[]) => Promise<boolean>;
}): Promise<KnownTerms | null> {
  const sharePpm = parseSharePercent(options.percent);
  const { paths, config } = requireHome(options.env);
  const clock = createSystemClock();
  const http = createHttp();
  const lock = takeLock(paths, "The split stays as it is");
  try {
    const api = coopApiOf({ config, clock, http, secrets: openSecrets(paths) });
    if (options.dryRun) return null;
    return await clock.spawn(() =>
      setSplit({ paths, config, clock, api, sharePpm, payee: options.payee, confirm: options.confirm }),
    );
  } finally {
    lock.release();
    http.close();
  }
}

/** `hearth split apply`. Throws `NO_TERMS` (2) when nothing is agreed, `APPLY_DECLINED` (4). */
export async function applyAgreedSplit(options: {
  env: NodeJS.ProcessEnv;
  dryRun: boolean;
  signal: AbortSignal;
  confirm: (question: string) => Promise<boolean>;
}): Promise<SplitApplication[]> {
  const { paths, config } = requireHome(options.env);
  const known = readState(paths, activeTerms);
  if (!known) {
    throw new HearthError(2, "NO_TERMS", "No split is agreed yet", {
      left: "No miner was touched",
      hint: "hearth split set PERCENT --payee ADDRESS",
    });
  }
  const clock = createSystemClock();
  const { signal } = options;
  const plans = await applySplit(config, known.terms, {
    dryRun: true,
    signal,
    paths,
    store: null,
    pace: clock,
  });
  const toWrite = plans.filter((plan) => plan.result === "planned");
  if (options.dryRun || toWrite.length === 0) return plans;
  const names = toWrite.map((plan) => plan.miner).join(", ");
  const cost = toWrite.some((plan) => plan.needsRestart)
    ? "; this restarts it, and later each switch costs some hashing and heat"
    : "";
  if (!(await options.confirm(`Replace the pools of ${names}${cost}?`))) {
    throw refusedError("APPLY_DECLINED", "You did not agree", { left: "No miner was touched" });
  }
  const lock = takeLock(paths, "No miner was touched");
  const store = openStateStore(paths.state);
  const done = await applySplit(config, known.terms, {
    dryRun: false,
    ...{ signal, paths, store, pace: clock },
  }).finally(() => {
    store.close();
    lock.release();
  });
  const ledger = openLedger(paths.ledger);
  for (const entry of done) {
    ledger.append(
      "config.applied",
      { miner: entry.miner, result: entry.result, pools: entry.pools, terms: known.sha256 },
      clock.nowMs(),
    );
  }
  ledger.close();
  return done;
}

/** `hearth split show` (shape: interfaces.md §7). */
export function showSplit(env: NodeJS.ProcessEnv) {
  const { paths, config } = requireHome(env);
  const known = readState(paths, activeTerms);
  const mechanisms = readState(paths, (store) => {
    const kept = createSplitMechanisms(store);
    return new Map(config.miners.map(({ id }) => [id, kept.of(id)]));
  });
  return {
    terms: {
      version: known?.terms.version ?? null,
      sha256: known?.sha256 ?? null,
      state: known ? known.state : "none",
      reason: null,
    },
    legs: (known?.terms.legs ?? []).map(({ role, pool, user, worker, share_ppm }) => ({
      role,
      pool,
      user,
      worker,
      sharePpm: share_ppm,
    })),
    miners: known
      ? config.miners.map((miner, index) => ({
          name: miner.name,
          // Not known until it has answered once.
          ...(mechanisms?.get(miner.id) ?? { mechanism: null, stepPpm: null, slotS: null }),
          worker: workerName(known.terms.member, index + 1),
          pools: poolsFor(known.terms, index + 1).map(({ role, url, user }) => ({ role, url, user })),
        }))
      : [],
  };
}

/** What the state file says; null when there is none yet. */
function readState<T>(paths: HearthPaths, read: (store: StateStore) => T): T | null {
  try {
    const store = openStateStore(paths.state, { readOnly: true });
    try {
      return read(store);
    } finally {
      store.close();
    }
  } catch (error) {
    if (error instanceof HearthError && error.code === "STATE_MISSING") return null;
    throw error;
  }
}
