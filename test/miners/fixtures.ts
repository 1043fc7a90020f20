import { readFileSync } from "node:fs";
import type { CgminerLink, CgminerReply, JsonLink } from "#src/model/miner.ts";
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

/** A link in memory: answers by `command`, `command|parameter` or text line; keeps what was asked. */
export function scriptedLink(answer: (line: string) => string | Error): CgminerLink & { asked: string[] } {
  const asked: string[] = [];
  const talk = async (line: string): Promise<CgminerReply> => {
    asked.push(line);
    const found = answer(line);
    if (found instanceof Error) throw found;
    return reply(found);
  };
  return {
    kind: "cgminer",
    host: "192.0.2.7",
    port: 4028,
    asked,
    command: (command, parameter) => talk(parameter === null ? command : `${command}|${parameter}`),
    text: talk,
  };
}

/** A link in memory for HTTP devices; keeps every write as `METHOD path body`. */
export function scriptedJsonLink(options: {
  get: (path: string) => unknown;
  send?: (method: string, path: string, body: Record<string, unknown>) => unknown;
}): JsonLink & { written: string[] } {
  const written: string[] = [];
  return {
    kind: "http",
    host: "192.0.2.8",
    port: 80,
    written,
    async get(path) {
      const found = options.get(path);
      if (found instanceof Error) throw found;
      return found;
    },
    async send(method, path, body) {
      written.push(`${method} ${path} ${JSON.stringify(body)}`);
      const found = options.send?.(method, path, body as Record<string, unknown>) ?? null;
      if (found instanceof Error) throw found;
      return found;
    },
  };
}
