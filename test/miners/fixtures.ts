import { readFileSync } from "node:fs";
import type {
  CgminerLink,
  CgminerReply,
  CgminerRequest,
  DeviceLink,
  FrameReply,
  HttpLink,
  Pace,
} from "#src/model/miner-link.ts";
import { parseCgminerReply } from "#src/net/cgminer-reply.ts";

/** A recorded answer of `test/fixtures/<path>`. */
export function fixture(path: string): string {
  return readFileSync(new URL(`../fixtures/${path}`, import.meta.url), "utf8");
}

/** Sections of a recorded CGMiner answer. */
export function sections(path: string): Record<string, unknown> {
  return parseCgminerReply(fixture(path), "fixture").sections;
}

/** A parsed CGMiner answer from its text. */
export const reply = (text: string): CgminerReply => parseCgminerReply(text, "test");

/** Time that passes only where a driver waits; `slept` tells how long it did, ms. */
export function instantPace(nowMs = 9e12): Pace & { slept: number } {
  const pace = {
    slept: 0,
    nowMs: () => nowMs + pace.slept,
    monoMs: () => pace.slept,
    sleep: async (ms: number, signal: AbortSignal) => {
      signal.throwIfAborted();
      pace.slept += ms;
    },
  };
  return pace;
}

/** How one link in memory answers, by protocol; what is left out is not spoken. */
export interface Script {
  /** By `command`, `command|parameter`, a text line, or the JSON of a request of another shape. */
  cgminer?: (line: string) => string | Error;
  /** `METHOD path` and body; an Error is thrown, everything else is the parsed body. */
  http?: (request: string, body: Record<string, unknown>, headers: Record<string, string>) => unknown;
  frames?: (request: Record<string, unknown>) => FrameReply | Error;
}

export interface ScriptedLink extends DeviceLink {
  /** Everything asked, in order. */
  asked: string[];
  /** The writes among it. */
  written: string[];
  pace: ReturnType<typeof instantPace>;
}

/** As a real link: nothing is sent for a call that is over, and nobody hears an answer that comes after its end. */
async function within<T>(signal: AbortSignal, exchange: () => T): Promise<T> {
  signal.throwIfAborted();
  const answer = exchange();
  signal.throwIfAborted();
  return answer;
}

/** A device in memory: keeps what it was asked and told. Writes are allowed; the guard is the port's business. */
export function scripted(script: Script): ScriptedLink {
  const asked: string[] = [];
  const written: string[] = [];
  const note = (line: string, isWrite: boolean) => {
    asked.push(line);
    if (isWrite) written.push(line);
  };
  const or = <T>(found: T | Error): T => {
    if (found instanceof Error) throw found;
    return found;
  };
  const talk = (isWrite: boolean) => async (request: CgminerRequest, signal: AbortSignal) => {
    const line = lineOf(request);
    if (!script.cgminer) throw new Error(`no socket here: ${line}`);
    const { cgminer } = script;
    return within(signal, () => {
      note(line, isWrite);
      return reply(or(cgminer(line)));
    });
  };
  const web = async (
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string>,
    how: { isWrite: boolean; signal: AbortSignal },
  ): Promise<unknown> => {
    const request = `${method} ${path}`;
    if (!script.http) throw new Error(`no web here: ${request}`);
    const { http } = script;
    return within(how.signal, () => {
      note(body === undefined ? request : `${request} ${JSON.stringify(body)}`, how.isWrite);
      return or(http(request, (body ?? {}) as Record<string, unknown>, headers));
    });
  };
  const http: HttpLink = {
    get: (path, signal, access) =>
      web("GET", path, undefined, access?.headers ?? {}, { isWrite: false, signal }),
    send: (method, path, body, signal, access) =>
      web(method, path, body, access?.headers ?? {}, { isWrite: true, signal }),
    async exchange({ method, path, body, headers }, signal) {
      const answer = await web(method, path, body, headers ?? {}, { isWrite: false, signal });
      const {
        status = 200,
        headers: told = {},
        ...rest
      } = answer as {
        status?: number;
        headers?: Record<string, string>;
        body?: unknown;
      };
      const content = "body" in rest ? rest.body : answer;
      return { status, headers: told, body: content, text: JSON.stringify(content) ?? "" };
    },
  };
  const cgminer: CgminerLink = { ask: talk(false), tell: talk(true), parse: reply };
  const frame = (isWrite: boolean) => async (request: Readonly<Record<string, unknown>>) => {
    note(JSON.stringify(request), isWrite);
    if (!script.frames) throw new Error("no frames here");
    return or(script.frames({ ...request }));
  };
  return {
    host: "192.0.2.7",
    port: 4028,
    where: "192.0.2.7:4028",
    http,
    cgminer,
    frames: { ask: frame(false), tell: frame(true) },
    pace: instantPace(),
    asked,
    written,
  };
}

/** A request as one line: `command|parameter` where it has that shape. */
function lineOf(request: CgminerRequest): string {
  if (typeof request === "string") return request;
  const { command, parameter, ...rest } = request;
  if (typeof command !== "string" || Object.keys(rest).length > 0) return JSON.stringify(request);
  return parameter === undefined ? command : `${command}|${parameter}`;
}
