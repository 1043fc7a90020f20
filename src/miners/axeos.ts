import type { MinerActions, MinerCapabilities, MinerIdentity, WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink, MinerDriver } from "../model/miner-link.ts";
import { field } from "../model/parse.ts";
import { proveWrite, sendUnproved } from "../model/prove-write.ts";
import { selectAxeosPool, writeAxeosPools } from "./axeos-pools.ts";
import { faultOf, hasSlots, isPaused, toReading } from "./axeos-reading.ts";
import { type ClockLadder, ladderOf, setRung, stepsOf } from "./clock-ladder.ts";
import {
  askBoard,
  askOptional,
  type BoardWrites,
  boardCapabilities,
  boardIdentity,
  checkWell,
  createWorkWatch,
  identifyBoard,
  isNerdBoard,
  oncePerVersion,
  restartBoard,
  restBoard,
  SHOWN_WITHIN_MS,
} from "./esp-board.ts";
import { tellsFlatPools } from "./esp-pools.ts";
import { storedFrom } from "./pool-target.ts";

/** Draw while the chip is held in reset, W; a guess (miners.md §4.3). */
const IDLE_W = 4;

/** AxeOS boards: HTTP without a password, clock steps instead of watts, pause since firmware 2.14 (miners.md §4). */
export function createAxeosDriver(): MinerDriver {
  const hasWorkMoved = createWorkWatch();
  // Asking for the options each time would double every poll. Old firmware has no such path; the chip's name then
  // has to do.
  const ladder = oncePerVersion(async (link, info, signal) =>
    ladderOf(await askOptional(link, "/api/system/asic", signal), info),
  );
  return {
    id: "axeos",
    title: "AxeOS (Bitaxe family)",
    tier: "gold",
    exemptions: [
      "no difficulty sum in the firmware: work is counted from shares",
      "draw is told before the mains adapter, whose loss of 10-15 % is not in it",
      "before firmware 2.14 it cannot be paused, only set to its lowest clock",
      "no watts are told for a clock: they are guessed, then measured",
      "a step sets the chip's default voltage too: another one of the owner's is not kept",
    ],
    identify: (link, signal) => identifyBoard(link, toIdentity, signal),
    async read(link, signal) {
      const info = await askBoard(link, signal);
      return toReading(info, await ladder(link, info, signal), hasWorkMoved(info));
    },
    async capabilities(link, signal) {
      const info = await askBoard(link, signal);
      return toCapabilities(link, info, await ladder(link, info, signal));
    },
    // It shows passwords as stars, and keeps what is written back as stars (miners.md §4.4).
    async backup(link, signal) {
      const info = await askBoard(link, signal);
      if (!hasSlots(info) && !tellsFlatPools(info)) throw minerIncomplete(link.where, "pools");
      return { pools: storedFrom(toReading(info, ladderOf(null, info))), settings: null };
    },
  };
}

/** Identity from `/api/system/info`; null for other devices and for the forks that name themselves. */
export function toIdentity(info: unknown): MinerIdentity | null {
  return isNerdBoard(info) ? null : boardIdentity(info, "axeos", "Bitaxe");
}

function toCapabilities(link: DeviceLink, info: unknown, ladder: ClockLadder): MinerCapabilities {
  // Older firmware has no such key, and its pause route answers 404 (miners.md §4.3).
  const canPause = isPaused(info) !== null;
  return {
    ...boardCapabilities(stepsOf(ladder, info), canPause),
    idleW: IDLE_W,
    split: "none",
    splitStepPpm: null,
    poolSwitch: "restart",
    poolsNeedRestart: true,
    actions: actionsOf(link, info, ladder, canPause),
  };
}

function actionsOf(link: DeviceLink, info: unknown, ladder: ClockLadder, canPause: boolean): MinerActions {
  const board: BoardWrites = {
    read: (signal) => askBoard(link, signal),
    isAtRest: (seen) => isPaused(seen) === true,
    faultOf: async (seen) => faultOf(seen),
  };
  const actions: MinerActions = {
    writePools: (pools, signal) => writeAxeosPools(link, pools, signal),
    restart: (signal) => restartBoard(link, board, signal),
  };
  if (canPause) {
    actions.pause = (signal) => restBoard(link, board, "/api/system/pause", signal);
    actions.resume = (signal) => resume(link, board, signal);
  }
  if (ladder.clocksMhz.length > 0) {
    actions.setStep = (index, signal) => setRung(link, ladder, index, board, signal);
  }
  if (field(info, "useFallbackStratum") !== undefined) {
    actions.selectPool = (index, signal) => selectAxeosPool(link, board, index, signal);
  }
  // The route came with the averages of firmware 2.12; before it there is nothing to show itself with.
  if (field(info, "hashRate_1m") !== undefined) actions.locate = (signal) => showItself(link, signal);
  return actions;
}

async function resume(link: DeviceLink, board: BoardWrites, signal: AbortSignal): Promise<WriteResult> {
  const before = await board.read(signal);
  await checkWell(link, board, before, signal);
  if (isPaused(before) === false) return "effective";
  return proveWrite(
    {
      async send() {
        await link.http.send("POST", "/api/system/resume", {}, signal);
        return "sent";
      },
      look: async () => (isPaused(await board.read(signal)) === false ? "effective" : "unchanged"),
      withinMs: SHOWN_WITHIN_MS,
    },
    link.pace,
    signal,
  );
}

async function showItself(link: DeviceLink, signal: AbortSignal): Promise<WriteResult> {
  return sendUnproved(async () => {
    await link.http.send("POST", "/api/system/identify", {}, signal);
    return "sent";
  }, signal);
}
