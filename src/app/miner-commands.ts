import { readConfig } from "../config/config-store.ts";
import { hearthPaths } from "../config/paths.ts";
import { openSecrets } from "../config/secrets.ts";
import { circuitLimitW as circuitLimit } from "../control/layers/limits.ts";
import { openStateStore } from "../ledger/state-store.ts";
import { minerDriver } from "../miners/registry.ts";
import type { HearthConfig, MinerConfig } from "../model/config.ts";
import { HearthError, refusedError, unreachableError, unsupportedError } from "../model/errors.ts";
import type {
  MinerCapabilities,
  MinerIdentity,
  MinerReading,
  PoolTarget,
  WriteResult,
} from "../model/miner.ts";
import { isDoorError } from "../model/miner-errors.ts";
import type { DriverTier } from "../model/miner-link.ts";
import {
  type CapabilityView,
  type ReadingView,
  toCapabilityView,
  toReadingView,
} from "../model/miner-view.ts";
import { type PowerPlan, planPower } from "../model/power-plan.ts";
import { isSamePool } from "../settlement/pool-url.ts";
import { askLoop } from "./local-client.ts";
import { createBackups } from "./miner-notes.ts";
import { findAdopted, type OneMiner, type OneMinerOptions, withMiner } from "./one-miner.ts";

/** `hearth miner read`. */
export function readMiner(options: OneMinerOptions): Promise<{ reading: ReadingView; warnings: string[] }> {
  return withMiner(options, async (miner) => ({
    reading: toReadingView(await withRoles(miner, await miner.port.read(miner.signal))),
    warnings: miner.warnings,
  }));
}

/** `hearth miner show`: who it is, what it can do, how it stands, and how well its family is supported. */
export interface ShownMiner {
  name: string | null;
  host: string;
  port: number;
  identity: MinerIdentity;
  driver: { id: string; title: string; tier: DriverTier; exemptions: readonly string[] };
  adopted: Pick<MinerConfig, "zone" | "circuit" | "max_w" | "on_exit"> | null;
  /** Null where it tells them for its password alone, and that is not known here. */
  capabilities:
    | (CapabilityView & {
        steps: string[];
        poolSlots: number;
        poolsNeedRestart: boolean;
        /** It can be restarted, or show itself, from here. */
        restart: boolean;
        locate: boolean;
      })
    | null;
  reading: ReadingView;
  /** When its pools were first kept, before Hearth wrote to it; null: nothing was kept. */
  backupAt: string | null;
}

export function showMiner(options: OneMinerOptions): Promise<{ miner: ShownMiner; warnings: string[] }> {
  return withMiner(options, async (miner) => {
    const { port, config, paths, signal } = miner;
    const reading = await withRoles(miner, await port.read(signal));
    const { capabilities, refusal } = await askCapabilities(miner);
    const identity = port.identity ?? (await port.identify(signal));
    const driver = await minerDriver(identity.firmware)?.load();
    return {
      warnings: refusal === null ? miner.warnings : [...miner.warnings, refusal],
      miner: {
        ...{ name: config?.name ?? null, host: port.host, port: port.port, identity },
        driver: {
          id: identity.firmware,
          title: driver?.title ?? identity.firmware,
          tier: driver?.tier ?? "bronze",
          exemptions: driver?.exemptions ?? [],
        },
        adopted: config && {
          ...{ zone: config.zone, circuit: config.circuit, max_w: config.max_w, on_exit: config.on_exit },
        },
        capabilities: capabilities && {
          ...toCapabilityView(capabilities),
          steps: capabilities.steps.map(({ label }) => label),
          poolSlots: capabilities.poolSlots,
          poolsNeedRestart: capabilities.poolsNeedRestart,
          restart: capabilities.actions.restart !== undefined,
          locate: capabilities.actions.locate !== undefined,
        },
        reading: toReadingView(reading),
        backupAt: createBackups(openSecrets(paths), identity.id).first()?.at ?? null,
      },
    };
  });
}

/** What it can do; where it wants another password for that it is shown all the same, with the reason. */
async function askCapabilities({
  port,
  signal,
}: OneMiner): Promise<{ capabilities: MinerCapabilities | null; refusal: string | null }> {
  try {
    return { capabilities: await port.capabilities(signal), refusal: null };
  } catch (error) {
    if (!isDoorError(error)) throw error;
    return { capabilities: null, refusal: [error.message, error.hint].filter(Boolean).join(" ") };
  }
}

export type MinerAction = "set-power" | "pause" | "resume" | "locate";

export interface ChangeOptions extends Omit<OneMinerOptions, "purpose"> {
  action: MinerAction;
  /** `set-power` only. */
  powerW: number | null;
  /** End of a wish that the loop keeps, RFC 3339; null: the usual two hours. */
  until: string | null;
  dryRun: boolean;
}

/** A write's `data` (interfaces.md §4). `powerW` is what was set, which may be less than was wished. */
export interface MinerChange {
  miner: string;
  action: MinerAction;
  powerW?: number | null;
  result: WriteResult | "planned";
  /** End of the wish while a loop keeps it. */
  until?: string;
}

/**
 * One change of one miner: as the member's wish of a running loop, else written once. Throws the errors of `withMiner`,
 * `MINER_…_UNSUPPORTED` (1), `LIMIT_BREAKER` (4) above the circuit, and `MINER_NOT_DONE` (3) by the caller's judgement.
 */
export async function changeMiner(
  options: ChangeOptions,
): Promise<{ change: MinerChange; warnings: string[]; isKept: boolean }> {
  const paths = hearthPaths(options.env);
  const home = readConfig(paths)?.config ?? null;
  const adopted = findAdopted(home, options.name);
  if (adopted && !options.dryRun) {
    const kept = await askLoopTo(options, adopted.name);
    if (kept) return { change: kept, warnings: [], isKept: true };
  }
  const purpose = options.dryRun ? "read" : "write";
  return withMiner({ ...options, purpose }, async (miner) => {
    const { change, warnings } = await changeOnce(miner, options);
    const isEndless = options.until !== null && !options.dryRun;
    const endless = `no loop runs, so nothing ends it at ${options.until}; hearth miner resume ${miner.name} does`;
    return {
      change,
      warnings: [...miner.warnings, ...warnings, ...(isEndless ? [endless] : [])],
      isKept: false,
    };
  });
}

/** What the running loop makes of it; null when none runs. */
async function askLoopTo(
  { env, action, powerW, until }: ChangeOptions,
  name: string,
): Promise<MinerChange | null> {
  const body = { ...(powerW === null ? {} : { power_w: powerW }), ...(until === null ? {} : { until }) };
  const path = `/v1/miners/${encodeURIComponent(name)}/${action}`;
  const document = await askLoop(hearthPaths(env), path, body);
  if (!document) return null;
  const { fromWire } = await import("../model/wire.ts");
  return fromWire(document.data) as MinerChange;
}

async function changeOnce(
  miner: OneMiner,
  options: ChangeOptions,
): Promise<{ change: MinerChange; warnings: string[] }> {
  const { port, signal, name } = miner;
  const { action, dryRun } = options;
  if (action === "set-power") return setPower(miner, options);
  const capabilities = await port.capabilities(signal);
  if (capabilities.actions[action] === undefined) await port[action](signal);
  if (dryRun) return { change: { miner: name, action, result: "planned" }, warnings: [] };
  const result = await port[action](signal);
  return { change: { miner: name, action, result }, warnings: [] };
}

async function setPower(
  miner: OneMiner,
  options: ChangeOptions,
): Promise<{ change: MinerChange; warnings: string[] }> {
  const { port, signal, name } = miner;
  const wishW = options.powerW ?? 0;
  const capabilities = await port.capabilities(signal);
  const plan = planPower(capabilities, wishW);
  if (plan.kind === "impossible") {
    throw unsupportedError(
      "MINER_POWER_UNSUPPORTED",
      `${name} cannot be set to ${wishW} W: ${plan.reason}.`,
      {
        left: "Nothing was sent",
        hint: `hearth miner show ${name}`,
      },
    );
  }
  checkCircuit(miner, capabilities, plan);
  const warnings =
    plan.powerW !== null && plan.powerW !== wishW
      ? [`it is set to ${planWords(plan)}, the highest that does not pass ${wishW} W`]
      : [];
  const change = { miner: name, action: "set-power" as const, powerW: plan.powerW };
  if (options.dryRun) return { change: { ...change, result: "planned" }, warnings };
  const result = await carryOut(miner, plan);
  const isResting = plan.kind !== "pause" && plan.kind !== "resume" && (await isPaused(miner));
  if (isResting) warnings.push(`it is paused; hearth miner resume ${name} starts it`);
  return { change: { ...change, result }, warnings };
}

function carryOut(
  { port, signal }: OneMiner,
  plan: Exclude<PowerPlan, { kind: "impossible" }>,
): Promise<WriteResult> {
  if (plan.kind === "pause") return port.pause(signal);
  if (plan.kind === "resume") return port.resume(signal);
  return plan.kind === "step" ? port.setStep(plan.index, signal) : port.setTarget(plan.powerW, signal);
}

async function isPaused({ port, signal }: OneMiner): Promise<boolean> {
  try {
    return (await port.read(signal)).state === "paused";
  } catch (error) {
    if (error instanceof HearthError) return false;
    throw error;
  }
}

function planWords(plan: PowerPlan): string {
  return plan.kind === "pause" ? "rest" : `${"powerW" in plan ? plan.powerW : "?"} W`;
}

/** Never above the breaker, not even once and by hand (product.md §5): the draw at the wall counts. */
function checkCircuit(
  { config, home, name }: OneMiner,
  capabilities: MinerCapabilities,
  plan: PowerPlan,
): void {
  if (!config || !home || plan.kind === "pause" || plan.kind === "impossible") return;
  const wallW =
    plan.kind === "step"
      ? (capabilities.steps[plan.index]?.wallW ?? 0)
      : (plan.powerW ?? capabilities.maxW ?? 0);
  const limitW = Math.min(config.max_w ?? Number.POSITIVE_INFINITY, circuitLimitW(home, config.circuit));
  if (wallW <= limitW) return;
  throw refusedError(
    "LIMIT_BREAKER",
    `${name} would draw about ${Math.round(wallW)} W; circuit ${config.circuit} allows it ${Math.floor(limitW)} W.`,
    { left: "Nothing was sent", hint: `hearth miner set-power ${name} ${Math.floor(limitW)}` },
  );
}

/** Watts for hours on a circuit, less what else hangs on it (control.md §8). */
function circuitLimitW(home: HearthConfig, name: string): number {
  const circuit = home.circuits.find((candidate) => candidate.name === name);
  if (!circuit) return 0;
  const { breaker_a, voltage_v, rated_100, other_w } = circuit;
  return circuitLimit({
    name,
    breakerA: breaker_a,
    voltageV: voltage_v,
    rated100: rated_100,
    otherW: other_w,
  });
}

/** Pools with the roles that the signed terms give them; what the terms do not know keeps what the firmware says. */
async function withRoles({ config, home, paths }: OneMiner, reading: MinerReading): Promise<MinerReading> {
  const index = config && home ? home.miners.findIndex(({ id }) => id === config.id) : -1;
  if (index < 0) return reading;
  const legs = await legsOf(paths.state, index + 1);
  return {
    ...reading,
    pools: reading.pools.map((pool) => {
      const leg = legs.find(({ url, user }) => user === pool.user && isSamePool(url, pool.url));
      return leg ? { ...pool, role: leg.role } : pool;
    }),
  };
}

async function legsOf(statePath: string, deviceIndex: number): Promise<PoolTarget[]> {
  try {
    const store = openStateStore(statePath, { readOnly: true });
    try {
      if (store.terms().length === 0) return [];
      // Signatures and addresses are loaded where there is a split to show: most commands have none.
      const { activeTerms } = await import("./split-terms.ts");
      const { poolsFor } = await import("./split-apply.ts");
      const terms = activeTerms(store)?.terms ?? null;
      return terms === null ? [] : poolsFor(terms, deviceIndex);
    } finally {
      store.close();
    }
  } catch (error) {
    if (error instanceof HearthError) return [];
    throw error;
  }
}

/** What a result means for a person, and the error that goes with it; null for the good ones. */
export function resultError(change: MinerChange): HearthError | null {
  if (change.result === "rejected") {
    return unreachableError(
      "MINER_REJECTED",
      `${change.miner} did not take it: it says or shows that nothing changed.`,
      {
        left: "It runs as before",
        hint: `hearth miner read ${change.miner}`,
      },
    );
  }
  if (change.result !== "unknown") return null;
  return unreachableError(
    "MINER_UNSURE",
    `Whether ${change.miner} took it is not known: its answer was lost.`,
    {
      left: "It was sent once and not again",
      hint: `hearth miner read ${change.miner}, before you repeat it`,
    },
  );
}
