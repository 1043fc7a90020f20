import { readdirSync } from "node:fs";
import { recordingName } from "#src/app/recording.ts";
import { unreachableError } from "#src/model/errors.ts";
import type { CgminerRequest, DeviceLink } from "#src/model/miner-link.ts";
import { parseCgminerReply } from "#src/net/cgminer-reply.ts";
import { parseFrameReply } from "#src/net/frame-link.ts";
import { parseHttpBody } from "#src/net/http-link.ts";
import { fixture, instantPace } from "./fixtures.ts";

const INVALID_COMMAND = '{"STATUS":[{"STATUS":"E","Code":14,"Msg":"Invalid command"}],"id":1}';

/**
 * A link in memory that answers with the recordings of a folder through the parsers of the real links, each answer
 * spoilt by `change`. Writes fail: nothing here may want one.
 */
export function recordedLink(folder: string, change: (text: string, name: string) => string): DeviceLink {
  const texts = textsOf(folder);
  const spoilt = (name: string) => {
    const text = texts.get(name);
    return text === undefined ? null : change(text, name);
  };
  const web = (method: string, path: string) =>
    spoilt(recordingName({ protocol: "http", request: `${method} ${path}` }));
  const noWrites = async () => Promise.reject(new Error("a read wanted to write"));
  const where = "192.0.2.7";
  return {
    host: where,
    port: 1,
    where,
    pace: instantPace(),
    http: {
      async get(path) {
        const text = web("GET", path);
        if (text === null) throw unreachableError("MINER_NO_ROUTE", "404");
        return parseHttpBody(text, where);
      },
      send: noWrites,
      async exchange({ method, path }) {
        const text = web(method, path);
        return { status: text === null ? 404 : 200, headers: {}, text: text ?? "", body: toBody(text ?? "") };
      },
    },
    cgminer: {
      async ask(request: CgminerRequest) {
        const line = typeof request === "string" ? request : JSON.stringify(request);
        const text = spoilt(recordingName({ protocol: "cgminer", request: line }));
        return parseCgminerReply(text ?? INVALID_COMMAND, where);
      },
      tell: noWrites,
      parse: (text) => parseCgminerReply(text, where),
    },
    frames: {
      async ask(request) {
        const text = spoilt(recordingName({ protocol: "frames", request: JSON.stringify(request) }));
        return parseFrameReply(text ?? '{"code":-2,"msg":"invalid cmd"}', where);
      },
      tell: noWrites,
    },
  };
}

const known = new Map<string, ReadonlyMap<string, string>>();

/** The recordings of a folder by their names, read once: the fuzz asks for them a million times. */
function textsOf(folder: string): ReadonlyMap<string, string> {
  const texts =
    known.get(folder) ??
    new Map(
      readdirSync(new URL(`../fixtures/${folder}`, import.meta.url)).map((name) => [
        name,
        fixture(`${folder}/${name}`),
      ]),
    );
  known.set(folder, texts);
  return texts;
}

function toBody(text: string): unknown {
  try {
    return parseHttpBody(text, "");
  } catch {
    return null;
  }
}
