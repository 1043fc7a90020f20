import type { Clock } from "../model/clock.ts";
import { HearthError } from "../model/errors.ts";
import { safeText } from "../model/parse.ts";
import type { Source } from "../sources/registry.ts";
import { createDispatcher } from "./dispatcher.ts";
import { toEventView } from "./event-book.ts";
import { createHerald } from "./herald.ts";
import type { MinerKeeper } from "./miner-keeper.ts";
import type { Parts } from "./parts.ts";
import { measuredW } from "./view.ts";

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
  const herald = createHerald(parts, clock);
  const dispatcher = createDispatcher(keepers, herald, clock, signal);
  const outdoor = { sum: 0, count: 0, sinceMs: clock.nowMs() };
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
      herald.polled(source.name, report);
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
        herald.miner(name, reading.state, { powerW: reading.powerW });
        alarms.set(`DEVICE_UNREACHABLE:${name}`, null);
        await split?.afterReading(keeper);
      } else if (keeper.snapshot().missedPolls >= MISSES_UNTIL_GONE) {
        herald.miner(name, "unreachable", { reason: problem });
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
      herald.events(
        book.observe({
          wallMs: clock.nowMs(),
          seconds: lastTickMono === null ? 0 : (nowMono - lastTickMono) / 1000,
          measuredW: measuredW(keepers),
          measuredAtMs: Number.isNaN(oldestMono) ? null : clock.nowMs() - (nowMono - oldestMono),
          floorOverEventW: decision.floorOverEventW,
        }),
      );
      lastTickMono = nowMono;
      herald.sources(decision.inputs.ages);
      herald.decision(decision);
      dispatcher.send(commands);
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
      herald.events(book.update(await link.pollEvents(maxW), clock.nowMs()));
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
