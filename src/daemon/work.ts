import type { MinerCommand } from "../control/types.ts";
import type { Clock } from "../model/clock.ts";
import type { Decision } from "../model/decision.ts";
import { HearthError } from "../model/errors.ts";
import { safeText } from "../model/parse.ts";
import type { Source } from "../sources/registry.ts";
import { type EventNotice, toEventView } from "./event-book.ts";
import type { MinerKeeper } from "./miner-keeper.ts";
import type { Parts } from "./parts.ts";
import { measuredW } from "./view.ts";

/** A decision record is sent at least this often also when nothing changed (interfaces.md §3). */
const DECISION_AT_LEAST_MS = 60_000;
const DAY_MS = 86_400_000;
/** Misses after which a device counts as gone (control.md §9). */
const MISSES_UNTIL_GONE = 3;

export interface WorkOptions {
  clock: Clock;
  signal: AbortSignal;
}

/** The pieces of work that the loop's tasks repeat. Each is safe to fail alone. */
export function createWork(parts: Parts, { clock, signal }: WorkOptions) {
  const { stream, alarms, board, book, brain, books, picture, store, split, link, keepers, meters } = parts;
  const shown = new Map<string, string>();
  const outdoor = { sum: 0, count: 0, sinceMs: clock.nowMs() };
  let lastSentMs = Number.NEGATIVE_INFINITY;
  let lastSentKey = "";
  let lastTickMono: number | null = null;

  /** Emits only when the state of a device or source changes. */
  const changed = (type: "miner" | "source", name: string, state: string, data: Record<string, unknown>) => {
    const was = shown.get(`${type}:${name}`) ?? null;
    if (was === state) return;
    shown.set(`${type}:${name}`, state);
    stream.emit(type, { name, state, was, ...data });
  };

  const announce = (notices: readonly EventNotice[]) => {
    for (const { change, known } of notices) {
      const view = toEventView(known, clock.nowMs());
      stream.emit("event", { ...view, change, floorOverEventWh: Math.round(known.floorOverEventWh) });
      picture.note(`event ${view.id}: ${change.replace("_", " ")}`);
    }
  };

  const carryOut = async (command: MinerCommand) => {
    const keeper = keepers.find((candidate) => candidate.config.name === command.miner);
    if (!keeper) return;
    const startedMono = clock.monoMs();
    const fromW = keeper.latest()?.reading.powerW ?? null;
    const result = await keeper.execute(command, signal);
    stream.emit("command", {
      miner: command.miner,
      action: command.action,
      fromW,
      toW: command.targetW,
      result,
      code: command.code,
      tookMs: clock.monoMs() - startedMono,
    });
  };

  const sendDecision = (decision: Decision) => {
    const key = `${decision.reason.code}|${decision.totalW}|${decision.miners.map((miner) => miner.state).join()}`;
    if (key === lastSentKey && clock.nowMs() - lastSentMs < DECISION_AT_LEAST_MS) return;
    lastSentKey = key;
    lastSentMs = clock.nowMs();
    const { wallMs: _, ...data } = decision;
    stream.emit("decision", data);
    store.appendDecision(JSON.stringify(decision), clock.nowMs());
  };

  /** One write to the disk for all of it. */
  const save = () =>
    store.transaction(() => {
      brain.save();
      book.save();
      split?.save();
      for (const keeper of keepers) store.set(`rungs:${keeper.config.name}`, keeper.learnt());
      for (const [name, meter] of meters) store.set(`energy:${name}`, meter.saved());
      link?.save();
      store.set("status", picture.status());
      store.set(
        "event-views",
        book.all().map((known) => toEventView(known, clock.nowMs())),
      );
      if (split) store.set("split-proof", split.proof());
    });

  return {
    failed(name: string, error: unknown): void {
      const text = error instanceof HearthError ? error.message : safeText(String(error), 160);
      alarms.set(`TASK_FAILED:${name}`, `${name} failed: ${text}`);
    },

    /** A task that works again ends its alarm. */
    done: (name: string) => alarms.set(`TASK_FAILED:${name}`, null),

    async readSource(source: Source): Promise<void> {
      const report = await board.poll(source, signal);
      const state = report.value === null ? "lost" : "fresh";
      changed("source", source.name, state, {
        role: source.role,
        value: report.value,
        reason: report.reason,
      });
      if (report.role === "outdoor" && report.value !== null) {
        outdoor.sum += report.value;
        outdoor.count += 1;
      }
    },

    async readMiner(keeper: MinerKeeper): Promise<void> {
      const name = keeper.config.name;
      const problem = await keeper.poll(signal);
      const reading = problem === null ? keeper.latest()?.reading : null;
      const meter = meters.get(name);
      if (meter) {
        const isEstimated = reading?.powerSource !== "measured";
        const closed = meter.observe(clock.nowMs(), reading?.powerW ?? null, isEstimated);
        if (closed.length > 0) books.record(closed);
      }
      if (reading) {
        changed("miner", name, reading.state, { powerW: reading.powerW });
        alarms.set(`DEVICE_UNREACHABLE:${name}`, null);
        await split?.afterReading(keeper);
      } else if (keeper.snapshot().missedPolls >= MISSES_UNTIL_GONE) {
        changed("miner", name, "unreachable", { reason: problem });
        // A pool switch by restart takes it away for half a minute; that is no alarm.
        if (!keeper.snapshot().isSwitchingPool)
          alarms.set(`DEVICE_UNREACHABLE:${name}`, `${name} does not answer`);
      }
    },

    async tick(): Promise<void> {
      const { decision, commands } = brain.tick();
      alarms.replace(
        "CONTROL:",
        decision.alarms.map(({ code, text }) => ({ code: `CONTROL:${code}`, text })),
      );
      const oldestMono = Math.min(...keepers.map((keeper) => keeper.latest()?.receivedMono ?? Number.NaN));
      const nowMono = clock.monoMs();
      announce(
        book.observe({
          wallMs: clock.nowMs(),
          seconds: lastTickMono === null ? 0 : (nowMono - lastTickMono) / 1000,
          measuredW: measuredW(keepers),
          measuredAtMs: Number.isNaN(oldestMono) ? null : clock.nowMs() - (nowMono - oldestMono),
          floorOverEventW: decision.floorOverEventW,
        }),
      );
      lastTickMono = nowMono;
      sendDecision(decision);
      await Promise.all(commands.map(carryOut));
      if (commands.length > 0) brain.save();
    },

    async minute(): Promise<void> {
      picture.remember();
      save();
      const drift = split?.drift() ?? [];
      alarms.set("SPLIT_DRIFT", drift.length > 0 ? `The split is not as agreed: ${drift.join("; ")}` : null);
      const stuck = split?.givenUp() ?? [];
      alarms.set("SPLIT_STUCK", stuck.length > 0 ? `Pool switches failed on ${stuck.join(", ")}` : null);
      if (clock.nowMs() - outdoor.sinceMs > DAY_MS)
        Object.assign(outdoor, { sum: 0, count: 0, sinceMs: clock.nowMs() });
    },

    async heartbeat(): Promise<void> {
      stream.emit("heartbeat", {});
    },

    async pollEvents(): Promise<void> {
      if (!link) return;
      const maxW = keepers.reduce((sum, keeper) => sum + (keeper.profile()?.maxW ?? 0), 0);
      announce(book.update(await link.pollEvents(maxW), clock.nowMs()));
    },

    refreshFacts: async () => link?.refreshFacts(),
    upload: async () => link?.upload(),

    async settle(): Promise<void> {
      await books.settleDue();
      if (split) stream.emit("split", { ...split.proof() });
    },

    /** Mean outdoor temperature of the day so far, degC; null when unknown. */
    meanOutdoorC: () => (outdoor.count > 0 ? outdoor.sum / outdoor.count : null),

    /** What is open at the end of a run goes to disk. */
    flush(): void {
      save();
      store.flush();
    },
  };
}

export type Work = ReturnType<typeof createWork>;
