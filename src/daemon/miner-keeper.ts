import type { MinerPort } from "../app/miner-port.ts";
import type { MinerCommand, MinerProfile, MinerSnapshot } from "../control/types.ts";
import type { Clock } from "../model/clock.ts";
import type { MinerConfig } from "../model/config.ts";
import { HearthError } from "../model/errors.ts";
import type { MinerCapabilities, MinerReading, WriteResult } from "../model/miner.ts";

/** Measured facts of a device, kept over restarts. */
export interface LearntMiner {
  /** Draw at the wall by rung, W. */
  stepsW: number[];
  /** Hash rate per watt at the wall, TH/s per W, in steady mining; null until measured. */
  thsPerW: number | null;
  /** As last told; stands in for a device that does not answer after a restart. */
  profile: MinerProfile | null;
}

export interface KeptReading {
  reading: MinerReading;
  receivedMono: number;
  seq: number;
}

/** Layer 0 stops a miner above these, degC; the devices' own limits lie near 105. */
const CHIP_LIMIT_C = 100;
const BOARD_LIMIT_C = 95;
/** A pool switch excuses a dip and a miss for this long, whatever the pools do. */
const SWITCH_MS = 120_000;
const LIVE_MS = 60_000;
/** A rung counts as measured after this long in it. */
const LEARN_AFTER_MS = 180_000;
/** One measurement moves the learnt draw of a rung by this part. */
const LEARN_RATE = 0.03;
/** A rung's draw as control sees it moves only when the measured one is this far off: noise is no change of mode. */
const PUBLISH_W = 10;

/** One adopted miner: polls it, carries out commands one at a time, learns what its rungs draw. */
export interface MinerKeeper {
  readonly config: MinerConfig;
  capabilities(): MinerCapabilities | null;
  latest(): KeptReading | null;
  /** The latest reading while it still tells of now; null when it is a minute old (control.md §2, STALE). */
  live(): MinerReading | null;
  /** One poll; a failure counts as missed and is no value. Answers the error's code or null. */
  poll(signal: AbortSignal): Promise<string | null>;
  execute(command: MinerCommand, signal: AbortSignal): Promise<WriteResult>;
  selectPool(index: number, signal: AbortSignal): Promise<WriteResult>;
  snapshot(): MinerSnapshot;
  /** As read; else as it was before the restart; else one that may take its whole circuit. */
  profile(): MinerProfile;
  /** What it has learnt of itself, for the state file. */
  learnt(): LearntMiner;
  /** One attempt to leave it as configured on exit. */
  leave(how: "leave" | "pmin" | "off", signal: AbortSignal): Promise<WriteResult | "left">;
}

export interface KeeperOptions {
  config: MinerConfig;
  port: MinerPort;
  clock: Clock;
  saved: LearntMiner | null;
  /** What a miner that nothing is known of may draw on its circuit, W. */
  circuitW: number;
}

export function createMinerKeeper({ config, port, clock, saved, circuitW }: KeeperOptions): MinerKeeper {
  let capabilities: MinerCapabilities | null = null;
  let latest: KeptReading | null = null;
  let missedPolls = 0;
  let switchingUntilMono = Number.NEGATIVE_INFINITY;
  let learntW: number[] = [];
  let publishedW: number[] = [];
  let thsPerW: number | null = saved?.thsPerW ?? null;
  let inRungSinceMono = 0;
  let lastRung: number | null = null;

  const adopt = (read: MinerCapabilities) => {
    capabilities = read;
    learntW = read.steps.map((step, index) => saved?.stepsW[index] ?? step.wallW);
    publishedW = learntW.map(Math.round);
    const top = read.steps.at(-1);
    thsPerW ??= top?.hashrateThs ? top.hashrateThs / top.wallW : null;
  };

  const learn = (reading: MinerReading, mono: number) => {
    const rung = reading.state === "mining" ? reading.stepIndex : null;
    if (rung !== lastRung) {
      lastRung = rung;
      inRungSinceMono = mono;
    }
    if (rung === null || reading.powerSource !== "measured" || reading.powerW === null) return;
    // A first figure at once: without any, the price rule would stop a miner that may be worth running.
    const isRunning = reading.powerW > 0.5 * (learntW[rung] ?? Number.POSITIVE_INFINITY);
    if (thsPerW === null && isRunning && reading.hashrateThs) thsPerW = reading.hashrateThs / reading.powerW;
    if (mono - inRungSinceMono < LEARN_AFTER_MS || learntW[rung] === undefined) return;
    learntW[rung] += LEARN_RATE * (reading.powerW - learntW[rung]);
    if (Math.abs(learntW[rung] - (publishedW[rung] ?? 0)) >= PUBLISH_W)
      publishedW[rung] = Math.round(learntW[rung]);
    if (reading.hashrateThs !== null && reading.powerW > 0) {
      const measured = reading.hashrateThs / reading.powerW;
      thsPerW = thsPerW === null ? measured : thsPerW + LEARN_RATE * (measured - thsPerW);
    }
  };

  const guarded = async (write: () => Promise<WriteResult>): Promise<WriteResult> => {
    try {
      return await write();
    } catch (error) {
      // What the device could not take before anything was sent is a refusal; all else may have arrived.
      if (error instanceof HearthError && (error.exit === 1 || error.exit === 5)) return "rejected";
      return "unknown";
    }
  };

  const setRung = (index: number, signal: AbortSignal) => guarded(() => port.setStep(index, signal));

  const profile = (): MinerProfile =>
    capabilities
      ? toProfile(config, capabilities, publishedW, latest?.reading ?? null)
      : saved?.profile
        ? // Where it hangs is the configuration's word, also for a miner that has been silent since.
          { ...saved.profile, zone: config.zone, circuit: config.circuit }
        : unknownProfile(config, circuitW);

  return {
    config,
    capabilities: () => capabilities,
    latest: () => latest,
    live: () => (latest && clock.monoMs() - latest.receivedMono <= LIVE_MS ? latest.reading : null),
    learnt: () => ({ stepsW: capabilities ? learntW : (saved?.stepsW ?? []), thsPerW, profile: profile() }),
    async poll(signal) {
      try {
        if (!capabilities) adopt(await port.capabilities(signal));
        const reading = await port.read(signal);
        latest = { reading, receivedMono: clock.monoMs(), seq: (latest?.seq ?? 0) + 1 };
        missedPolls = 0;
        if (reading.pools.some((pool) => pool.isActive)) switchingUntilMono = Number.NEGATIVE_INFINITY;
        learn(reading, latest.receivedMono);
        return null;
      } catch (error) {
        missedPolls += 1;
        return error instanceof HearthError ? error.code : "MINER_READ_FAILED";
      }
    },
    async execute(command, signal) {
      if (command.action === "pause") return guarded(() => port.pause(signal));
      if (command.stepIndex !== null) {
        // Always written: the last reading may be older than the last command, and drivers write only what differs.
        const result = await setRung(command.stepIndex, signal);
        // Waking into another rung than the one wanted could break a limit.
        if (command.action === "set" || result !== "effective") return result;
      }
      if (command.action === "resume") return guarded(() => port.resume(signal));
      return command.stepIndex === null
        ? guarded(() => port.setTarget(command.targetW, signal))
        : "effective";
    },
    async selectPool(index, signal) {
      switchingUntilMono = clock.monoMs() + SWITCH_MS;
      const result = await guarded(() => port.selectPool(index, signal));
      if (result !== "pending") switchingUntilMono = Number.NEGATIVE_INFINITY;
      return result;
    },
    snapshot: () => ({
      name: config.name,
      missedPolls,
      isSwitchingPool: clock.monoMs() < switchingUntilMono,
      reading: latest && {
        state: latest.reading.state,
        powerW: latest.reading.powerW,
        powerSource: latest.reading.powerSource,
        chipMaxC: latest.reading.chipMaxC,
        boardC: latest.reading.boardC,
        inletC: latest.reading.inletC,
        hasFanFault: latest.reading.hasFanFault,
        stepIndex: latest.reading.stepIndex,
        receivedMono: latest.receivedMono,
        seq: latest.seq,
      },
    }),
    profile,
    async leave(how, signal) {
      if (how === "leave") return "left";
      if (how === "off") return guarded(() => port.pause(signal));
      return capabilities && capabilities.steps.length > 0
        ? setRung(0, signal)
        : guarded(() => port.pause(signal));
    },
  };
}

/** A miner that never answered: it counts with all that it might draw, and nothing is asked of it. */
function unknownProfile(config: MinerConfig, circuitW: number): MinerProfile {
  const maxW = Math.round(config.max_w ?? circuitW);
  return {
    name: config.name,
    zone: config.zone,
    circuit: config.circuit,
    kind: "onoff",
    stepsW: [maxW],
    minW: maxW,
    maxW,
    canPause: false,
    idleW: 0,
    wakeS: 90,
    tauS: 20,
    rampUpWs: 20,
    rampDownWs: 100,
    restartOnChange: false,
    minOnS: 600,
    minOffS: 300,
    maxStartsDay: 12,
    hashrateThs: null,
    chipLimitC: CHIP_LIMIT_C,
    boardLimitC: BOARD_LIMIT_C,
  };
}

function toProfile(
  config: MinerConfig,
  read: MinerCapabilities,
  rungsW: readonly number[],
  reading: MinerReading | null,
): MinerProfile {
  const highest = config.max_w ?? Number.POSITIVE_INFINITY;
  // Rungs rise by draw, so cutting the top keeps every index.
  const stepsW = rungsW.filter((stepW) => stepW <= highest);
  const isStepped = read.power === "discrete" || read.power === "onoff";
  const minW = isStepped ? (stepsW[0] ?? 0) : (read.minW ?? 0);
  const maxW = isStepped ? (stepsW.at(-1) ?? 0) : Math.min(read.maxW ?? 0, highest);
  return {
    name: config.name,
    zone: config.zone,
    circuit: config.circuit,
    kind: read.power === "continuous" ? "continuous" : read.power === "onoff" ? "onoff" : "discrete",
    stepsW,
    minW,
    maxW,
    canPause: read.canPause,
    idleW: read.idleW,
    wakeS: read.wakeS,
    tauS: read.tauS,
    rampUpWs: read.power === "continuous" ? 20 : 50,
    rampDownWs: read.power === "continuous" ? 100 : 200,
    restartOnChange: false,
    minOnS: read.minOnS,
    minOffS: read.minOffS,
    maxStartsDay: 12,
    hashrateThs: read.steps.at(-1)?.hashrateThs ?? reading?.hashrateThs ?? null,
    chipLimitC: CHIP_LIMIT_C,
    boardLimitC: BOARD_LIMIT_C,
  };
}
