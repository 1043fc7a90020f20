import { type HearthError, unsupportedError } from "../model/errors.ts";
import type { MinerActions, MinerCapabilities, MinerIdentity, MinerReading } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink, DriverOptions, MinerDriver } from "../model/miner-link.ts";
import { field, number, text, toMac } from "../model/parse.ts";
import { askSelf, type BosGraphql, type BosSelf, createBosGraphql, toBosVersion } from "./bos-graphql.ts";
import { BOS_POOLS, storedOf } from "./bos-groups.ts";
import { askBos, BOS_IDLE_W, toBosReading } from "./bos-socket.ts";
import {
  lightBraiins,
  type NoteRefusal,
  restartBraiins,
  setBraiinsPaused,
  setBraiinsTarget,
} from "./braiins-changes.ts";
import { wholeGroups, writeBraiinsPools } from "./braiins-pools.ts";
import {
  BRAIINS_STATUS,
  configuredTargetW,
  isTunedByWatts,
  statusOf,
  toBraiinsReading,
  toldSinceS,
} from "./braiins-reading.ts";
import {
  type BraiinsPolls,
  createBraiinsPolls,
  createBraiinsRest,
  hasLogin,
  hasRest,
  isRestRelease,
} from "./braiins-rest.ts";
import type { LoginLink } from "./login.ts";
import { storedFrom } from "./pool-target.ts";

const API = "/api/v1";
/** Up to 22.08 the firmware is another driver's (miners.md §7). */
const FIRST_OWN_YEAR = 23;
const ONLY_READ = "only read: update Braiins OS to 25.07 or later and pair it again to control it from here";
/** The 63 characters that every family keeps (settlement.md §3, end). */
const MAX_USER_LENGTH = 63;
const MAKES: Record<number, string> = { 1: "Bitmain", 2: "MicroBT" };

/** What serves one device over its life. */
interface BraiinsParts {
  rest: LoginLink;
  graphql: BosGraphql;
  polls: BraiinsPolls;
  /** False for the releases from 23.03 to 25.05, which can only be read, over the socket. */
  isRest(link: DeviceLink, signal: AbortSignal): Promise<boolean>;
}

/** Braiins OS: REST since 25.07; the releases from 23.03 to 25.05 are read over the socket alone (miners.md §7). */
export function createBraiinsDriver(options: DriverOptions = {}): MinerDriver {
  const parts = createParts(options);
  let refusal: string | null = null;
  let pausedSinceMono: number | null = null;
  let isFirst = true;
  const note: NoteRefusal = (words) => {
    refusal = words;
  };
  const readRest = async (link: DeviceLink, signal: AbortSignal): Promise<MinerReading> => {
    const answers = await parts.polls.ask(link, signal);
    const { details } = answers;
    const isPaused = statusOf(details) === BRAIINS_STATUS.paused;
    // A pause that began before the first look is as old as the device tells; later ones are seen to begin.
    const earlierS = isFirst ? (toldSinceS(details, link.pace.nowMs()) ?? 0) : 0;
    isFirst = false;
    pausedSinceMono = isPaused ? (pausedSinceMono ?? link.pace.monoMs() - earlierS * 1000) : null;
    const pausedForS = pausedSinceMono === null ? null : (link.pace.monoMs() - pausedSinceMono) / 1000;
    return toBraiinsReading(answers, { pausedForS, refusal });
  };
  return {
    id: "braiins",
    title: "Braiins OS 23.03 and later",
    tier: "gold",
    exemptions: [
      "watts are the firmware's estimate, not a measurement",
      "no difficulty sum in the firmware: work is counted from shares",
      "the part of the work that it does for its maker is not listed by it",
      "whether a pause outlives the restart that new pools cause is not known, so it is read and asserted again",
      "releases from 23.03 to 25.05 are only read: their interface for changes is another one",
    ],
    identify: (link, signal) => identify(parts, link, signal),
    async read(link, signal) {
      return (await parts.isRest(link, signal)) ? readRest(link, signal) : readOld(link, signal);
    },
    async capabilities(link, signal) {
      return (await parts.isRest(link, signal))
        ? capabilities(parts, link, note, signal)
        : oldCapabilities(parts, link, signal);
    },
    async backup(link, signal) {
      if (!(await parts.isRest(link, signal))) {
        return { pools: storedFrom(await readOld(link, signal)), settings: null };
      }
      const settings = await parts.rest.get(link, `${API}/configuration/miner`, signal);
      return { pools: storedOf(wholeGroups(settings, link.where)), settings };
    },
  };
}

/** Identity from `miner/details`; null when it has no number of its own. */
export function toIdentity(details: unknown): MinerIdentity | null {
  const mac = toMac(text(details, "mac_address"));
  const serial = text(details, "serial_number");
  const ownNumber = serial ?? text(details, "uid");
  const id = mac ?? (ownNumber === null ? null : `serial:${ownNumber}`);
  const version = text(field(details, "bos_version"), "current");
  if (id === null || version === null) return null;
  const self = field(details, "miner_identity");
  return {
    id,
    mac,
    serial,
    make: MAKES[number(self, "brand") ?? 0] ?? null,
    model: text(self, "name") ?? text(self, "miner_model") ?? "Braiins OS",
    firmware: "braiins",
    firmwareVersion: toBosVersion(version)?.text ?? version,
  };
}

/** Of the releases that only GraphQL names; null for older ones, which another driver knows, and without a number. */
export function toOldIdentity(self: BosSelf | null): MinerIdentity | null {
  if (self === null || self.hardwareId === null || isOlder(self)) return null;
  const model = self.model ?? "Braiins OS";
  return {
    id: `serial:${self.hardwareId}`,
    mac: null,
    serial: self.hardwareId,
    make: /antminer/i.test(model) ? "Bitmain" : /whatsminer/i.test(model) ? "MicroBT" : null,
    model,
    firmware: "braiins",
    firmwareVersion: self.version?.text ?? "",
  };
}

function createParts(options: DriverOptions): BraiinsParts {
  const rest = createBraiinsRest(options);
  let isKnown = false;
  return {
    rest,
    graphql: createBosGraphql(options),
    polls: createBraiinsPolls(rest),
    async isRest(link, signal) {
      // Only a yes is kept: a device that starts may not know its own routes yet.
      isKnown ||= (await hasRest(link, signal)) && (await hasLogin(rest, link, signal));
      return isKnown;
    },
  };
}

/**
 * REST first; a firmware without it is known by its GraphQL, and one of 22.08 or before is left to its own driver. A
 * miner of this firmware that tells no number of its own cannot be told from another: `MINER_UNSUPPORTED`.
 */
async function identify(
  { rest, graphql, isRest }: BraiinsParts,
  link: DeviceLink,
  signal: AbortSignal,
): Promise<MinerIdentity | null> {
  if (await isRest(link, signal)) {
    const identity = toIdentity(await rest.get(link, `${API}/miner/details`, signal));
    // Who let us in is of this family: without a name it has only half started.
    if (identity === null) throw minerIncomplete(link.where, "identity");
    return identity;
  }
  const self = await askSelf(graphql, link, signal);
  if (self === null || isOlder(self)) return null;
  // Its number of now would not be its name of later.
  if (isRestRelease(self.version)) throw minerIncomplete(link.where, "identity");
  const identity = toOldIdentity(self);
  if (identity === null) throw nameless(link, self);
  return identity;
}

/** All that the socket tells, and what to do for more. */
async function readOld(link: DeviceLink, signal: AbortSignal): Promise<MinerReading> {
  const sections = await askBos(link, signal);
  const reading = toBosReading(sections, { groups: null, targetW: null, mode: null, pausedForS: null });
  const detail = [ONLY_READ, ...(reading.stateDetail === null ? [] : [reading.stateDetail])];
  return { ...reading, stateDetail: detail.join("; ") };
}

/** A release of today that has not started its routes yet can do more than it shows. */
async function oldCapabilities(
  { graphql }: BraiinsParts,
  link: DeviceLink,
  signal: AbortSignal,
): Promise<MinerCapabilities> {
  const self = await askSelf(graphql, link, signal);
  if (self === null || isRestRelease(self.version)) throw minerIncomplete(link.where, "settings");
  return READ_ONLY;
}

const READ_ONLY: MinerCapabilities = {
  canPause: false,
  power: "none",
  split: "none",
  minW: null,
  maxW: null,
  steps: [],
  idleW: BOS_IDLE_W,
  wakeS: 90,
  tauS: 60,
  minOnS: 600,
  minOffS: 300,
  restartsOnChange: false,
  pausePersists: null,
  splitStepPpm: null,
  poolSlots: BOS_POOLS,
  poolSwitch: "restart",
  poolsNeedRestart: false,
  maxUserLength: MAX_USER_LENGTH,
  actions: {},
};

async function capabilities(
  { rest, polls }: BraiinsParts,
  link: DeviceLink,
  note: NoteRefusal,
  signal: AbortSignal,
): Promise<MinerCapabilities> {
  const constraints = await rest.get(link, `${API}/configuration/constraints`, signal);
  const configuration = await rest.get(link, `${API}/configuration/miner`, signal);
  const range = field(constraints, "tuner_constraints", "power_target");
  const minW = number(field(range, "min"), "watt", { min: 1 });
  const maxW = number(field(range, "max"), "watt", { min: 1 });
  const targetW = configuredTargetW(configuration);
  const isKnown = targetW !== null && minW !== null && maxW !== null && minW < maxW;
  if (
    !isKnown &&
    statusOf(await rest.get(link, `${API}/miner/details`, signal)) === BRAIINS_STATUS.notStarted
  ) {
    throw minerIncomplete(link.where, "settings");
  }
  const hasTarget = isKnown && isTunedByWatts(configuration);
  return {
    canPause: true,
    power: hasTarget ? "continuous" : "onoff",
    split: "groups",
    minW: hasTarget ? minW : null,
    maxW: hasTarget ? maxW : null,
    steps: [],
    idleW: BOS_IDLE_W,
    // The way up is slow: phases of "stabilising temperature" between a few hundred watts (miners.md §7.4).
    wakeS: 90,
    tauS: 120,
    minOnS: 600,
    minOffS: 300,
    restartsOnChange: false,
    pausePersists: null,
    splitStepPpm: 1,
    poolSlots: BOS_POOLS,
    poolSwitch: "restart",
    poolsNeedRestart: false,
    maxUserLength: MAX_USER_LENGTH,
    actions: actionsOf(rest, polls, link, note, hasTarget),
  };
}

function actionsOf(
  rest: LoginLink,
  polls: BraiinsPolls,
  link: DeviceLink,
  note: NoteRefusal,
  hasTarget: boolean,
): MinerActions {
  const fresh = async <T>(change: Promise<T>): Promise<T> => change.finally(() => polls.forget());
  const actions: MinerActions = {
    pause: (signal) => fresh(setBraiinsPaused(rest, link, true, signal)),
    resume: (signal) => fresh(setBraiinsPaused(rest, link, false, signal)),
    writePools: (pools, signal) => fresh(writeBraiinsPools(rest, link, pools, signal)),
    restart: (signal) => fresh(restartBraiins(rest, link, signal)),
    locate: (signal) => lightBraiins(rest, link, signal),
  };
  if (hasTarget) {
    actions.setTarget = (powerW, signal) => fresh(setBraiinsTarget(rest, link, powerW, note, signal));
  }
  return actions;
}

function isOlder({ version }: BosSelf): boolean {
  return version !== null && version.year < FIRST_OWN_YEAR;
}

function nameless(link: DeviceLink, { version }: BosSelf): HearthError {
  const which = version === null ? "Braiins OS" : `Braiins OS ${version.text}`;
  return unsupportedError(
    "MINER_UNSUPPORTED",
    `The miner at ${link.where} runs ${which}, which does not tell a number of its own.`,
    { left: "Only reads were sent", hint: "Update Braiins OS to 25.07 or later" },
  );
}
