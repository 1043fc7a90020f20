import type { MinerState, PoolTarget, WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink, DriverMemory } from "../model/miner-link.ts";
import { field, flag } from "../model/parse.ts";
import { proveWrite, type Seen, sendUnproved } from "../model/prove-write.ts";
import { inFault, notTunedByWatts } from "./bos-errors.ts";
import type { BosGraphql } from "./bos-graphql.ts";
import { type BosGroup, groupsFor, isSameGroups, seenGroups } from "./bos-groups.ts";
import { askBos, hashrateOf, POWER_TARGET, toBosReading } from "./bos-socket.ts";
import { askConfig, askWholeConfig, modeOf } from "./bosminer-config.ts";
import { toSent } from "./cgminer.ts";

/** A setting reads back at once, also while the miner starts anew with it, ms. */
const STORED_WITHIN_MS = 5_000;
/** Boards go down one chip frequency after another, and come up again within a minute or so, ms. */
const PAUSED_WITHIN_MS = 30_000;
const RESUMED_WITHIN_MS = 120_000;
const LIGHT_WITHIN_MS = 3_000;

/** Key of the note when this program paused the miner, ms: the socket cannot tell a pause from a standstill. */
const PAUSED_NOTE = "pausedAtMs";
/** Figures of the time before a pause may stand so long, ms; after it hashing means that somebody resumed it. */
const STALE_MS = 120_000;

const SET_TARGET =
  "mutation ($input: AutotuningIn!, $apply: Boolean!) { bosminer { config { updateAutotuning(input: $input, apply: $apply) { __typename ... on AutotuningError { message } ... on AttributeError { message } } } } }";
const SET_GROUPS =
  "mutation ($groups: [Group!]!) { bosminer { config { updateGroups(groups: $groups) { __typename ... on GroupListError { message } } } } }";
const RESTART = "mutation { bosminer { restart { __typename ... on BosminerError { message } } } }";
const SET_LIGHT = "mutation ($enable: Boolean!) { bos { setFaultLight(enable: $enable) { __typename } } }";
const LIGHT = "{ bos { faultLight } }";

/** What a change needs of its device. */
export interface BosminerAccess {
  link: DeviceLink;
  graphql: BosGraphql;
  memory: DriverMemory;
}

/** Stops the boards over the socket, without a password and without a restart (miners.md §7.7). */
export async function pauseBosminer(access: BosminerAccess, signal: AbortSignal): Promise<WriteResult> {
  const { link, memory } = access;
  const before = await askBos(link, signal);
  if (stateOf(before, pausedForS(access)) === "paused") return "effective";
  // One that stands still already, as without a pool, shows nothing new when it is paused.
  const wasStill = stateOf(before, 0) === "paused";
  let isTaken = false;
  const noted = memory.get(PAUSED_NOTE);
  return proveWrite(
    {
      async send() {
        // Kept first: whose pause it is must outlive a lost answer.
        memory.set(PAUSED_NOTE, link.pace.nowMs());
        const sent = toSent(await link.cgminer.tell({ command: "pause" }, signal));
        if (sent === "refused") memory.set(PAUSED_NOTE, noted);
        isTaken = sent === "sent";
        return sent;
      },
      async look(): Promise<Seen> {
        const sections = await askBos(link, signal);
        if (stateOf(sections, 0) !== "paused") return "unchanged";
        const isShown = !wasStill || stateOf(sections, null) === "paused";
        return isShown ? "effective" : isTaken ? "taken" : "unchanged";
      },
      withinMs: PAUSED_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** Starts the boards again, unless the firmware itself has stopped them: `MINER_IN_FAULT`. */
export async function resumeBosminer(access: BosminerAccess, signal: AbortSignal): Promise<WriteResult> {
  const { link, memory } = access;
  const before = await askBos(link, signal);
  if (stateOf(before, null) === "fault") throw inFault(link.where, "a chip is too hot");
  // Soon after a pause of ours the figures may still be those of before.
  if (isHashing(before) && pausedForS(access) === null) return "effective";
  return proveWrite(
    {
      async send() {
        const sent = toSent(await link.cgminer.tell({ command: "resume" }, signal));
        if (sent === "sent") memory.set(PAUSED_NOTE, null);
        return sent;
      },
      async look(): Promise<Seen> {
        const sections = await askBos(link, signal);
        if (isHashing(sections)) return "effective";
        return stateOf(sections, null) === "starting" ? "taken" : "unchanged";
      },
      withinMs: RESUMED_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/**
 * Sends the power target and nothing else: clients that rewrote the whole configuration have lost pools (miners.md
 * §7.7). `effective` means that it reads back as configured; the tuner then starts anew and needs minutes to get there.
 */
export async function setBosminerTarget(
  access: BosminerAccess,
  powerW: number,
  signal: AbortSignal,
): Promise<WriteResult> {
  const { link, graphql } = access;
  const wantedW = Math.round(powerW);
  const before = await askConfig(graphql, link, signal);
  if (modeOf(before) !== POWER_TARGET) throw notTunedByWatts(link.where);
  if (before.targetW === null) throw minerIncomplete(link.where, "power target");
  if (before.targetW === wantedW) return "effective";
  return proveWrite(
    {
      async send() {
        await graphql.change(
          link,
          {
            what: `the power target of ${wantedW} W`,
            text: SET_TARGET,
            variables: { input: { powerTarget: wantedW }, apply: true },
            result: ["bosminer", "config", "updateAutotuning"],
          },
          signal,
        );
        carryPauseOver(access);
        return "sent";
      },
      look: async () =>
        (await askConfig(graphql, link, signal)).targetW === wantedW ? "effective" : "unchanged",
      withinMs: STORED_WITHIN_MS,
      goesAway: true,
    },
    link.pace,
    signal,
  );
}

/** Stores these groups in the place of all others; the miner works for them after a restart. */
export async function writeBosminerPools(
  { link, graphql }: BosminerAccess,
  pools: readonly PoolTarget[],
  signal: AbortSignal,
): Promise<WriteResult> {
  const before = await askWholeConfig(graphql, link, signal);
  const wanted = groupsFor(link.where, pools, before.groups);
  if (isSameGroups(before.groups, wanted, true)) return "effective";
  return proveWrite(
    {
      async send() {
        await graphql.change(
          link,
          {
            what: "the pools",
            text: SET_GROUPS,
            variables: { groups: wanted.map(toInput) },
            result: ["bosminer", "config", "updateGroups"],
          },
          signal,
        );
        return "sent";
      },
      async look() {
        const { groups } = await askWholeConfig(graphql, link, signal);
        return seenGroups(groups, wanted, before.groups);
      },
      withinMs: STORED_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** Restarts the mining process; it hashes again after a minute or so, with counters at zero. */
export function restartBosminer(access: BosminerAccess, signal: AbortSignal): Promise<WriteResult> {
  const { link, graphql } = access;
  return sendUnproved(async () => {
    await graphql.change(link, { what: "a restart", text: RESTART, result: ["bosminer", "restart"] }, signal);
    carryPauseOver(access);
    return "sent";
  }, signal);
}

/** Lets its lamp blink; asked again, ends it. */
export async function lightBosminer(
  { link, graphql }: BosminerAccess,
  signal: AbortSignal,
): Promise<WriteResult> {
  const isLit = async () => flag(field(await graphql.ask(link, LIGHT, signal), "bos"), "faultLight");
  const wanted = !(await isLit());
  return proveWrite(
    {
      async send() {
        const result = ["bos", "setFaultLight"];
        await graphql.change(
          link,
          { what: "the lamp", text: SET_LIGHT, variables: { enable: wanted }, result },
          signal,
        );
        return "sent";
      },
      look: async () => ((await isLit()) === wanted ? "effective" : "unchanged"),
      withinMs: LIGHT_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** This program paused it so long ago, and nobody is seen to have resumed it, s; null otherwise. */
export function pausedForS({ link, memory }: BosminerAccess): number | null {
  const pausedMs = memory.get(PAUSED_NOTE);
  // A clock that was set back makes no pause of the future.
  return typeof pausedMs === "number" ? Math.max(0, link.pace.nowMs() - pausedMs) / 1000 : null;
}

/** It was seen hashing: long after a pause that means that the pause is over. */
export function noteHashing({ link, memory }: BosminerAccess): void {
  const pausedMs = memory.get(PAUSED_NOTE);
  if (typeof pausedMs !== "number") return;
  const agoMs = link.pace.nowMs() - pausedMs;
  // A clock that was set back is no reason to keep the note for ever.
  if (agoMs > STALE_MS || agoMs < 0) memory.set(PAUSED_NOTE, null);
}

/** A start that this program causes leaves the pause before it, so its age begins anew. */
function carryPauseOver({ link, memory }: BosminerAccess): void {
  if (typeof memory.get(PAUSED_NOTE) === "number") memory.set(PAUSED_NOTE, link.pace.nowMs());
}

function stateOf(sections: unknown, pausedS: number | null): MinerState {
  return toBosReading(sections, { groups: null, targetW: null, mode: null, pausedForS: pausedS }).state;
}

function isHashing(sections: unknown): boolean {
  return (hashrateOf(sections) ?? 0) > 0;
}

function toInput({ name, quota, pools }: BosGroup) {
  return {
    name,
    quota: quota ?? 1,
    pools: pools.map(({ url, user, password }) => ({ url, user, password: password ?? "" })),
  };
}
