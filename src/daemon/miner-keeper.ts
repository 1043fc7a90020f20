import type { MinerPort } from "../app/miner-port.ts";
import type { MinerCommand, MinerProfile, MinerSnapshot } from "../control/types.ts";
import type { Clock } from "../model/clock.ts";
import type { MinerConfig } from "../model/config.ts";
import { HearthError } from "../model/errors.ts";
import type { MinerCapabilities, MinerReading, WriteResult } from "../model/miner.ts";
import { isDoorError } from "../model/miner-errors.ts";
import { inTime } from "./in-time.ts";
import { oddityOf, readOnlyProfile, toProfile, unknownProfile } from "./miner-profile.ts";

/** Measured facts of a device, kept over restarts. */
export interface LearntMiner {
  /** Whose they are: another device may be adopted under the same name. */
  id: string;
  /** Draw at the wall by rung, W. */
  stepsW: number[];
  /** Hash rate per watt at the wall, TH/s per W, in steady mining; null until measured. */
  thsPerW: number | null;
  /** As last told; stands in for a device that does not answer after a restart. */
  profile: MinerProfile | null;
  /** When it last answered, wall clock, ms; null: never. */
  lastSeenMs: number | null;
}

export interface KeptReading {
  reading: MinerReading;
  receivedMono: number;
  seq: number;
}

/** A pool switch excuses a dip and a miss for this long, whatever the pools do. */
const SWITCH_MS = 120_000;
/** Longest poll and longest command, ms of real time: each of their calls ends within 8 s (miner-port.ts). */
const POLL_MS = 20_000;
const COMMAND_MS = 30_000;
const LIVE_MS = 60_000;
/** A rung counts as measured after this long in it. */
const LEARN_AFTER_MS = 180_000;
/** One measurement moves the learnt draw of a rung by this part. */
const LEARN_RATE = 0.03;
/** Two polls in a row make a contradiction between state and hash rate a fact (requirements DRV-7). */
const ODD_POLLS = 2;
/** A rung's draw as control sees it moves only when the measured one is this far off: noise is no change of mode. */
const PUBLISH_W = 10;

/** One adopted miner: polls it, carries out commands one at a time, learns what its rungs draw. */
export interface MinerKeeper {
  readonly config: MinerConfig;
  capabilities(): MinerCapabilities | null;
  latest(): KeptReading | null;
  /** The latest reading while it still tells of now; null when it is a minute old (control.md §2, STALE). */
  live(): MinerReading | null;
  /**
   * One poll; a failure counts as missed and is no value. Answers the error's code or null. A miner that keeps what it
   * can do behind a password that is wrong is read all the same.
   */
  poll(signal: AbortSignal): Promise<string | null>;
  execute(command: MinerCommand, signal: AbortSignal): Promise<WriteResult>;
  /** A command under way stops waiting for its proof, because a newer one waits. */
  hurry(): void;
  selectPool(index: number, signal: AbortSignal): Promise<WriteResult>;
  /** Shows itself to a person. Throws what the port throws. */
  locate(signal: AbortSignal): Promise<WriteResult>;
  /** Goes on with the same device at another address. */
  moveTo(port: MinerPort): void;
  /** Where it is talked to now. */
  place(): { host: string; port: number };
  /** When it last answered, wall clock, ms; null: never. */
  lastSeenMs(): number | null;
  /** Why it is only read, in words; null where it can be controlled, and before its first answer. */
  lockedBy(): string | null;
  /** What it says against what it does, in words; null when they agree. */
  oddity(): string | null;
  snapshot(): MinerSnapshot;
  /** Drops the latest reading: it tells nothing of now. */
  forget(): void;
  /** As read; else as it was before the restart; else one that may take its whole circuit. */
  profile(): MinerProfile;
  /** What it has learnt of itself, for the state file. */
  learnt(): LearntMiner;
  /** One attempt to leave it as configured on exit. */
  leave(how: "leave" | "pmin" | "off", signal: AbortSignal): Promise<WriteResult | "left">;
  close(): void;
}

export interface KeeperOptions {
  config: MinerConfig;
  port: MinerPort;
  clock: Clock;
  saved: LearntMiner | null;
  /** What a miner that nothing is known of may draw on its circuit, W. */
  circuitW: number;
}

export function createMinerKeeper(options: KeeperOptions): MinerKeeper {
  const { config, clock, circuitW } = options;
  const saved = options.saved?.id === config.id ? options.saved : null;
  let port = options.port;
  let lastSeenMs = saved?.lastSeenMs ?? null;
  let oddPolls = 0;
  let capabilities: MinerCapabilities | null = null;
  let locked: HearthError | null = null;
  let latest: KeptReading | null = null;
  let seq = 0;
  let missedPolls = 0;
  let switchingUntilMono = Number.NEGATIVE_INFINITY;
  let learntW: number[] = [];
  let publishedW: number[] = [];
  let thsPerW: number | null = saved?.thsPerW ?? null;
  let inRungSinceMono = 0;
  let lastRung: number | null = null;

  const adopt = (read: MinerCapabilities) => {
    capabilities = read;
    // Another firmware may have other steps: what was learnt belongs to none of them then.
    const learntBefore = learntW.length > 0 ? learntW : (saved?.stepsW ?? []);
    const isSame = learntBefore.length === read.steps.length;
    learntW = read.steps.map((step, index) => (isSame ? learntBefore[index] : null) ?? step.wallW);
    publishedW = learntW.map(Math.round);
    const top = read.steps.at(-1);
    thsPerW ??= top?.hashrateThs ? top.hashrateThs / top.wallW : null;
  };

  /** The port asks the device until it tells, and anew after an update; a closed door keeps nobody from reading. */
  const askCapabilities = async (signal: AbortSignal) => {
    try {
      const told = await port.capabilities(signal);
      if (told !== capabilities) adopt(told);
      locked = null;
    } catch (error) {
      if (!isDoorError(error)) throw error;
      locked = error;
    }
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
      // What failed before anything was sent is no change for sure; all else may have arrived.
      const isUnsent =
        error instanceof HearthError && (error.mayRetry || error.exit === 1 || error.exit === 5);
      if (isUnsent) return "rejected";
      return "unknown";
    }
  };

  const setRung = (index: number, signal: AbortSignal) => guarded(() => port.setStep(index, signal));

  const setTarget = (targetW: number, signal: AbortSignal) =>
    guarded(() => port.setTarget(Math.floor(targetW), signal));

  /** Its rung or target; null for a device that can only be on or off. */
  const setPower = (command: MinerCommand, signal: AbortSignal): Promise<WriteResult> | null => {
    // Always written: the last reading may be older than the last command, and drivers write only what differs.
    if (command.stepIndex !== null) return setRung(command.stepIndex, signal);
    return capabilities?.power === "continuous" ? setTarget(command.targetW, signal) : null;
  };

  const carryOut = async (command: MinerCommand, signal: AbortSignal): Promise<WriteResult> => {
    if (command.action === "pause") return guarded(() => port.pause(signal));
    const set = await setPower(command, signal);
    // Waking into a higher draw than the one wanted could break a limit.
    if (set !== null && (command.action === "set" || set !== "effective")) return set;
    return command.action === "resume" ? guarded(() => port.resume(signal)) : "rejected";
  };

  const known = (): MinerProfile =>
    capabilities
      ? toProfile(config, capabilities, publishedW, latest?.reading ?? null, circuitW)
      : saved?.profile
        ? // Where it hangs is the configuration's word, also for a miner that has been silent since.
          { ...saved.profile, zone: config.zone, circuit: config.circuit }
        : unknownProfile(config, circuitW);

  const profile = () => (locked ? readOnlyProfile(known()) : known());

  return {
    config,
    capabilities: () => capabilities,
    latest: () => latest,
    live: () => (latest && clock.monoMs() - latest.receivedMono <= LIVE_MS ? latest.reading : null),
    learnt: () => ({
      id: config.id,
      stepsW: capabilities ? learntW : (saved?.stepsW ?? []),
      thsPerW,
      profile: known(),
      lastSeenMs,
    }),
    async poll(signal) {
      try {
        const reading = await inTime(POLL_MS, signal, async (limited) => {
          await askCapabilities(limited);
          return port.read(limited);
        });
        seq += 1;
        latest = { reading, receivedMono: clock.monoMs(), seq };
        missedPolls = 0;
        lastSeenMs = clock.nowMs();
        oddPolls = oddityOf(reading) !== null ? oddPolls + 1 : 0;
        if (reading.pools.some((pool) => pool.isActive)) switchingUntilMono = Number.NEGATIVE_INFINITY;
        learn(reading, latest.receivedMono);
        return null;
      } catch (error) {
        missedPolls += 1;
        return error instanceof HearthError ? error.code : "MINER_READ_FAILED";
      }
    },
    execute: (command, signal) =>
      guarded(() => inTime(COMMAND_MS, signal, (limited) => carryOut(command, limited))),
    forget() {
      latest = null;
    },
    hurry: () => port.hurry(),
    locate: (signal) => port.locate(signal),
    moveTo(next) {
      port.close();
      port = next;
      missedPolls = 0;
    },
    place: () => ({ host: port.host, port: port.port }),
    lastSeenMs: () => lastSeenMs,
    lockedBy: () => locked?.message ?? null,
    oddity: () => (oddPolls >= ODD_POLLS && latest ? oddityOf(latest.reading) : null),
    close: () => port.close(),
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
      // A loop that ends at once has not asked yet.
      if (!capabilities) await askCapabilities(signal);
      if (capabilities?.power === "continuous") return setTarget(profile().minW, signal);
      return capabilities && capabilities.steps.length > 0
        ? setRung(0, signal)
        : guarded(() => port.pause(signal));
    },
  };
}
