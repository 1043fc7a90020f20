import { existsSync } from "node:fs";
import { thumbprintWords } from "../coop/keys.ts";
import { createEvent } from "../coop-server/event-office.ts";
import { startCoopServer, withOffice } from "../coop-server/server.ts";
import { toInstant } from "../model/clock.ts";
import type { EventPriority, EventType } from "../model/coop-event.ts";
import { usageError } from "../model/errors.ts";
import { createHttp } from "../net/http.ts";
import { createSystemClock } from "../net/system-clock.ts";
import { readCoopSettings } from "./coop-settings.ts";

/** `hearth coop serve`: answers until Ctrl-C or SIGTERM. */
export async function serveCoop(options: {
  listen: string;
  db: string;
  settings: string;
  signal: AbortSignal;
  onReady: (coop: { url: string; keyThumbprint: string; keyWords: string; name: string }) => void;
}): Promise<void> {
  const { host, port } = parseListen(options.listen);
  const settings = readCoopSettings(options.settings);
  const http = createHttp();
  const server = await startCoopServer({
    clock: createSystemClock(),
    dbPath: options.db,
    listen: { host, port },
    settings,
    http,
  });
  const { url, keyThumbprint } = server;
  options.onReady({ url, keyThumbprint, keyWords: thumbprintWords(keyThumbprint), name: settings.name });
  await ended(options.signal);
  await server.close();
  http.close();
}

/** `HOST:PORT`; port 0 is any free one. Throws `LISTEN_INVALID` (2). */
function parseListen(text: string): { host: string; port: number } {
  const match = /^(.+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2] ?? Number.NaN);
  if (match?.[1] && port <= 65_535) return { host: match[1], port };
  throw usageError("LISTEN_INVALID", `"${text.slice(0, 60)}" is no HOST:PORT to listen on`, {
    left: "The co-op was not started",
    hint: "--listen 127.0.0.1:8460",
  });
}

/** Resolves on Ctrl-C (the signal) or SIGTERM. */
export function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
    process.on("SIGTERM", () => resolve());
  });
}

export interface OrderedEvent {
  /** Null after a dry run. */
  id: string | null;
  type: string;
  priority: string;
  limitW: number;
  start: string;
  end: string;
}

/**
 * `hearth coop event create`: writes a signed event into the database that `coop serve` answers from. Throws
 * `COOP_DB_MISSING` (2), `LIMIT_NEEDED` (2), `START_INVALID` (2).
 */
export async function orderEvent(options: {
  db: string;
  settings: string;
  type: string;
  limitW: number | null;
  priority: string;
  start: string | null;
  minutes: number;
  to: string;
  dryRun: boolean;
}): Promise<OrderedEvent> {
  const { db, type, priority, to, minutes, dryRun } = options;
  if (!existsSync(db)) {
    throw usageError("COOP_DB_MISSING", `There is no co-op database ${db}`, {
      left: "No event was made",
      hint: "hearth coop serve --db FILE makes one",
    });
  }
  if (options.limitW === null && type !== "off") {
    throw usageError("LIMIT_NEEDED", `An event of type ${type} needs its watts`, {
      left: "No event was made",
      hint: "--limit 500",
    });
  }
  const clock = createSystemClock();
  const startMs = options.start === null ? clock.nowMs() : Date.parse(options.start);
  if (Number.isNaN(startMs)) {
    throw usageError("START_INVALID", `"${options.start?.slice(0, 40)}" is no time`, {
      left: "No event was made",
      hint: "--start 2026-12-01T00:00:00Z",
    });
  }
  const limitW = type === "off" ? 0 : (options.limitW ?? 0);
  const endMs = startMs + minutes * 60_000;
  if (endMs <= clock.nowMs()) {
    throw usageError("EVENT_PAST", `The event would be over since ${toInstant(endMs)}`, {
      left: "No event was made",
      hint: "--start with a time to come",
    });
  }
  const shown = { type, priority, limitW, start: toInstant(startMs), end: toInstant(endMs) };
  if (dryRun) return { id: null, ...shown };
  const order = {
    type: type as EventType,
    priority: priority as EventPriority,
    limitW,
    startMs,
    endMs,
    noticeS: Math.max(0, Math.round((startMs - clock.nowMs()) / 1000)),
    to,
  };
  const http = createHttp();
  const id = await withOffice(
    { clock, dbPath: db, settings: readCoopSettings(options.settings), http },
    (office) => createEvent(office, order),
  );
  http.close();
  return { id: id.id, ...shown };
}
