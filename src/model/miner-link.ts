import type { FirmwareId, MinerBackup, MinerCapabilities, MinerIdentity, MinerReading } from "./miner.ts";

/**
 * Everything a driver may use to talk to one device: one request at a time whatever the protocol, bounded in time,
 * bytes and depth. Words for writes (`send`, `tell`) first check that the adopted device still answers, and throw
 * `MINER_IDENTITY_CHANGED` or, on a link that was opened only to look, `MINER_NOT_ADOPTED`: then nothing was sent.
 */
export interface DeviceLink {
  readonly host: string;
  /** Where the device was found. */
  readonly port: number;
  /** `host:port`, for the words of an error. */
  readonly where: string;
  readonly http: HttpLink;
  readonly cgminer: CgminerLink;
  readonly frames: FrameLink;
  readonly pace: Pace;
}

/** Time as a driver needs it: to wait between read-backs, and to date an order for a device without a clock. */
export interface Pace {
  /** Wall clock of this computer, ms. */
  nowMs(): number;
  /** Monotonic, ms. */
  monoMs(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** True when somebody wants the device for something more urgent: waits for proof end with what is known. */
  isHurried?(): boolean;
}

export interface HttpAccess {
  /** Beside the link's own; names in lower case. */
  headers?: Record<string, string>;
  /** Answer to a digest challenge (RFC 7616); wrong ones throw `MINER_PASSWORD_WRONG`. */
  digest?: { user: string; password: string; isFactory: boolean };
}

export interface HttpExchange extends HttpAccess {
  method: "GET" | "POST";
  path: string;
  /** Sent as JSON; nothing when left out. */
  body?: unknown;
}

export interface HttpReply {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  text: string;
  /** The parsed text; null where it is no JSON. */
  body: unknown;
}

/** HTTP with JSON to one device. No redirect is followed. */
export interface HttpLink {
  /** Parsed body of a read. Throws the errors of `createHttpLink`. */
  get(path: string, signal: AbortSignal, access?: HttpAccess): Promise<unknown>;
  /** A write. Answers the parsed body, or null where it is empty or plain words. */
  send(
    method: "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body: unknown,
    signal: AbortSignal,
    access?: HttpAccess,
  ): Promise<unknown>;
  /** Logins and questions that change nothing: any status is an answer. */
  exchange(request: HttpExchange, signal: AbortSignal): Promise<HttpReply>;
}

/** A question in the text form (`ascset|0,help`), or as the JSON object that the firmware wants. */
export type CgminerRequest = string | Readonly<Record<string, unknown>>;

/** The CGMiner dialect on TCP (miners.md §3): repaired, parsed, typed errors. */
export interface CgminerLink {
  /** A read; the parsed reply, also when its status is an error. */
  ask(request: CgminerRequest, signal: AbortSignal): Promise<CgminerReply>;
  /** A write. */
  tell(request: CgminerRequest, signal: AbortSignal): Promise<CgminerReply>;
  /** A reply that came by another way, as inside an encrypted envelope. */
  parse(text: string): CgminerReply;
}

/**
 * Reply of the CGMiner dialect. `S` and `I` are success; `NO_REPLY` means the peer closed without a word, `SEALED` an
 * encrypted answer whose text stands in `sections.enc` (miners.md §11.1).
 */
export interface CgminerReply {
  status: "S" | "I" | "W" | "E" | "F" | "RESTART" | "NO_REPLY" | "SEALED";
  code: number | null;
  message: string;
  /** Device clock in epoch seconds, or its uptime on devices without a clock; null when missing. */
  when: number | null;
  /** Sections by name (`SUMMARY`, `POOLS`, …), as objects. */
  sections: Record<string, unknown>;
  isPartial: boolean;
}

/** JSON behind a length of four bytes on TCP, both ways (Whatsminer API v3, miners.md §11.2). */
export interface FrameLink {
  ask(request: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<FrameReply>;
  tell(request: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<FrameReply>;
}

export interface FrameReply {
  /** 0 is success; null when the answer has none. */
  code: number | null;
  /** An object of data, or the words of an error. */
  msg: unknown;
  /** Device clock, epoch seconds; null when missing. */
  when: number | null;
}

/** Small notes of a driver about one device that must outlive the process: the mode before a pause, a safety to restore. */
export interface DriverMemory {
  /** Null or undefined where nothing is noted. */
  get(key: string): unknown;
  /** Null forgets. */
  set(key: string, value: unknown): void;
}

/** What a driver is given from outside. */
export interface DriverOptions {
  /** Password of the device's own page; null or absent: the documented factory default is tried once. */
  password?: string | null;
  /** Kept over restarts of the program; in memory when absent. */
  memory?: DriverMemory;
}

/** bronze reads, silver pauses with read-back, gold steps and split, platinum seen on hardware for 72 h. */
export type DriverTier = "bronze" | "silver" | "gold" | "platinum";

/** A firmware family: facts about it and nothing else (architecture-examples.md §2.7). One object serves one device. */
export interface MinerDriver {
  readonly id: FirmwareId;
  readonly title: string;
  readonly tier: DriverTier;
  /** What of the tier it lacks, or what it cannot tell, and why. */
  readonly exemptions: readonly string[];
  /** Null when the device is of another family; throws a typed error when it does not answer. */
  identify(link: DeviceLink, signal: AbortSignal): Promise<MinerIdentity | null>;
  read(link: DeviceLink, signal: AbortSignal): Promise<MinerReading>;
  capabilities(link: DeviceLink, signal: AbortSignal): Promise<MinerCapabilities>;
  /** Pools and settings as they stand, for a restore; reads only. Throws when the device does not tell them whole. */
  backup(link: DeviceLink, signal: AbortSignal): Promise<Pick<MinerBackup, "pools" | "settings">>;
}
