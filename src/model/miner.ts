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
  /** Part of the work that the device is set to send here, ppm; null without weights of its own (miners.md §15). */
  sharePpm: number | null;
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
  /**
   * Part of the work in ppm, for devices that share it between pools themselves; null: pools in order of failover.
   * All of one call are null, or none. Null is never read as "all to the first" of several destinations.
   */
  sharePpm: number | null;
}

/** One destination as it stood before a write, for a restore. */
export interface StoredPool {
  url: string;
  user: string;
  /** Null where the firmware does not tell it; a restore then needs it from the member. */
  password: string | null;
  sharePpm: number | null;
}

/** What stood in a device before it was written to. A secret: it holds pool passwords. */
export interface MinerBackup {
  /** RFC 3339 UTC. */
  at: string;
  identity: MinerIdentity;
  pools: StoredPool[];
  /** The firmware's own settings as read, where it takes only whole configurations or splits by groups; else null. */
  settings: unknown;
}

/**
 * What this device can do; an action that it lacks is absent and so cannot be asked for. Every action reads before
 * it writes, changes only what differs, and reads back; who answers is checked by the link before each write.
 */
export interface MinerActions {
  pause?: (signal: AbortSignal) => Promise<WriteResult>;
  resume?: (signal: AbortSignal) => Promise<WriteResult>;
  /** Discrete devices: index into `steps`. Never resumes a paused device. */
  setStep?: (index: number, signal: AbortSignal) => Promise<WriteResult>;
  /** Continuous devices: target in the firmware's own scale. */
  setTarget?: (powerW: number, signal: AbortSignal) => Promise<WriteResult>;
  /**
   * Makes these the destinations, read-back included; what the device reads back may need `restart` to apply.
   * Throws `SPLIT_UNSUPPORTED` for shares that the firmware cannot keep, before anything is sent.
   */
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
  /** A change of power interrupts the hashing, so it is done seldom (control.md §9, `restart_on_change`). */
  restartsOnChange: boolean;
  /** A pause outlives a reboot; null: not known, so it is read and asserted again (miners.md §16). */
  pausePersists: boolean | null;
  /** Step of the firmware's own split, ppm; null without one. */
  splitStepPpm: number | null;
  /** Pools that the firmware holds. */
  poolSlots: number;
  /** How a pool switch is done: without dropping work, by a reconnect, or by a restart (settlement.md §5). */
  poolSwitch: "none" | "reconnect" | "restart";
  /** New pools apply only after a restart. */
  poolsNeedRestart: boolean;
  /** Longest full user name the firmware keeps (settlement.md §3, end). */
  maxUserLength: number;
  actions: MinerActions;
}
