import type { MinerActions, MinerCapabilities, MinerIdentity, WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink, MinerDriver } from "../model/miner-link.ts";
import { proveWrite } from "../model/prove-write.ts";
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
import { askWritable } from "./nerdqaxe-access.ts";
import { NERD_SETTINGS, splitSettings, writeNerdPools } from "./nerdqaxe-pools.ts";
import { faultOf, isShutDown, NERD_MODE, splitOf, toReading } from "./nerdqaxe-reading.ts";
import { storedFrom } from "./pool-target.ts";

/** Controller and fans while the chips are shut down, W; a guess. */
const IDLE_W = 6;
/** The balance is a whole percent. */
const BALANCE_STEP_PPM = 10_000;

/** What this firmware version offers. */
interface NerdFacts {
  ladder: ClockLadder;
  hasV2: boolean;
}

/**
 * The NerdQAxe family: AxeOS boards of several chips with a split of their own between two pools; rest is a shutdown
 * that ends with a restart (miners.md §5).
 */
export function createNerdqaxeDriver(): MinerDriver {
  const hasWorkMoved = createWorkWatch();
  const facts = oncePerVersion(askFacts);
  return {
    id: "nerdqaxe",
    title: "NerdQAxe family",
    tier: "gold",
    exemptions: [
      "no difficulty sum in the firmware: work is counted from shares",
      "with one-time codes switched on it is only read: no code is held here",
      "a pause ends with a restart of 20-40 s, which sets its counters to 0",
      "firmware before the dual mode knows pools by failover only, and cannot be told which one to use",
      "a step sets the chips' default voltage too: another one of the owner's is not kept",
      "before the dual mode its only rate is a mean of ten minutes, which lags behind a change",
    ],
    identify: (link, signal) => identifyBoard(link, toIdentity, signal),
    async read(link, signal) {
      const info = await askBoard(link, signal);
      const { ladder, hasV2 } = await facts(link, info, signal);
      const dashboard = hasV2 ? await askDashboard(link, signal) : null;
      return toReading(info, dashboard, ladder, hasWorkMoved(info));
    },
    async capabilities(link, signal) {
      const info = await askBoard(link, signal);
      return toCapabilities(link, info, await facts(link, info, signal));
    },
    async backup(link, signal) {
      const info = await askBoard(link, signal);
      const { ladder, hasV2 } = await facts(link, info, signal);
      const reading = toReading(info, hasV2 ? await askDashboard(link, signal) : null, ladder);
      if (reading.pools.length === 0) throw minerIncomplete(link.where, "pools");
      return { pools: storedFrom(reading), settings: splitSettings(info) };
    },
  };
}

/** Identity from `/api/system/info`; null for AxeOS itself and for other devices. */
export function toIdentity(info: unknown): MinerIdentity | null {
  return isNerdBoard(info) ? boardIdentity(info, "nerdqaxe", "NerdQAxe") : null;
}

async function askFacts(link: DeviceLink, info: unknown, signal: AbortSignal): Promise<NerdFacts> {
  const settings = await askOptional(link, NERD_SETTINGS, signal);
  const options = settings ?? (await askOptional(link, "/api/system/asic", signal));
  return { ladder: ladderOf(options, info), hasV2: settings !== null };
}

function askDashboard(link: DeviceLink, signal: AbortSignal): Promise<unknown> {
  return askOptional(link, "/api/v2/dashboard", signal);
}

function toCapabilities(link: DeviceLink, info: unknown, facts: NerdFacts): MinerCapabilities {
  const canPause = isShutDown(info) !== null;
  const { activeMode } = splitOf(info);
  const hasDual = activeMode !== null;
  return {
    ...boardCapabilities(stepsOf(facts.ladder, info), canPause),
    idleW: IDLE_W,
    split: hasDual ? "dual" : "none",
    splitStepPpm: hasDual ? BALANCE_STEP_PPM : null,
    poolSwitch: hasDual ? "reconnect" : "restart",
    // Shares are a matter of the dual mode: where it runs already, pools and balance apply by a reconnect.
    poolsNeedRestart: activeMode !== NERD_MODE.dual,
    actions: actionsOf(link, facts, canPause),
  };
}

function actionsOf(link: DeviceLink, { ladder, hasV2 }: NerdFacts, canPause: boolean): MinerActions {
  const board: BoardWrites = {
    read: (signal) => askWritable(link, signal),
    isAtRest: (info) => isShutDown(info) === true,
    faultOf: async (info, signal) => faultOf(info, hasV2 ? await askDashboard(link, signal) : null),
  };
  const actions: MinerActions = {
    writePools: (pools, signal) => writeNerdPools(link, pools, hasV2, signal),
    restart: (signal) => restartBoard(link, board, signal),
  };
  if (canPause) {
    actions.pause = (signal) => restBoard(link, board, "/api/system/shutdown", signal);
    actions.resume = (signal) => wake(link, board, signal);
  }
  if (ladder.clocksMhz.length > 0) {
    actions.setStep = (index, signal) => setRung(link, ladder, index, board, signal);
  }
  return actions;
}

/** Only a restart ends a shutdown, so a board that runs is left alone, and so is one that protects itself. */
async function wake(link: DeviceLink, board: BoardWrites, signal: AbortSignal): Promise<WriteResult> {
  const before = await board.read(signal);
  await checkWell(link, board, before, signal);
  const isDown = isShutDown(before);
  if (isDown === null) throw minerIncomplete(link.where, "state");
  if (!isDown) return "effective";
  return proveWrite(
    {
      async send() {
        await link.http.send("POST", "/api/system/restart", {}, signal);
        return "sent";
      },
      look: async () => (isShutDown(await askBoard(link, signal)) === false ? "effective" : "unchanged"),
      withinMs: SHOWN_WITHIN_MS,
      goesAway: true,
    },
    link.pace,
    signal,
  );
}
