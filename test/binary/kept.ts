import { askLoop } from "#src/app/local-client.ts";
import { replayDecisions, replayError } from "#src/app/replay.ts";
import { verifyLedgerOf } from "#src/app/settlement-commands.ts";
import type { ControlState } from "#src/control/decide.ts";
import type { Override } from "#src/control/types.ts";
import type { KnownEvent } from "#src/daemon/event-book.ts";
import { openStateStore } from "#src/ledger/state-store.ts";
import type { ServiceWorld } from "./service-world.ts";

/** What a killed loop must find again, as it lies on the disk. */
export interface Kept {
  day: string;
  startsToday: Record<string, number>;
  /** Moment of the last start or stop by miner, wall clock, ms; null: none. */
  switchedMs: Record<string, number | null>;
  /** Whether it is meant to run, by miner. */
  isOn: Record<string, boolean>;
  wishes: string[];
  events: string[];
  intervalWh: number;
  ledgerRows: number;
  decisions: number;
}

/** The wall clock of a switch is reckoned from two clocks that are read one after the other, ms. */
const CLOCKS_APART_MS = 2_000;

/** Reads all of it, and decides every stored decision again. Throws where a file does not hold. */
export function readKept(home: ServiceWorld): Kept {
  const state = home.stored<ControlState>("control");
  const replay = replayDecisions(home.paths.decisions);
  const differs = replayError(replay);
  if (differs) throw differs;
  const ledger = verifyLedgerOf(home.paths);
  if (ledger && ledger.breaks.length > 0)
    throw new Error(`the ledger broke: ${JSON.stringify(ledger.breaks)}`);
  const miners = Object.entries(state?.miners ?? {});
  const toWall = (mono: number) => (state?.lastWallMs ?? 0) + mono - (state?.lastMono ?? 0);
  return {
    day: miners[0]?.[1].day ?? "",
    startsToday: Object.fromEntries(miners.map(([name, memory]) => [name, memory.startsToday])),
    switchedMs: Object.fromEntries(
      miners.map(([name, { switchedMono }]) => [name, switchedMono === null ? null : toWall(switchedMono)]),
    ),
    isOn: Object.fromEntries(miners.map(([name, { targetW }]) => [name, targetW > 0])),
    wishes: (home.stored<Override[]>("overrides") ?? []).map(({ miner, powerW }) => `${miner} ${powerW} W`),
    events: (home.stored<KnownEvent[]>("events") ?? []).map(({ event }) => event.id),
    intervalWh: intervalWh(home),
    ledgerRows: ledger?.events ?? 0,
    decisions: replay.decisions,
  };
}

/** What is lost between two looks, in words; empty when nothing is. */
export function lostBetween(before: Kept, after: Kept): string[] {
  const lost: string[] = [];
  const less = (what: string, was: number, is: number) => {
    if (is < was) lost.push(`${what}: ${was} became ${is}`);
  };
  less("ledger rows", before.ledgerRows, after.ledgerRows);
  less("measured energy, Wh", before.intervalWh, after.intervalWh);
  less("decisions", before.decisions, after.decisions);
  for (const [name, wasMs] of Object.entries(before.switchedMs)) {
    // One that was found otherwise than left has switched while nobody watched: when is unknown then.
    const isAsLeft = before.isOn[name] === after.isOn[name];
    if (wasMs !== null && isAsLeft)
      less(`last switch of ${name}`, wasMs - CLOCKS_APART_MS, after.switchedMs[name] ?? 0);
    if (before.day === after.day)
      less(`starts of ${name}`, before.startsToday[name] ?? 0, after.startsToday[name] ?? 0);
  }
  if (before.wishes.join() !== after.wishes.join())
    lost.push(`wishes: ${before.wishes} became ${after.wishes}`);
  if (before.events.join() !== after.events.join())
    lost.push(`events: ${before.events} became ${after.events}`);
  return lost;
}

/** A person's wish through the running loop. */
export async function wishFor(home: ServiceWorld, miner: string, powerW: number): Promise<void> {
  await askLoop(home.paths, `/v1/miners/${miner}/set-power`, { power_w: powerW });
}

function intervalWh(home: ServiceWorld): number {
  const store = openStateStore(home.paths.state, { readOnly: true });
  try {
    return store.intervals(0, Number.MAX_SAFE_INTEGER).reduce((sum, { wh }) => sum + wh, 0);
  } finally {
    store.close();
  }
}
