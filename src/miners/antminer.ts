import type { MinerActions, MinerCapabilities, MinerIdentity } from "../model/miner.ts";
import { minerBadAnswer } from "../model/miner-errors.ts";
import type { DeviceLink, DriverOptions, MinerDriver } from "../model/miner-link.ts";
import { text, toMac } from "../model/parse.ts";
import { ANTMINER_SLOTS, modeOf, storedPools, wholeConfig } from "./antminer-config.ts";
import { createAskFigures } from "./antminer-figures.ts";
import { antminerSteps, offeredModes, SLEEP_MODE } from "./antminer-models.ts";
import { createAntminerNotes } from "./antminer-notes.ts";
import { toReading } from "./antminer-reading.ts";
import { type AntminerWeb, createAntminerWeb, SYSTEM_INFO } from "./antminer-web.ts";
import {
  type AntminerDesk,
  askConfig,
  blinkAntminer,
  pauseAntminer,
  rebootAntminer,
  resumeAntminer,
  selectAntminerPool,
  setAntminerStep,
  writeAntminerPools,
} from "./antminer-writes.ts";

/** Board and supply in sleep mode, W; a guess until a meter says otherwise. */
const IDLE_W = 30;
/** Not documented; the shortest limit among the families here. */
const MAX_USER_LENGTH = 63;

/** Stock firmware of Antminers since 2020: modes instead of watts, whole configurations, no weights (miners.md §10). */
export function createAntminerDriver(options: DriverOptions = {}): MinerDriver {
  const web = createAntminerWeb(options);
  const notes = createAntminerNotes(options.memory);
  const askFigures = createAskFigures(web);
  // Steps that were offered once stay, so that an index means the same for as long as this driver lives.
  let offered: readonly number[] | null = null;
  const modesOf = (config: unknown) => {
    notes.saw(modeOf(config));
    offered ??= offeredModes(notes.hasHighMode());
    return offered;
  };
  return {
    id: "antminer",
    title: "Stock Antminer (Bitmain 2020+)",
    tier: "gold",
    exemptions: EXEMPTIONS,
    identify: (link, signal) => identify(web, link, signal),
    read: async (link, signal) => {
      const config = await askConfig(web, link, signal);
      const configured = { isAsleep: modeOf(config) === SLEEP_MODE };
      return toReading({ config, ...(await askFigures(link, configured, signal)) }, modesOf(config));
    },
    async capabilities(link, signal) {
      const info = await web.get(link, SYSTEM_INFO, signal);
      const config = await askConfig(web, link, signal);
      const desk = { link, web, notes, askFigures };
      return toCapabilities(desk, text(info, "minertype"), modeOf(config) !== null, modesOf(config));
    },
    async backup(link, signal) {
      const config = wholeConfig(link.where, await askConfig(web, link, signal));
      return { pools: storedPools(config), settings: config.raw };
    },
  };
}

const EXEMPTIONS = [
  "modes instead of a watt target, and pools by failover only: the firmware has no weights",
  "watts only where port 4028 answers `stats` in its new form; with the port closed, or an older build, the draw is unknown",
  "which pool is at work is told on port 4028 only",
  "each change of mode or pools restarts the miner for 30 to 90 s, and shows its effect minutes later",
  "the firmware does not list its modes: high is offered only where the miner was found in it",
  "a sleep that began before Hearth knew the miner's mode is ended in low mode",
  "some builds store the sleep and hash on until they are restarted; a pause is done only when the hashing has ended",
  "some builds answer a change after 20 s only, so that the next reading has to tell whether it was taken",
  "its lamp blinks until somebody ends it on the miner's own page",
  "no state field: a miner that neither hashes nor sleeps, long after its start, is told as unknown",
  "some builds set the fans back to automatic with each change of mode, whatever is sent",
];

/** Identity from `get_system_info.cgi`; null without a name, or without any number of its own. */
export function toIdentity(info: unknown): MinerIdentity | null {
  const model = text(info, "minertype");
  const mac = toMac(text(info, "macaddr"));
  const serial = text(info, "serinum") ?? text(info, "serial_no");
  const id = mac ?? (serial === null ? null : `serial:${serial}`);
  if (model === null || id === null) return null;
  return {
    id,
    mac,
    serial,
    make: "Bitmain",
    model,
    firmware: "antminer",
    firmwareVersion: text(info, "system_filesystem_version") ?? "",
  };
}

async function identify(
  web: AntminerWeb,
  link: DeviceLink,
  signal: AbortSignal,
): Promise<MinerIdentity | null> {
  const info = await web.systemInfo(link, signal);
  if (info === null) return null;
  const identity = toIdentity(info);
  // It is of this family, and did not tell which one: no word on what stands there.
  if (identity === null) throw minerBadAnswer(link.where, "did not tell its model and its address", "");
  return identity;
}

function toCapabilities(
  desk: AntminerDesk,
  minerType: string | null,
  hasModes: boolean,
  modes: readonly number[],
): MinerCapabilities {
  return {
    canPause: hasModes,
    power: hasModes ? "discrete" : "none",
    split: "none",
    minW: null,
    maxW: null,
    steps: hasModes ? antminerSteps(minerType, modes) : [],
    idleW: IDLE_W,
    // Restart, then 3-10 min to full power (miners.md §16).
    wakeS: 300,
    tauS: 60,
    minOnS: 1200,
    minOffS: 900,
    restartsOnChange: true,
    // Sleep is a setting, so it outlives a restart (miners.md §16).
    pausePersists: true,
    splitStepPpm: null,
    poolSlots: ANTMINER_SLOTS,
    poolSwitch: "restart",
    // The write itself restarts the miner.
    poolsNeedRestart: false,
    maxUserLength: MAX_USER_LENGTH,
    actions: actionsOf(desk, hasModes, modes),
  };
}

function actionsOf(desk: AntminerDesk, hasModes: boolean, modes: readonly number[]): MinerActions {
  const actions: MinerActions = {
    writePools: (pools, signal) => writeAntminerPools(desk, pools, signal),
    selectPool: (index, signal) => selectAntminerPool(desk, index, signal),
    restart: (signal) => rebootAntminer(desk, signal),
    locate: (signal) => blinkAntminer(desk, signal),
  };
  if (!hasModes) return actions;
  actions.pause = (signal) => pauseAntminer(desk, signal);
  actions.resume = (signal) => resumeAntminer(desk, signal);
  actions.setStep = (index, signal) => setAntminerStep(desk, modes, index, signal);
  return actions;
}
