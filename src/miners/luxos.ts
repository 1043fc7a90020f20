import { unreachableError } from "../model/errors.ts";
import type {
  MinerActions,
  MinerBackup,
  MinerCapabilities,
  MinerIdentity,
  MinerReading,
} from "../model/miner.ts";
import { minerBadAnswer } from "../model/miner-errors.ts";
import type { DeviceLink, DriverMemory, DriverOptions, MinerDriver } from "../model/miner-link.ts";
import { field, list, text, toMac } from "../model/parse.ts";
import { askTogether, type LuxosSections } from "./luxos-ask.ts";
import { isAtmOwed, settleAtm } from "./luxos-atm.ts";
import { SHARE_STEP_PPM } from "./luxos-groups.ts";
import { askGroups, LUXOS_SLOTS, wholeGroups, writeLuxosPools } from "./luxos-pools.ts";
import { blinkLuxos, restartLuxos, setCurtailed, setLuxosProfile } from "./luxos-power.ts";
import { type LuxosProfile, offeredProfiles, profilesOf, toSteps } from "./luxos-profiles.ts";
import { type LuxosLevers, toLevers, toReading } from "./luxos-reading.ts";
import { noSuchStep, storedFrom } from "./pool-target.ts";

/** Control board and the resting supply, W; a guess until a meter says otherwise. */
const IDLE_W = 15;
/** A payout address of 62 characters with a worker behind it; the firmware names no limit. */
const MAX_USER_LENGTH = 128;
const ATM_OWED =
  "its thermal management (ATM) may be off after an interrupted change; it is switched on before the next one";

/** LuxOS on Antminers: a session lock for writes, named profiles instead of watts, groups with quotas (miners.md §8). */
export function createLuxosDriver(options: DriverOptions = {}): MinerDriver {
  const memory: DriverMemory = options.memory ?? new Map<string, unknown>();
  const profiles = createProfileTable();
  return {
    id: "luxos",
    title: "LuxOS (Antminer)",
    tier: "gold",
    exemptions: [
      "temperatures of the boards only: the firmware shows none of the chips",
      "its own fee is not among the pools that it tells",
      "pool passwords are not told: a backup has none, and a pool with another password alone counts as the same",
      "profiles above the nameplate are steps only where the owner uses them himself",
      "profiles whose name reads as a selector (1200W) or as a board (2) cannot be chosen without doubt and are no steps",
      "with thermal management (ATM) on, a change of profile moves its upper bound along",
      "profiles cannot be set while the owner lets it follow a power target of its own",
      "its lamp blinks until it is set back on its own page",
    ],
    identify,
    read: (link, signal) => read(link, profiles, memory, signal),
    async capabilities(link, signal) {
      const sections = await askConfig(link, ["config", "profiles", "atm", "groups"], signal);
      return toCapabilities(link, profiles.learn(sections), toLevers(sections), sections, memory);
    },
    backup,
  };
}

/** Identity from the sections of `version` and `config`; null for other firmware. */
export function toIdentity(sections: unknown): MinerIdentity | null {
  const version = list(sections, "VERSION")[0];
  const config = list(sections, "CONFIG")[0];
  const firmwareVersion = text(version, "LUXminer");
  if (firmwareVersion === null) return null;
  const mac = toMac(text(config, "MACAddr"));
  const serial = serialOf(text(config, "SerialNumber"));
  const id = mac ?? (serial === null ? null : `serial:${serial}`);
  if (id === null) return null;
  const model = text(version, "Type") ?? text(config, "Model") ?? "LuxOS miner";
  return {
    id,
    mac,
    serial,
    make: /antminer/i.test(model) ? "Bitmain" : null,
    model,
    firmware: "luxos",
    firmwareVersion,
  };
}

async function identify(link: DeviceLink, signal: AbortSignal): Promise<MinerIdentity | null> {
  const sections = await askTogether(link, ["version", "config"], signal);
  const identity = toIdentity(sections);
  // It is of this family, and did not tell which one: no word on what stands there.
  if (identity === null && text(list(sections, "VERSION")[0], "LUXminer") !== null) {
    throw minerBadAnswer(link.where, "did not tell its MAC address or serial number", "");
  }
  return identity;
}

function serialOf(serial: string | null): string | null {
  return serial !== null && /^[\w-]{6,64}$/.test(serial) ? serial : null;
}

async function read(
  link: DeviceLink,
  profiles: ReturnType<typeof createProfileTable>,
  memory: DriverMemory,
  signal: AbortSignal,
): Promise<MinerReading> {
  const sections = await askConfig(
    link,
    ["config", "summary", "devs", "power", "temps", "fans", "pools", "groups"],
    signal,
  );
  const { all, offered } = await profiles.knowing(link, sections, signal);
  const reading = toReading(sections, all, offered);
  if (!isAtmOwed(memory) || toLevers(sections).atm.isEnabled) return reading;
  return { ...reading, stateDetail: reading.stateDetail ?? ATM_OWED };
}

/** An answer without the configuration is a miss, not a reading of unknowns. */
async function askConfig(
  link: DeviceLink,
  commands: readonly string[],
  signal: AbortSignal,
): Promise<LuxosSections> {
  const sections = await askTogether(link, commands, signal);
  const config = list(sections, "CONFIG")[0];
  if (["CurtailMode", "Profile", "SystemStatus"].some((key) => field(config, key) !== undefined))
    return sections;
  throw unreachableError(
    "MINER_BAD_ANSWER",
    `The miner at ${link.where} answered without any of the fields of LuxOS.`,
    { hint: "Check the address; it may be another device" },
  );
}

/** The profiles hardly ever change; asking each time would make every poll longer. */
function createProfileTable() {
  let all: LuxosProfile[] = [];
  let offered: LuxosProfile[] | null = null;
  let asked: string | null = null;
  const learn = (sections: unknown) => {
    const { profile, atm } = toLevers(sections);
    all = profilesOf(sections);
    const own = all.find(({ name }) => name === profile)?.step ?? 0;
    // Beyond the nameplate only where the owner goes there himself.
    const most = Math.max(0, own, atm.isEnabled ? (atm.maxStep ?? 0) : 0);
    offered = offeredProfiles(all, { least: atm.isEnabled ? atm.minStep : null, most });
    return offered;
  };
  return {
    learn,
    /** Asked for at first, and once for a profile that is new; the steps stay those that were told last. */
    async knowing(link: DeviceLink, sections: LuxosSections, signal: AbortSignal) {
      const { profile } = toLevers(sections);
      const isKnown = profile === null || profile === asked || all.some(({ name }) => name === profile);
      if (!isKnown) {
        const told = { ...sections, ...(await askTogether(link, ["profiles", "atm"], signal)) };
        asked = profile;
        if (offered === null) learn(told);
        else all = profilesOf(told);
      }
      return { all, offered: offered ?? [] };
    },
  };
}

function toCapabilities(
  link: DeviceLink,
  profiles: readonly LuxosProfile[],
  levers: LuxosLevers,
  sections: LuxosSections,
  memory: DriverMemory,
): MinerCapabilities {
  const canPause = levers.isCurtailed !== null;
  const steps = levers.profile !== null && !levers.hasPowerTarget ? toSteps(profiles) : [];
  const hasGroups = list(sections, "GROUPS").length > 0;
  return {
    canPause,
    power: steps.length > 0 ? "discrete" : canPause ? "onoff" : "none",
    split: hasGroups ? "groups" : "none",
    minW: steps[0]?.targetW ?? null,
    maxW: steps.at(-1)?.targetW ?? null,
    steps,
    idleW: IDLE_W,
    // Supply, chips, then a gentle climb: minutes (miners.md §16).
    wakeS: 240,
    tauS: 60,
    minOnS: 600,
    minOffS: 600,
    restartsOnChange: false,
    pausePersists: true,
    splitStepPpm: hasGroups ? SHARE_STEP_PPM : null,
    poolSlots: LUXOS_SLOTS,
    poolSwitch: "none",
    poolsNeedRestart: false,
    maxUserLength: MAX_USER_LENGTH,
    actions: actionsOf(link, steps.length > 0 ? profiles : [], { canPause, hasGroups }, memory),
  };
}

function actionsOf(
  link: DeviceLink,
  profiles: readonly LuxosProfile[],
  can: { canPause: boolean; hasGroups: boolean },
  memory: DriverMemory,
): MinerActions {
  // A safety that an earlier change left off comes before anything else that is written.
  const settled = async <T>(signal: AbortSignal, act: () => Promise<T>) => {
    await settleAtm(link, memory, signal);
    return act();
  };
  const actions: MinerActions = {
    restart: (signal) => settled(signal, () => restartLuxos(link, signal)),
    locate: (signal) => settled(signal, () => blinkLuxos(link, signal)),
  };
  if (can.canPause) {
    actions.pause = (signal) => settled(signal, () => setCurtailed(link, true, signal));
    actions.resume = (signal) => settled(signal, () => setCurtailed(link, false, signal));
  }
  if (profiles.length > 0) {
    actions.setStep = async (index, signal) => {
      const profile = profiles[index];
      if (profile === undefined) throw noSuchStep(index, profiles.length);
      return settled(signal, () => setLuxosProfile(link, profile, memory, signal));
    };
  }
  if (can.hasGroups) {
    actions.writePools = (pools, signal) => settled(signal, () => writeLuxosPools(link, pools, signal));
  }
  return actions;
}

async function backup(
  link: DeviceLink,
  signal: AbortSignal,
): Promise<Pick<MinerBackup, "pools" | "settings">> {
  const pools = await askGroups(link, signal);
  const groups = wholeGroups(link, pools);
  const settings = await askConfig(link, ["config", "atm"], signal);
  return {
    pools: storedFrom(toReading(pools, [], [])),
    settings: {
      groups,
      atm: list(settings, "ATM")[0] ?? null,
      profile: toLevers(settings).profile,
      isCurtailed: toLevers(settings).isCurtailed,
    },
  };
}
