import { unsupportedError } from "../model/errors.ts";
import type { PoolTarget, WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink, DriverMemory } from "../model/miner-link.ts";
import { field, flag } from "../model/parse.ts";
import { proveWrite, sendUnproved } from "../model/prove-write.ts";
import type { BosGraphql } from "./bos-graphql.ts";
import { type BosGroup, groupsFor, isSameGroups } from "./bos-groups.ts";
import { askBos, hashrateOf, toBosReading } from "./bos-socket.ts";
import { askConfig, askWholeConfig, type BosminerConfig } from "./bosminer-config.ts";
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

/** Stops or starts the boards over the socket, without a password and without a restart (miners.md §7.7). */
export async function setBosminerPaused(
  { link, memory }: BosminerAccess,
  isPaused: boolean,
  signal: AbortSignal,
): Promise<WriteResult> {
  const command = isPaused ? "pause" : "resume";
  return proveWrite(
    {
      async send() {
        const sent = toSent(await link.cgminer.tell({ command }, signal));
        if (sent !== "refused") memory.set(PAUSED_NOTE, isPaused ? link.pace.nowMs() : null);
        return sent;
      },
      async look() {
        const sections = await askBos(link, signal);
        const { state } = toBosReading(sections, { groups: null, targetW: null, isPausedByUs: isPaused });
        if (isPaused) return state === "paused" ? "effective" : "unchanged";
        if ((hashrateOf(sections) ?? 0) > 0) return "effective";
        return state === "starting" ? "taken" : "unchanged";
      },
      withinMs: isPaused ? PAUSED_WITHIN_MS : RESUMED_WITHIN_MS,
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
  { link, graphql }: BosminerAccess,
  powerW: number,
  signal: AbortSignal,
): Promise<WriteResult> {
  const wantedW = Math.round(powerW);
  const before = await askConfig(graphql, link, signal);
  if (before.targetW === null) throw minerIncomplete(link.where, "power target");
  if (!isTargetTuned(before)) {
    throw unsupportedError("MINER_TARGET_UNSUPPORTED", `The miner at ${link.where} is not tuned by watts.`, {
      left: "Nothing was changed",
      hint: "Choose the power target on the miner's own page first",
    });
  }
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
        const { groups } = await askConfig(graphql, link, signal);
        return groups !== null && isSameGroups(groups, wanted, false) ? "effective" : "unchanged";
      },
      withinMs: STORED_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

/** Restarts the mining process; it hashes again after a minute or so, with counters at zero. */
export function restartBosminer(
  { link, graphql }: BosminerAccess,
  signal: AbortSignal,
): Promise<WriteResult> {
  return sendUnproved(async () => {
    await graphql.change(link, { what: "a restart", text: RESTART, result: ["bosminer", "restart"] }, signal);
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

/** This program paused it, and nobody is seen to have resumed it. */
export function isPausedByUs({ memory }: BosminerAccess): boolean {
  return typeof memory.get(PAUSED_NOTE) === "number";
}

/** It was seen hashing: long after a pause that means that the pause is over. */
export function noteHashing({ link, memory }: BosminerAccess): void {
  const pausedMs = memory.get(PAUSED_NOTE);
  if (typeof pausedMs !== "number") return;
  const agoMs = link.pace.nowMs() - pausedMs;
  // A clock that was set back is no reason to keep the note for ever.
  if (agoMs > STALE_MS || agoMs < 0) memory.set(PAUSED_NOTE, null);
}

/** A target in watts has an effect: the tuner runs, and by watts. */
export function isTargetTuned({ isTuned, tunerMode }: BosminerConfig): boolean {
  return isTuned !== false && (tunerMode === null || tunerMode === "POWER_TARGET");
}

function toInput({ name, quota, pools }: BosGroup) {
  return {
    name,
    quota: quota ?? 1,
    pools: pools.map(({ url, user, password }) => ({ url, user, password: password ?? "" })),
  };
}
