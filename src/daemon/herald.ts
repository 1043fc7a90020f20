import type { MinerCommand } from "../control/types.ts";
import type { Clock } from "../model/clock.ts";
import type { Decision } from "../model/decision.ts";
import type { Source } from "../sources/registry.ts";
import { type EventNotice, toEventView } from "./event-book.ts";
import type { SourceReport } from "./input-board.ts";
import type { Parts } from "./parts.ts";

/** A decision record is sent at least this often also when nothing changed (interfaces.md §3). */
const DECISION_AT_LEAST_MS = 60_000;

/** Tells the stream and the dashboard's log what happened; each thing once. */
export function createHerald(parts: Parts, clock: Clock) {
  const { stream, picture, board, sources } = parts;
  const shown = new Map<string, string>();
  const reports = new Map<string, SourceReport>();
  let lastSentMono = Number.NEGATIVE_INFINITY;
  let lastSentKey = "";

  /** Only when the state of a device or source changes. */
  const changed = (type: "miner" | "source", name: string, state: string, data: Record<string, unknown>) => {
    const was = shown.get(`${type}:${name}`) ?? null;
    if (was === state) return;
    shown.set(`${type}:${name}`, state);
    stream.emit(type, { name, state, was, ...data });
  };

  return {
    miner: (name: string, state: string, data: Record<string, unknown>) =>
      changed("miner", name, state, data),

    /** The latest poll of a source; it is told with the next tick, when control has judged its age. */
    polled: (name: string, report: SourceReport) => reports.set(name, report),

    /** Sources by the age class that control gave them; those that it does not judge by their last poll. */
    sources(ages: Decision["inputs"]["ages"]): void {
      for (const source of sources) {
        const report = reports.get(source.name);
        if (!report) continue;
        const reading = board.latest(source.role, source.zone);
        const ageS = reading ? Math.round((clock.monoMs() - reading.receivedMono) / 1000) : null;
        const state = ages[ageKey(source)] ?? (report.value === null ? "lost" : "fresh");
        const { role, value, reason } = report;
        changed("source", source.name, state, { role, value, reason, ageS });
      }
    },

    events(notices: readonly EventNotice[]): void {
      for (const { change, known } of notices) {
        const view = toEventView(known, clock.nowMs());
        stream.emit("event", { ...view, change, floorOverEventWh: Math.round(known.floorOverEventWh) });
        picture.note(`event ${view.id}: ${change.replace("_", " ")}`);
      }
    },

    command(command: MinerCommand, fromW: number | null, result: string, tookMs: number): void {
      const { miner, action, targetW, code } = command;
      stream.emit("command", { miner, action, fromW, toW: targetW, result, tookMs, code });
    },

    /** On change and at least once a minute. */
    decision(decision: Decision): void {
      const states = decision.miners.map((miner) => miner.state).join();
      const key = `${decision.reason.code}|${decision.totalW}|${states}`;
      if (key === lastSentKey && clock.monoMs() - lastSentMono < DECISION_AT_LEAST_MS) return;
      lastSentKey = key;
      lastSentMono = clock.monoMs();
      const { wallMs: _, zones, ...data } = decision;
      stream.emit("decision", { ...data, zone: zones });
    },
  };
}

export type Herald = ReturnType<typeof createHerald>;

/** Name under which control reports the age class of a source's input. */
function ageKey({ role, zone }: Source): string {
  if (role === "room") return `room:${zone}`;
  if (role === "battery_power") return "battery";
  return role === "battery_soc" ? "soc" : role;
}
