import { minerNotAdopted } from "../model/miner-errors.ts";
import type { DeviceLink, Pace } from "../model/miner-link.ts";
import { createCgminerLink } from "./cgminer-link.ts";
import { resolveDevice } from "./device-address.ts";
import { createFrameLink } from "./frame-link.ts";
import { formatHostPort } from "./host-port.ts";
import { createHostQueue, type HostQueue } from "./host-queue.ts";
import { createHttpLink } from "./http-link.ts";
import { createSystemClock } from "./system-clock.ts";

/** Protocols that miners speak. */
export type Protocol = "http" | "cgminer" | "frames";

/** Usual port of each protocol that a family speaks; the first is where it is looked for. */
export type FamilyPorts = Partial<Record<Protocol, number>>;

/** One question and its answer as they went over the wire, for recordings. */
export interface RecordedExchange {
  protocol: Protocol;
  /** Method and path, command, or line. */
  request: string;
  /** HTTP only. */
  status: number | null;
  text: string;
}

/** Limits of requirements DRV-5; all times in real time. */
export interface LinkLimits {
  connectMs: number;
  totalMs: number;
  maxBytes: number;
  /** Silence after which an answer without its end mark counts as complete, ms. */
  quietMs: number;
}

export interface DeviceLinkOptions extends Partial<LinkLimits> {
  ports?: FamilyPorts;
  /** The port was named by a person: no other is used, for whatever protocol (interfaces.md §6). */
  isExplicitPort?: boolean;
  allowPublic?: boolean;
  /** Runs before each write and throws to prevent it. Absent: nothing may be written. */
  guard?: (signal: AbortSignal) => Promise<void>;
  pace?: Pace;
  onExchange?: (exchange: RecordedExchange) => void;
}

/** What the links of one device share. */
export interface LinkGround {
  host: string;
  port: number;
  where: string;
  limits: LinkLimits;
  queue: HostQueue;
  /** The address to connect to now. */
  address(signal: AbortSignal): Promise<string>;
  guard(signal: AbortSignal): Promise<void>;
  onExchange(exchange: RecordedExchange): void;
}

const LIMITS: LinkLimits = { connectMs: 1_000, totalMs: 5_000, maxBytes: 1_048_576, quietMs: 300 };

/**
 * Every way to talk to the device at `host:port`; nothing is sent before it is used. A family with several protocols
 * has each on its usual port when the device was found on one of them, and all on the named port otherwise.
 */
export function createDeviceLink(host: string, port: number, options: DeviceLinkOptions = {}): DeviceLink {
  const queue = createHostQueue();
  const usual = options.ports ?? {};
  const isUsual = options.isExplicitPort !== true && Object.values(usual).includes(port);
  const ground = (protocol: Protocol): LinkGround => {
    const own = isUsual ? (usual[protocol] ?? port) : port;
    const where = formatHostPort(host, own);
    return {
      host,
      port: own,
      where,
      limits: limitsOf(options),
      queue,
      address: (signal) => resolveDevice(host, { allowPublic: options.allowPublic ?? false, signal }),
      guard: options.guard ?? (async () => Promise.reject(minerNotAdopted(where))),
      onExchange: options.onExchange ?? (() => undefined),
    };
  };
  return {
    host,
    port,
    where: formatHostPort(host, port),
    http: createHttpLink(ground("http")),
    cgminer: createCgminerLink(ground("cgminer")),
    frames: createFrameLink(ground("frames")),
    pace: options.pace ?? systemPace(),
  };
}

/** Waits of drivers in real time. */
function systemPace(): Pace {
  const { nowMs, monoMs, sleep } = createSystemClock();
  return { nowMs, monoMs, sleep };
}

function limitsOf(options: Partial<LinkLimits>): LinkLimits {
  return {
    connectMs: options.connectMs ?? LIMITS.connectMs,
    totalMs: options.totalMs ?? LIMITS.totalMs,
    maxBytes: options.maxBytes ?? LIMITS.maxBytes,
    quietMs: options.quietMs ?? LIMITS.quietMs,
  };
}
