import type { HttpReply } from "./miner-link.ts";
import type { TlsMode } from "./source-config.ts";

/**
 * Everything a source may use to reach its device. Bounded in time and bytes; sources on one device share its
 * connection, and one request where they ask the same thing at the same moment. Errors: `SOURCE_UNREACHABLE`,
 * `SOURCE_TIMEOUT`, `SOURCE_BROKEN`, those of HTTP (`HTTP_TIMEOUT`, `HTTP_TOO_LARGE`, …) and of programs (`EXEC_…`) (3), `SOURCE_ACCESS`, `SECRET_MISSING`, `SECRET_MODE` (5).
 */
export interface SourceLinks {
  readonly clock: SourceClock;
  /** Any status but 401 is an answer. No redirect is followed. */
  http(request: SourceHttpRequest, signal: AbortSignal): Promise<HttpReply>;
  /** Listens to topics of one broker; connects by itself, again and again, until it is closed. */
  mqtt(access: MqttAccess): MqttFeed;
  modbus(access: ModbusAccess): ModbusLink;
  /** Runs a program without a shell, within its limits. */
  exec(request: ExecRequest, signal: AbortSignal): Promise<ExecReply>;
  homeAssistant(access: HomeAssistantAccess): EntityFeed;
}

export interface SourceClock {
  /** Wall clock, ms. */
  nowMs(): number;
  /** Monotonic, ms. */
  monoMs(): number;
}

export interface TlsAccess {
  tls: TlsMode;
  /** SHA-256 of the certificate in hex; wanted with `fingerprint`. */
  fingerprint: string | null;
}

export interface SourceHttpRequest extends TlsAccess {
  method: "GET" | "POST";
  /** May hold `{secret}`, as may headers and body. */
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string | null;
  auth: "none" | "basic" | "digest" | "bearer" | "login";
  user: string | null;
  secretRef: string | null;
  allowPublic: boolean;
  totalMs: number;
  /** The wish for a login is an answer of its own here, no error. */
  isLoginAnswer?: boolean;
  /** Wanted with `auth: login`. */
  login?: SourceLogin | null;
}

/** A login that gives a token for the requests that follow. */
export interface SourceLogin {
  url: string;
  /** JSON with `{secret}` in it; sent by POST. */
  body: string;
  /** The field of the answer that holds the token. */
  token: string;
}

export interface MqttAccess extends TlsAccess {
  /** `mqtt://HOST:PORT` or `mqtts://HOST:PORT`. */
  url: string;
  user: string | null;
  secretRef: string | null;
  allowPublic: boolean;
}

export interface MqttMessage {
  text: string;
  receivedMono: number;
  /** Kept by the broker and sent at subscribing: of unknown age. */
  isRetained: boolean;
}

export interface MqttFeed {
  /** The newest message of a topic; subscribes when it is asked for the first time. Null: none yet. */
  latest(topic: string): MqttMessage | null;
  /**
   * Resolves when a message is there or `ms` have passed. Throws why the broker cannot be used: `SOURCE_UNREACHABLE`,
   * `SOURCE_ACCESS`.
   */
  settle(topic: string, ms: number, signal: AbortSignal): Promise<void>;
}

export interface ModbusAccess {
  host: string;
  port: number;
  unit: number;
  allowPublic: boolean;
  totalMs: number;
}

export interface ModbusLink {
  /**
   * `count` (at most 125) registers from wire address `address`, as words of 16 bits; coils as 0 and 1. Throws
   * `MODBUS_EXCEPTION` (3) when the device says no, beside the errors of every link.
   */
  read(
    register: "holding" | "input" | "coil",
    address: number,
    count: number,
    signal: AbortSignal,
  ): Promise<number[]>;
}

export interface ExecRequest {
  argv: readonly string[];
  totalMs: number;
}

export interface ExecReply {
  /** Null: ended by a signal. */
  exitCode: number | null;
  stdout: string;
  /** Last line that is not empty, cleaned for a terminal. */
  lastStderr: string;
}

export interface HomeAssistantAccess extends TlsAccess {
  /** Origin, as `http://homeassistant.local:8123`. */
  url: string;
  secretRef: string | null;
  allowPublic: boolean;
}

/** State of one entity as Home Assistant has it (sources.md §3.1). */
export interface EntityState {
  /** Always text there. */
  state: string;
  attributes: Readonly<Record<string, unknown>>;
  /** When it was last written, as we know it on our monotonic clock, ms. */
  reportedMono: number;
}

export interface EntityFeed {
  /** The newest state; null when there is no such entity. Throws `SOURCE_ACCESS` (5) for a refused token. */
  state(entity: string, signal: AbortSignal): Promise<EntityState | null>;
  /** Unit of the temperatures that carry none: "°C" or "°F"; null when it is not told. */
  temperatureUnit(signal: AbortSignal): Promise<string | null>;
}
