import type { Clock } from "../model/clock.ts";
import { HearthError } from "../model/errors.ts";
import { safeText } from "../model/parse.ts";
import type { Source } from "../sources/registry.ts";
import { createDispatcher } from "./dispatcher.ts";
import { type EventNotice, type EventTick, toEventView } from "./event-book.ts";
import { createHerald } from "./herald.ts";
import type { MinerKeeper } from "./miner-keeper.ts";
import { createOutdoorMean } from "./outdoor-mean.ts";
import type { Parts } from "./parts.ts";
import { isHeatingSeason, leaveMiners } from "./safe-exit.ts";
import { createSupervisor } from "./supervisor.ts";
import { measuredW } from "./view.ts";

/** Misses after which a device counts as gone (control.md §9). */
const MISSES_UNTIL_GONE = 3;
/** Time between two ticks that counts for an event's account at most, s: a gap is no draw. */
const LONGEST_TICK_S = 60;
const OUTDOOR_KEY = "outdoor";

export interface WorkOptions {
  clock: Clock;
  signal: AbortSignal;
  tickMs: number;
  /** Hears of each tick that came to its end. */
  onTick?: (() => void) | undefined;
}

/** The pieces of work that the loop's tasks repeat. Each is safe to fail alone. */
export function createWork(parts: Parts, { clock, signal, tickMs, onTick }: WorkOptions) {
  const { stream, alarms, board, book, brain, books, picture, store, split, link, keepers, finder } = parts;
  const { meters, decisions, bell } = parts;
  const herald = createHerald(parts, clock);
  const dispatcher = createDispatcher(keepers, herald, clock, signal);
  const outdoor = createOutdoorMean(store.get(OUTDOOR_KEY));
  let lastTickMono: number | null = null;

  /** One write to the disk for all of it. */
  const save = () =>
    store.transaction(() => {
      brain.save();
      book.save();
      split?.save();
      for (const keeper of keepers) store.set(`rungs:${keeper.config.name}`, keeper.learnt());
      for (const [name, meter] of meters) store.set(`energy:${name}`, meter.saved());
      link?.save();
      store.set(OUTDOOR_KEY, outdoor.saved());
      store.set("status", picture.status());
      store.set(
        "event-views",
        book.all().map((known) => toEventView(known, clock.nowMs())),
      );
      if (split) store.set("split-proof", split.proof());
    });

  /** What cannot be written is said and control goes on in memory (control.md §12, disk full). */
  const remember = (what: string, write: () => void) => {
    try {
      write();
      alarms.set(`NOT_WRITTEN:${what}`, null);
    } catch (error) {
      alarms.set(`NOT_WRITTEN:${what}`, `The ${what} could not be written: ${errorText(error)}`);
    }
  };

  const safeState = () => {
    dispatcher.drop();
    return leaveMiners(keepers, isHeatingSeason(outdoor.meanC(clock.nowMs()), clock.nowMs()));
  };

  const supervisor = createSupervisor({
    clock,
    tickMs,
    alarms,
    startOver: brain.startOver,
    forget() {
      board.forget();
      for (const keeper of keepers) keeper.forget();
    },
    safeState: async () => void (await safeState()),
  });

  const decideSafely = async () => {
    try {
      return brain.tick();
    } catch (error) {
      await supervisor.threw();
      throw error;
    }
  };

  /** Control obeys what is in memory; the disk follows when it can. */
  const tellEvents = (notices: readonly EventNotice[]) => {
    if (notices.length === 0) return;
    herald.events(notices);
    remember("events", book.save);
  };

  const eventTick = (floorOverEventW: number): EventTick => {
    const oldestMono = Math.min(...keepers.map((keeper) => keeper.latest()?.receivedMono ?? Number.NaN));
    const nowMono = clock.monoMs();
    const sinceLastS = lastTickMono === null ? 0 : (nowMono - lastTickMono) / 1000;
    const seconds = Math.min(LONGEST_TICK_S, sinceLastS);
    lastTickMono = nowMono;
    return {
      wallMs: clock.nowMs(),
      seconds,
      measuredW: measuredW(keepers),
      measuredAtMs: Number.isNaN(oldestMono) ? null : clock.nowMs() - (nowMono - oldestMono),
      floorOverEventW,
    };
  };

  return {
    failed(name: string, error: unknown): void {
      alarms.set(taskCode(name), `${name} failed: ${errorText(error)}`);
    },

    /** A task that works again ends its alarm. */
    done: (name: string) => alarms.set(taskCode(name), null),

    async readSource(source: Source): Promise<void> {
      const report = await board.poll(source, signal);
      herald.polled(source.name, report);
      if (report.role === "outdoor" && report.value !== null) outdoor.observe(report.value, clock.nowMs());
    },

    async readMiner(keeper: MinerKeeper): Promise<void> {
      const name = keeper.config.name;
      const problem = await keeper.poll(signal);
      const moved = await finder?.follow(keeper, problem, signal);
      if (moved) picture.note(`${name} has moved to ${moved.host}:${moved.port} and is followed`);
      const reading = problem === null ? keeper.latest()?.reading : null;
      const meter = meters.get(name);
      if (meter) {
        const isEstimated = reading?.powerSource !== "measured";
        const closed = meter.observe(clock.nowMs(), reading?.powerW ?? null, isEstimated);
        if (closed.length > 0) remember("energy", () => books.record(closed));
      }
      if (reading) {
        herald.miner(name, reading.state, { powerW: reading.powerW });
        alarms.set(`DEVICE_UNREACHABLE:${name}`, null);
        const locked = keeper.lockedBy();
        alarms.set(`DEVICE_READ_ONLY:${name}`, locked === null ? null : `${name} is only read. ${locked}`);
        const oddity = keeper.oddity();
        alarms.set(`DEVICE_ODD:${name}`, oddity === null ? null : `${name} ${oddity}`);
        await split?.afterReading(keeper, signal);
      } else if (problem === "MINER_IDENTITY_CHANGED") {
        herald.miner(name, "unreachable", { reason: problem });
        alarms.set(
          `DEVICE_UNREACHABLE:${name}`,
          `another device answers at the address of ${name}; it is not controlled`,
        );
      } else if (keeper.snapshot().missedPolls >= MISSES_UNTIL_GONE) {
        herald.miner(name, "unreachable", { reason: problem });
        // A pool switch by restart takes it away for half a minute; that is no alarm.
        if (!keeper.snapshot().isSwitchingPool)
          alarms.set(`DEVICE_UNREACHABLE:${name}`, `${name} does not answer`);
      }
    },

    async tick(): Promise<void> {
      if (!(await supervisor.mayDecide())) return;
      const { decision, commands, record } = await decideSafely();
      // Commands first: nothing that only remembers or tells may hold them up.
      dispatcher.send(commands);
      alarms.replace(
        "CONTROL:",
        decision.alarms.map(({ code, text }) => ({ code: `CONTROL:${code}`, text })),
      );
      // Kept before it is told: who hears of a decision finds it also after a kill.
      if (decisions) remember("decision", () => decisions.append(record));
      if (commands.length > 0) remember("state", brain.save);
      tellEvents(book.observe(eventTick(decision.floorOverEventW)));
      herald.sources(decision.inputs.ages);
      herald.decision(decision);
      supervisor.completed();
      onTick?.();
    },

    async minute(): Promise<void> {
      picture.remember();
      remember("state", save);
      const drift = split?.drift() ?? [];
      alarms.set("SPLIT_DRIFT", drift.length > 0 ? `The split is not as agreed: ${drift.join("; ")}` : null);
      const stuck = split?.givenUp() ?? [];
      alarms.set("SPLIT_STUCK", stuck.length > 0 ? `Pool switches failed on ${stuck.join(", ")}` : null);
    },

    async heartbeat(): Promise<void> {
      stream.emit("heartbeat", {});
    },

    async pollEvents(): Promise<void> {
      if (!link) return;
      const maxW = keepers.reduce((sum, keeper) => sum + keeper.profile().maxW, 0);
      const notices = book.update(await link.pollEvents(maxW), clock.nowMs());
      tellEvents(notices);
      if (notices.length > 0) bell.ring();
    },

    refreshFacts: async () => link?.refreshFacts(),
    upload: async () => link?.upload(),

    async settle(): Promise<void> {
      await books.settleDue();
      if (split) stream.emit("split", { ...split.proof() });
    },

    safeState,

    /** What is open at the end of a run goes to disk. */
    async flush(): Promise<void> {
      await dispatcher.idle();
      remember("state", save);
    },
  };
}

export type Work = ReturnType<typeof createWork>;

function errorText(error: unknown): string {
  return error instanceof HearthError ? error.message : safeText(String(error), 160);
}

function taskCode(name: string): string {
  return `TASK_FAILED:${name.replaceAll(" ", "-")}`;
}
