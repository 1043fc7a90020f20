import { createServer as createHttpServer, type ServerResponse } from "node:http";
import { createServer, type Socket } from "node:net";
import type { Clock } from "../model/clock.ts";
import { type Listening, listenOn } from "./listener.ts";
import { type PayFacts, PoolAccounts } from "./pool-accounts.ts";
import { JobBoard, StratumSession } from "./stratum-session.ts";

/** A pool that speaks stratum v1, counts shares per worker and tells days over HTTP. */
export interface SimPool {
  /** `stratum+tcp://127.0.0.1:PORT`. */
  url: string;
  /** `http://127.0.0.1:PORT`; answers `GET /api/accounts/{user}/days/{yyyy-mm-dd}`. */
  apiUrl: string;
  close(): Promise<void>;
}

export interface PoolOptions extends PayFacts {
  clock: Clock;
  /** For people and in the server's answers. */
  name: string;
  /** Times of the clock in which the stratum port is closed and every connection is dropped. */
  outages?: readonly { fromMs: number; toMs: number }[];
  /** 0 or absent: any free port. */
  port?: number;
  apiPort?: number;
}

/**
 * Starts both listeners on 127.0.0.1. In an outage the port stays reserved (another program must not get it) and
 * each connection is reset at once. Throws `PORT_TAKEN` (exit 3).
 */
export async function startPool(options: PoolOptions): Promise<SimPool> {
  const { clock } = options;
  const accounts = new PoolAccounts(options);
  const stop = new AbortController();
  const jobs = new JobBoard();
  let isOut = false;
  const server = createServer((socket: Socket) => {
    if (isOut) socket.resetAndDestroy();
    else joinSession(socket, jobs, accounts, clock);
  });
  const stratum = await listenOn(server, "127.0.0.1", options.port ?? 0);
  const api = await openApi(options, accounts);
  const outages = followOutages(clock, options.outages ?? [], stop.signal, (isBeginning) => {
    isOut = isBeginning;
    if (isOut) stratum.dropAll();
  });
  const refresh = refreshJobs(clock, jobs, stop.signal);
  return {
    url: `stratum+tcp://127.0.0.1:${stratum.port}`,
    apiUrl: `http://127.0.0.1:${api.port}`,
    close: async () => {
      stop.abort();
      await Promise.all([outages, refresh]);
      await Promise.all([stratum.close(), api.close()]);
    },
  };
}

const JOB_INTERVAL_MS = 600_000;

function joinSession(socket: Socket, jobs: JobBoard, accounts: PoolAccounts, clock: Clock): void {
  const session = new StratumSession(socket, jobs, (user, difficulty, isAccepted) =>
    accounts.count(user, clock.nowMs(), difficulty, isAccepted),
  );
  jobs.add(session);
  socket.on("close", () => jobs.remove(session));
}

/** New work now and then, as new transactions bring it; runs until the signal. */
function refreshJobs(clock: Clock, jobs: JobBoard, signal: AbortSignal): Promise<void> {
  return clock.spawn(async () => {
    for (;;) {
      if (!(await sleepUntil(clock, clock.nowMs() + JOB_INTERVAL_MS, signal))) return;
      jobs.next();
    }
  });
}

function followOutages(
  clock: Clock,
  outages: readonly { fromMs: number; toMs: number }[],
  signal: AbortSignal,
  onChange: (isBeginning: boolean) => void,
): Promise<void> {
  const inOrder = [...outages].sort((first, second) => first.fromMs - second.fromMs);
  return clock.spawn(async () => {
    for (const { fromMs, toMs } of inOrder) {
      if (toMs <= clock.nowMs()) continue;
      if (!(await sleepUntil(clock, fromMs, signal))) return;
      onChange(true);
      // Miners in this process learn of the reset before time goes on.
      await new Promise((resolve) => setImmediate(resolve));
      if (!(await sleepUntil(clock, toMs, signal))) return;
      onChange(false);
    }
  });
}

/** False when the signal ended the wait. */
async function sleepUntil(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(Math.max(0, ms - clock.nowMs()), signal);
    return true;
  } catch {
    return false;
  }
}

async function openApi(options: PoolOptions, accounts: PoolAccounts): Promise<Listening> {
  const server = createHttpServer((request, response) => {
    const match = /^\/api\/accounts\/([^/]+)\/days\/(\d{4}-\d\d-\d\d)$/.exec(request.url ?? "");
    const user = decodeUser(match?.[1]);
    const day = match?.[2];
    if (request.method !== "GET" || user === null || day === undefined || Number.isNaN(Date.parse(day))) {
      answer(response, 404, { error: "not found", pool: options.name });
    } else answer(response, 200, accounts.day(user, day, options.clock.nowMs()));
  });
  return await listenOn(server, "127.0.0.1", options.apiPort ?? 0);
}

function decodeUser(text: string | undefined): string | null {
  try {
    return text === undefined ? null : decodeURIComponent(text);
  } catch {
    return null;
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(JSON.stringify(body));
}
