import { knownMiners } from "../app/known-miners.ts";
import { takeLock } from "../config/lock.ts";
import { createFolders, type HearthPaths } from "../config/paths.ts";
import type { Clock } from "../model/clock.ts";
import type { HearthConfig } from "../model/config.ts";
import { usageError } from "../model/errors.ts";
import type { StreamRecord } from "../model/stream.ts";
import type { DashboardView } from "../model/view.ts";
import { isScannable } from "../net/scan-range.ts";
import type { KnownEvent } from "./event-book.ts";
import { startLocalApi } from "./local-api.ts";
import type { FindMiner } from "./miner-finder.ts";
import { buildParts, type Parts } from "./parts.ts";
import { localRoutes, localWrites } from "./routes.ts";
import type { SplitWatch } from "./split-watch.ts";
import type { Stream } from "./stream.ts";
import { repeat } from "./tasks.ts";
import { createWork } from "./work.ts";

const MINER_POLL_MS = 10_000;
const HEARTBEAT_MS = 30_000;
const SAVE_MS = 60_000;
const UPLOAD_MS = 900_000;
const SETTLE_MS = 600_000;
const FACTS_MS = 3_600_000;
/** The tick runs this long after the readings that it uses. */
const TICK_OFFSET_MS = 1000;
/** How long running exchanges may take to end when the loop stops (reliability.md F03). */
const STOP_WAIT_MS = 3000;

export interface LoopOptions {
  paths: HearthPaths;
  config: HearthConfig;
  clock: Clock;
  version: string;
  /** Searches for miners that moved; the own networks in real time when absent, nowhere in simulated time. */
  find?: FindMiner;
  /** Hears the stream from its very first record on. */
  onRecord?: (record: StreamRecord) => void;
  /** Hears of each tick that came to its end, as a service manager's watchdog wants to. */
  onTick?: (() => void) | undefined;
  /** Whether `decisions.db` is kept; in real time when absent. */
  keepsDecisions?: boolean;
}

export interface LoopEnd {
  reason: string;
  exit: number;
}

export interface LoopHandle {
  readonly stream: Stream;
  /** Settles when the loop has ended. */
  readonly done: Promise<LoopEnd>;
  view(headline?: string | null): DashboardView;
  split(): SplitWatch | null;
  events(): KnownEvent[];
  /** Ends the loop cleanly: miners are left as configured, state is written. Repeated calls share one end. */
  stop(reason: string, exit: number): Promise<LoopEnd>;
}

/**
 * Starts the loop of one home and answers when it runs. Inside a clock task.
 * Throws `LOOP_RUNNING` (4) when one runs already, `NO_MINERS` (2) when nothing is adopted.
 */
export async function startLoop(options: LoopOptions): Promise<LoopHandle> {
  const { paths, config, clock } = options;
  if (config.miners.length === 0) {
    throw usageError("NO_MINERS", "No miner is adopted yet, so there is nothing to run", {
      hint: "hearth discover, then hearth pair --miner HOST:PORT",
    });
  }
  createFolders(paths);
  const lock = takeLock(paths);
  const cleanup: (() => void | Promise<void>)[] = [() => lock.release()];
  try {
    const find = options.find ?? (clock.isSimulated ? null : findInHome(paths, config));
    const keepsDecisions = options.keepsDecisions ?? !clock.isSimulated;
    const { version } = options;
    const parts = await buildParts({ paths, config, clock, find, version, keepsDecisions, cleanup });
    const api = await startLocalApi({
      socketPath: paths.socket,
      routes: localRoutes(parts),
      writes: localWrites(parts, clock),
      stream: parts.stream,
    });
    cleanup.push(() => api.close());
    return run(options, parts, cleanup);
  } catch (error) {
    await closeAll(cleanup);
    throw error;
  }
}

function run(options: LoopOptions, parts: Parts, cleanup: (() => void | Promise<void>)[]): LoopHandle {
  const { clock, config, version } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const tickMs = config.control.tick_s * 1000;
  const work = createWork(parts, { clock, signal, tickMs, onTick: options.onTick });
  if (options.onRecord) parts.stream.subscribe(options.onRecord);
  parts.stream.emit("hello", {
    version,
    home: config.home.name,
    tickS: config.control.tick_s,
    simulated: clock.isSimulated,
  });
  // What went wrong while the parts were built was said before anyone could hear it.
  for (const { code, text } of parts.alarms.list()) parts.stream.emit("alarm", { code, text, active: true });
  const every = (name: string, everyMs: number, firstMs: number, task: () => Promise<void>) =>
    repeat(
      clock,
      { name, everyMs: () => everyMs, firstMs, signal, onError: work.failed, onDone: work.done },
      task,
    );

  const pollS = config.coop?.openadr?.poll_s ?? 60;
  const tasks = [
    ...parts.sources.map((source) =>
      every(source.name, source.everyS * 1000, 0, () => work.readSource(source)),
    ),
    ...parts.keepers.map((keeper) =>
      every(keeper.config.name, MINER_POLL_MS, 0, () => work.readMiner(keeper)),
    ),
    every("tick", tickMs, TICK_OFFSET_MS, work.tick),
    every("minute", SAVE_MS, SAVE_MS, work.minute),
    every("heartbeat", HEARTBEAT_MS, HEARTBEAT_MS, work.heartbeat),
    ...(parts.link
      ? [
          every("co-op events", pollS * 1000, 0, work.pollEvents),
          every("co-op prices", FACTS_MS, 0, work.refreshFacts),
          every("co-op upload", UPLOAD_MS, 60_000, work.upload),
          every("settlement", SETTLE_MS, 120_000, work.settle),
        ]
      : []),
  ];

  parts.bell.answer(() => {
    if (signal.aborted) return;
    void clock.spawn(work.tick).catch((error) => work.failed("tick", error));
  });

  let lastView: DashboardView | null = null;
  let ending: Promise<LoopEnd> | null = null;
  const ended = Promise.withResolvers<LoopEnd>();
  const stop = (reason: string, exit: number): Promise<LoopEnd> => {
    ending ??= (async () => {
      stopping.abort(new Error(reason));
      await atMost(STOP_WAIT_MS, Promise.all([...tasks, work.flush()]));
      const left = await work.safeState();
      lastView = parts.picture.dashboard(null);
      parts.stream.emit("bye", { reason, exit, miners: left });
      await closeAll(cleanup);
      const end = { reason, exit };
      ended.resolve(end);
      return end;
    })();
    return ending;
  };

  return {
    stream: parts.stream,
    done: ended.promise,
    // A screen may ask once more after the store is closed.
    view: (headline = null) => (lastView ? { ...lastView, headline } : parts.picture.dashboard(headline)),
    split: () => parts.split,
    events: () => parts.book.all(),
    stop,
  };
}

/** Looks for a moved miner in the own networks, unless a person gave it an address outside of them. */
function findInHome(paths: HearthPaths, { miners }: HearthConfig): FindMiner {
  return async (options) => {
    const miner = miners.find(({ id }) => id === options.id);
    if (!miner || !isScannable(miner.host)) return null;
    const { findMiner } = await import("../app/follow-miner.ts");
    return findMiner({ ...options, known: knownMiners(paths, miners) });
  };
}

/** Waits for the tasks in real time, but not for ever: a device may hang. */
function atMost(ms: number, pending: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return Promise.race([pending, limit]).finally(() => clearTimeout(timer));
}

async function closeAll(cleanup: readonly (() => void | Promise<void>)[]): Promise<void> {
  for (const close of cleanup.toReversed()) {
    try {
      await close();
    } catch {
      // One part that cannot be closed, as on a full disk, must not keep the others open.
    }
  }
}
