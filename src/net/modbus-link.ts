import type { Socket } from "node:net";
import type { ModbusTCPClient } from "jsmodbus";
import { HearthError, unreachableError } from "../model/errors.ts";
import type { ModbusAccess, ModbusLink } from "../model/source-link.ts";
import { type Backoff, createBackoff } from "./backoff.ts";
import { DeadlineError, withDeadline } from "./deadline.ts";
import { formatHostPort } from "./host-port.ts";
import { createHostQueue } from "./host-queue.ts";
import { openSocket } from "./source-socket.ts";

/** Inverters want a pause between requests (sources.md §1.6), ms. */
const PAUSE_MS = 50;
const FIRST_RETRY_MS = 500;
const MOST_RETRY_MS = 60_000;
/** More than this without a whole answer is no Modbus, bytes: an answer has at most 260. */
const MOST_BYTES = 4096;

/** One connection to a Modbus TCP device for all units behind it: most take one client and no more. */
export interface ModbusLine {
  unit(access: ModbusAccess): ModbusLink;
  close(): void;
}

interface Open {
  socket: Socket;
  clients: Map<number, ModbusTCPClient>;
  /** Bytes heard since the last question. */
  heard: number;
}

/**
 * The line to `host:port`; connects when it is first asked. A request that fails in any way but a Modbus exception ends
 * the connection, so that a late answer is never taken for the next one's. Errors: `SOURCE_UNREACHABLE`,
 * `SOURCE_TIMEOUT`, `SOURCE_BROKEN`, `MODBUS_EXCEPTION` (3).
 */
export function createModbusLine(host: string, port: number): ModbusLine {
  const queue = createHostQueue();
  const where = formatHostPort(host, port);
  const line: Line = {
    where,
    open: null,
    backoff: createBackoff(FIRST_RETRY_MS, MOST_RETRY_MS),
    restUntil: 0,
    lastError: null,
    answeredMono: Number.NEGATIVE_INFINITY,
  };
  return {
    unit: (access) => ({
      read: (register, address, count, signal) =>
        queue(() => askWithin(line, access, { register, address, count }, signal), signal),
    }),
    close: () => hangUp(line),
  };
}

interface Line {
  where: string;
  open: Open | null;
  backoff: Backoff;
  /** No new connection before, of `performance.now()`. */
  restUntil: number;
  lastError: HearthError | null;
  /** When the last question ended, of `performance.now()`. */
  answeredMono: number;
}

interface Wanted {
  register: "holding" | "input" | "coil";
  address: number;
  count: number;
}

async function askWithin(
  line: Line,
  access: ModbusAccess,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<number[]> {
  if (!line.open && performance.now() < line.restUntil && line.lastError) throw line.lastError;
  await pause(line.answeredMono + PAUSE_MS - performance.now());
  // Loading it is no fault of the device.
  const { client } = (await import("jsmodbus")).default;
  try {
    const words = await withDeadline(access.totalMs, signal, async (both) => {
      const open = line.open ?? (await dial(line, access, both));
      open.heard = 0;
      return Promise.race([
        ask(clientOf(open, client.TCP, access), access, wanted, line.where),
        untilAborted(both),
      ]);
    });
    line.backoff.reset();
    return words;
  } catch (error) {
    if (error instanceof HearthError && error.code === "MODBUS_EXCEPTION") {
      line.backoff.reset();
      throw error;
    }
    hangUp(line);
    signal.throwIfAborted();
    line.lastError = toSourceError(error, line.where, access.totalMs);
    line.restUntil = performance.now() + line.backoff.next();
    throw line.lastError;
  } finally {
    line.answeredMono = performance.now();
  }
}

async function dial(line: Line, access: ModbusAccess, signal: AbortSignal): Promise<Open> {
  const { host, port, allowPublic, totalMs } = access;
  const socket = await openSocket({ host, port, tls: null, allowPublic, connectMs: totalMs }, signal);
  const open: Open = { socket, clients: new Map(), heard: 0 };
  socket.setNoDelay(true);
  socket.on("error", () => undefined);
  socket.on("close", () => {
    if (line.open === open) line.open = null;
  });
  socket.on("data", (chunk) => {
    open.heard += chunk.length;
    if (open.heard > MOST_BYTES) socket.destroy();
  });
  line.open = open;
  return open;
}

function hangUp(line: Line): void {
  line.open?.socket.destroy();
  line.open = null;
}

function clientOf(open: Open, Client: typeof ModbusTCPClient, access: ModbusAccess): ModbusTCPClient {
  const known = open.clients.get(access.unit);
  if (known) return known;
  const client = new Client(open.socket, access.unit, access.totalMs);
  open.clients.set(access.unit, client);
  // The library holds itself for offline until it hears its socket connect, which this one did before.
  open.socket.emit("connect");
  return client;
}

async function ask(
  client: ModbusTCPClient,
  access: ModbusAccess,
  wanted: Wanted,
  where: string,
): Promise<number[]> {
  const { register, address, count } = wanted;
  try {
    const { response } =
      register === "coil"
        ? await client.readCoils(address, count)
        : await (register === "holding"
            ? client.readHoldingRegisters(address, count)
            : client.readInputRegisters(address, count));
    const words = Array.from(response.body.valuesAsArray, Number);
    const isWhole = register === "coil" ? words.length >= count : words.length === count;
    if (isWhole && response.unitId === access.unit) return words.slice(0, count);
  } catch (error) {
    throw toModbusError(error, where, access.unit);
  }
  throw broken(where);
}

/** Exceptions in words (sources.md §1.6). */
const EXCEPTIONS: Record<number, string> = {
  1: "does not know this kind of register",
  2: "has no register at this address",
  3: "takes no such count of registers",
  4: "failed",
  6: "is busy",
  10: "has no way to this unit",
  11: "got no answer from this unit",
};

function toModbusError(error: unknown, where: string, unit: number): Error {
  const { err, response } = (error ?? {}) as { err?: unknown; response?: { body?: { code?: unknown } } };
  if (err === "ModbusException") {
    const code = Number(response?.body?.code);
    const what = EXCEPTIONS[code] ?? "refused the question";
    return unreachableError("MODBUS_EXCEPTION", `Unit ${unit} at ${where} ${what} (exception ${code}).`, {
      hint: "Check unit, register kind and address; addresses count from 0 as on the wire",
    });
  }
  return err === "OutOfSync" || err === "Protocol" ? broken(where) : new Error(String(err ?? "broken"));
}

function broken(where: string): HearthError {
  return unreachableError(
    "SOURCE_BROKEN",
    `${where} answered with something that is not the Modbus answer.`,
    {
      hint: "Check the port and the unit",
    },
  );
}

function toSourceError(error: unknown, where: string, totalMs: number): HearthError {
  if (error instanceof HearthError) return error;
  if (error instanceof DeadlineError) {
    return unreachableError("SOURCE_TIMEOUT", `${where} did not answer within ${totalMs / 1000} s.`, {
      hint: "Check the unit; another program may hold the only connection that the device allows",
    });
  }
  return unreachableError("SOURCE_UNREACHABLE", `${where} closed the connection.`, {
    hint: "Another program may hold the only connection that the device allows",
  });
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

async function pause(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
