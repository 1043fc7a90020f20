/** Mining, told by the firmware's state field; `unknown` where it has none and nothing moves (interfaces.md §6). */
export type MinerState = "mining" | "paused" | "starting" | "fault" | "unknown";

/** What a write did: proved by read-back, still on its way, refused by the device, or not known. */
export type WriteResult = "effective" | "pending" | "rejected" | "unknown";

export type PoolRole = "coop" | "member" | "fallback" | "dev_fee" | "unknown";
export type PoolState = "alive" | "dead" | "disabled" | "rejecting" | "unknown";

/** Firmware families that have a driver here or will have (interfaces.md §6). */
export type FirmwareId =
  | "avalon"
  | "axeos"
  | "nerdqaxe"
  | "braiins"
  | "bosminer"
  | "luxos"
  | "vnish"
  | "antminer"
  | "whatsminer";

/** One destination of work as the device tells it. Unknown counters are null. */
export interface PoolReading {
  /** `scheme://host:port`. */
  url: string;
  /** Full user as the device has it: `<pool user or address>.<worker>`. */
  user: string;
  role: PoolRole;
  state: PoolState;
  /** Sum of accepted share difficulty since the device's counters began; falls to 0 at restarts. */
  acceptedDifficulty: number | null;
  accepted: number | null;
  rejected: number | null;
  stale: number | null;
  /** Difficulty of the latest shares, for the luck of the split (settlement.md §4); null when not told. */
  shareDifficulty: number | null;
  /** True when work goes to it now; null when the device does not tell. */
  isActive: boolean | null;
}

/** One truthful snapshot of a miner (product.md §7, miner read). Everything unknown is null. */
export interface MinerReading {
  state: MinerState;
  /** Words of the firmware beside the state: a fault text; null when there is nothing to say. */
  stateDetail: string | null;
  /** Draw in W, at the wall where the device says so; >= 0. */
  powerW: number | null;
  powerSource: "measured" | "estimated" | "target" | null;
  /** Shortest live window up to one minute, TH/s; never a since-start average. */
  hashrateThs: number | null;
  chipMaxC: number | null;
  boardC: number | null;
  inletC: number | null;
  outletC: number | null;
  fans: { rpm: number | null; percent: number | null }[];
  /** True when the device itself reports a broken fan. */
  hasFanFault: boolean;
  uptimeS: number | null;
  /** Target as configured, in the firmware's own scale (Avalon: `MPO`). */
  powerTargetW: number | null;
  /** The firmware's word for its mode: `mining/super`, `525 MHz`. */
  mode: string | null;
  /** Index into `MinerCapabilities.steps` of the configured step; null when paused, unknown or continuous. */
  stepIndex: number | null;
  pools: PoolReading[];
}

/** Who a miner is; survives DHCP (miners.md §2.5). */
export interface MinerIdentity {
  /** MAC in lower-case colon form, else `serial:…`. */
  id: string;
  mac: string | null;
  serial: string | null;
  make: string | null;
  /** In the device's own words. */
  model: string;
  firmware: FirmwareId;
  firmwareVersion: string;
}

/** One rung of a discrete device, rising by draw. */
export interface PowerStep {
  /** The firmware's word: `night/eco`, `490 MHz`. */
  label: string;
  /** In the firmware's own scale; null until known. */
  targetW: number | null;
  /** Draw at the wall as the model table guesses, replaced by measurement; never null, for planning only. */
  wallW: number;
  /** Expected hash rate, TH/s; null until known. */
  hashrateThs: number | null;
}

/** A pool as it shall stand in the device. */
export interface PoolTarget {
  /** `stratum+tcp://host:port`. */
  url: string;
  user: string;
  password: string;
  role: PoolRole;
}

/**
 * What this device can do; an action that it lacks is absent and so cannot be asked for.
 * Every action checks nothing but its own effect: identity is checked by the caller before (MinerPort).
 */
export interface MinerActions {
  pause?: (signal: AbortSignal) => Promise<WriteResult>;
  resume?: (signal: AbortSignal) => Promise<WriteResult>;
  /** Discrete devices: index into `steps`. Never resumes a paused device. */
  setStep?: (index: number, signal: AbortSignal) => Promise<WriteResult>;
  /** Continuous devices: target in the firmware's own scale. */
  setTarget?: (powerW: number, signal: AbortSignal) => Promise<WriteResult>;
  /** Replaces the first `pools.length` entries; read-back included. May need `restart` to apply. */
  writePools?: (pools: readonly PoolTarget[], signal: AbortSignal) => Promise<WriteResult>;
  /** Makes one configured entry the active one (time slicing); includes a restart where that is needed. */
  selectPool?: (index: number, signal: AbortSignal) => Promise<WriteResult>;
  restart?: (signal: AbortSignal) => Promise<WriteResult>;
  locate?: (signal: AbortSignal) => Promise<WriteResult>;
}

export interface MinerCapabilities {
  canPause: boolean;
  power: "continuous" | "discrete" | "onoff" | "none";
  /** Native split; `none` means time slicing, proxy or pool side (settlement.md §2). */
  split: "groups" | "dual" | "quota" | "none";
  /** In the firmware's own scale; null until known. */
  minW: number | null;
  maxW: number | null;
  /** Rungs by rising draw; empty for continuous devices. */
  steps: PowerStep[];
  /** Draw at rest, W. */
  idleW: number;
  /** Command to first half of the target, s; settling constant, s (control.md §9). */
  wakeS: number;
  tauS: number;
  minOnS: number;
  minOffS: number;
  /** How a pool switch is done: without dropping work, by a reconnect, or by a restart (settlement.md §5). */
  poolSwitch: "none" | "reconnect" | "restart";
  /** New pools apply only after a restart. */
  poolsNeedRestart: boolean;
  /** Longest full user name the firmware keeps (settlement.md §3, end). */
  maxUserLength: number;
  actions: MinerActions;
}

/** HTTP with JSON to one device; deadlines, caps and the queue are the link's. */
export interface JsonLink {
  readonly kind: "http";
  readonly host: string;
  readonly port: number;
  get(path: string, signal: AbortSignal): Promise<unknown>;
  /** Answers the parsed body, or null where the body is empty. */
  send(
    method: "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<unknown>;
}

/** The CGMiner dialect on TCP (miners.md §3): repaired, parsed, typed errors. */
export interface CgminerLink {
  readonly kind: "cgminer";
  readonly host: string;
  readonly port: number;
  /** JSON form; the parsed reply, also when its status is an error. */
  command(command: string, parameter: string | null, signal: AbortSignal): Promise<CgminerReply>;
  /** Text form `command|parameter`, for `ascset` writes. */
  text(line: string, signal: AbortSignal): Promise<CgminerReply>;
}

/** Reply of the CGMiner dialect. `S` and `I` are success; `NO_REPLY` means the peer closed without a word. */
export interface CgminerReply {
  status: "S" | "I" | "W" | "E" | "F" | "RESTART" | "NO_REPLY";
  code: number | null;
  message: string;
  /** Device clock in epoch seconds, or its uptime on devices without a clock; null when missing. */
  when: number | null;
  /** Sections by name (`SUMMARY`, `POOLS`, …), as objects. */
  sections: Record<string, unknown>;
  isPartial: boolean;
}

export type MinerLink = JsonLink | CgminerLink;

/** A firmware family: facts about it and nothing else (architecture-examples.md §2.7). */
export interface MinerDriver<Link extends MinerLink = MinerLink> {
  readonly id: FirmwareId;
  readonly title: string;
  readonly linkKind: Link["kind"];
  readonly ports: readonly number[];
  /** bronze reads, silver pauses with read-back, gold steps and split, platinum seen on hardware. */
  readonly tier: "bronze" | "silver" | "gold" | "platinum";
  readonly exemptions: readonly string[];
  /** Null when the device is of another family; throws a typed error when it does not answer. */
  identify(link: Link, signal: AbortSignal): Promise<MinerIdentity | null>;
  read(link: Link, signal: AbortSignal): Promise<MinerReading>;
  capabilities(link: Link, signal: AbortSignal): Promise<MinerCapabilities>;
}
