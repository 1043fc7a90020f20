import { takeLock } from "../config/lock.ts";
import { createFolders } from "../config/paths.ts";
import { judgeSign, SMALLEST_STEP_W } from "../control/sign-test.ts";
import { openStateStore } from "../ledger/state-store.ts";
import {
  HearthError,
  refusedError,
  unreachableError,
  unsupportedError,
  usageError,
} from "../model/errors.ts";
import type { Pace } from "../model/miner-link.ts";
import type { SignTestResult } from "../model/source-view.ts";
import { createSystemClock } from "../net/system-clock.ts";
import type { Source } from "../sources/registry.ts";
import { requireHome } from "./home-files.ts";
import type { MinerPort } from "./miner-port.ts";
import { openAdopted } from "./open-adopted.ts";
import { withSources } from "./open-sources.ts";
import { unknownSource } from "./test-source.ts";

export interface SignTestOptions {
  env: NodeJS.ProcessEnv;
  /** A source of the role `grid`. */
  name: string;
  /** The heater to switch; null: the only one adopted. */
  miner: string | null;
  /** Only look whether it could be done. */
  isDryRun: boolean;
  /** Says what happens, for people. */
  onStep: (words: string) => void;
  signal: AbortSignal;
}

const SAMPLES = 5;
/** A heater whose draw changes by more than this part meanwhile is warming up. */
const UNSTEADY = 0.15;
const SETTLE_MS = 300_000;
const LOOK_MS = 5_000;

/**
 * Proves the sign of a grid meter with the heater itself (sources.md §0): reads the meter, lets the heater rest, reads it
 * again, and lets the heater go on. It never asks for more power than the heater had. Throws `SOURCE_UNKNOWN`,
 * `SOURCE_ROLE` (2), `SIGN_TEST_IMPOSSIBLE` (1, 4), `LOOP_RUNNING` (4), and the errors of meter and heater.
 */
export async function testSign(options: SignTestOptions): Promise<SignTestResult | "planned"> {
  const { env, name } = options;
  const { paths, config } = requireHome(env);
  const entry = config.sources.find((source) => source.name === name);
  if (!entry)
    throw unknownSource(
      name,
      config.sources.map((source) => source.name),
    );
  if (entry.role !== "grid") {
    throw usageError("SOURCE_ROLE", `${name} is no grid meter but ${entry.role}`, {
      hint: "the name of a grid source",
    });
  }
  const miner = config.miners.find((one) => options.miner === null || one.name === options.miner);
  if (!miner || (options.miner === null && config.miners.length > 1)) {
    throw usageError("MINER_UNKNOWN", "It is not clear which heater to switch", {
      left: "Nothing was sent",
      hint: "--miner NAME; hearth miner list",
    });
  }
  createFolders(paths);
  const lock = takeLock(paths, "Nothing was sent");
  const store = openStateStore(paths.state);
  const pace = createSystemClock();
  try {
    const port = await openAdopted(miner, { paths, store, pace });
    try {
      return await withSources({ paths, configs: config.sources }, ({ sources }) => {
        const source = sources.find((one) => one.name === name);
        if (!source) throw unknownSource(name, []);
        return switchAndJudge(port, source, { ...options, pace });
      });
    } finally {
      port.close();
    }
  } finally {
    store.close();
    lock.release();
  }
}

export interface SwitchOptions extends Pick<SignTestOptions, "isDryRun" | "onStep" | "signal"> {
  pace: Pace;
}

/** The test itself, on an open heater and an open meter. Throws as `testSign`. */
export async function switchAndJudge(
  port: MinerPort,
  source: Source,
  { isDryRun, onStep, pace, signal }: SwitchOptions,
): Promise<SignTestResult | "planned"> {
  const drawnW = await steadyW(port, signal);
  if (isDryRun) return "planned";
  onStep(`${port.name} draws ${Math.round(drawnW)} W; reading ${source.name}`);
  const beforeW = await samples(source, pace, signal);
  const stillW = await steadyW(port, signal);
  if (Math.abs(stillW - drawnW) > UNSTEADY * drawnW) throw unsteady(port);
  onStep(`letting ${port.name} rest; it goes on by itself afterwards`);
  let restW = 0;
  let afterW: number[] = [];
  try {
    await port.pause(signal);
    restW = await restedW(port, pace, signal);
    onStep(`${port.name} rests; reading ${source.name} again`);
    afterW = await samples(source, pace, signal);
  } finally {
    // Whatever happened, and also after Ctrl-C: it had been heating.
    await goOn(port);
  }
  const stepW = (drawnW + stillW) / 2 - restW;
  const judgement = judgeSign({ stepW: -stepW, beforeW, afterW });
  return { ...judgement, source: source.name, miner: port.name, stepW, beforeW, afterW };
}

async function steadyW(port: MinerPort, signal: AbortSignal): Promise<number> {
  const { actions, canPause } = await port.capabilities(signal);
  if (!canPause || !actions.resume) {
    throw unsupportedError("SIGN_TEST_IMPOSSIBLE", `${port.name} cannot be paused and resumed`, {
      left: "Nothing was sent",
      hint: "switch a kettle on and off, and watch hearth source test --watch",
    });
  }
  const { state, powerW } = await port.read(signal);
  if (state === "mining" && powerW !== null && powerW >= SMALLEST_STEP_W) return powerW;
  throw unsteady(port);
}

function unsteady(port: MinerPort): HearthError {
  return refusedError(
    "SIGN_TEST_IMPOSSIBLE",
    `${port.name} has to be heating steadily with at least ${SMALLEST_STEP_W} W, so that the meter feels it`,
    { left: "Nothing was sent", hint: `hearth miner read ${port.name}` },
  );
}

async function restedW(port: MinerPort, pace: Pace, signal: AbortSignal): Promise<number> {
  const until = pace.monoMs() + SETTLE_MS;
  while (pace.monoMs() < until) {
    const { state, powerW } = await port.read(signal);
    // Some supplies fade for a minute: the step is what is left when it is over.
    if (state === "paused" && powerW !== null && powerW < SMALLEST_STEP_W / 5) return powerW;
    await pace.sleep(LOOK_MS, signal);
  }
  throw unreachableError("SIGN_TEST_UNFINISHED", `${port.name} did not come to rest in time`, {
    hint: "the same command once more, when it heats steadily",
  });
}

/** As many different readings as the judgement wants; what is missing is not counted. */
async function samples(source: Source, pace: Pace, signal: AbortSignal): Promise<number[]> {
  const values: number[] = [];
  // The first that a slow meter tells may be from before.
  await pace.sleep(2 * source.everyS * 1000, signal);
  for (let round = 0; round < 3 * SAMPLES && values.length < SAMPLES; round++) {
    const { value, isAgeUnknown } = await source.read(signal);
    if (value !== null && !isAgeUnknown) values.push(value);
    await pace.sleep(source.everyS * 1000, signal);
  }
  if (values.length >= 3) return values;
  throw unreachableError("SIGN_TEST_UNFINISHED", `${source.name} told too few values`, {
    hint: `hearth source test ${source.name} --watch`,
  });
}

async function goOn(port: MinerPort): Promise<void> {
  try {
    await port.resume();
  } catch (error) {
    const why = error instanceof HearthError ? error.message : "it did not answer";
    throw unreachableError("SIGN_TEST_UNFINISHED", `${port.name} could not be resumed: ${why}`, {
      left: `${port.name} may still rest`,
      hint: `hearth miner resume ${port.name}`,
    });
  }
}
