import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { enrol } from "#src/coop/enrolment.ts";
import { createSigningKey, type SigningKey } from "#src/coop/keys.ts";
import { startPairing, waitForApproval } from "#src/coop/pairing.ts";
import { type CoopServer, type CoopSettings, startCoopServer } from "#src/coop-server/server.ts";
import type { Clock } from "#src/model/clock.ts";
import { createHttp, type Http } from "#src/net/http.ts";

/** A clock that stands still until somebody sleeps. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
  readonly slept: number[];
}

export function createManualClock(startMs = Date.parse("2026-01-15T18:00:00Z")): ManualClock {
  let now = startMs;
  const slept: number[] = [];
  return {
    isSimulated: true,
    nowMs: () => now,
    monoMs: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
      now += ms;
    },
    spawn: (task) => task(),
    idle: (pending) => pending,
    advance: (ms) => {
      now += ms;
    },
    slept,
  };
}

export const PAYEE = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq";
export const CONSENT = "ab".repeat(32);

export function settingsFor(changes: Partial<CoopSettings> = {}): CoopSettings {
  return {
    id: "prairie-rec",
    name: "Prairie REC",
    tz: "America/Chicago",
    pool: { url: "stratum+tcp://pool.example:3333", user: "prairierec" },
    poolApiUrl: null,
    tariff: {
      id: "tou",
      tz: "America/Chicago",
      buckets: [
        {
          bucket: "on_peak",
          rate_uusd_per_kwh: 180_000,
          windows: [{ days: "1-7", from: "06:00", to: "09:00" }],
        },
        { bucket: "off_peak", rate_uusd_per_kwh: 82_000, windows: [] },
      ],
    },
    price: { centsPerBtc: 7_640_100, source: "coop-reference" },
    network: { difficulty: 138_966_872_071_213n, rewardSats: 313_312_160n, poolFeePpm: 20_000 },
    maxSharePpm: 900_000,
    maxFloorC: 18,
    ...changes,
  };
}

/** Everything a test opened, closed in reverse order. */
export class Bench {
  readonly #open: (() => unknown)[] = [];
  readonly clock = createManualClock();
  readonly http: Http = createHttp({ totalMs: 2_000 });

  constructor() {
    this.#open.push(() => this.http.close());
  }

  async coop(changes: Partial<CoopSettings> = {}, dbPath = ":memory:"): Promise<CoopServer> {
    const { clock, http } = this;
    const listen = { host: "127.0.0.1", port: 0 };
    const server = await startCoopServer({ clock, dbPath, listen, settings: settingsFor(changes), http });
    this.#open.push(() => server.close());
    return server;
  }

  /** A server whose answers the test writes; `requests` collects method and path. */
  async scripted(
    answer: (request: { method: string; path: string; body: string; url: string }) => {
      status?: number;
      json?: unknown;
      text?: string;
    },
  ): Promise<{ url: string; requests: string[] }> {
    const requests: string[] = [];
    const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      requests.push(`${request.method} ${request.url}`);
      const told = answer({ method: request.method ?? "", path: request.url ?? "", body, url });
      response.writeHead(told.status ?? 200, { "content-type": "application/json" });
      response.end(told.text ?? JSON.stringify(told.json ?? null));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#open.push(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    return { url, requests };
  }

  /** Pairs a home with a co-op that approves at once. */
  async pair(server: CoopServer, deviceKey: SigningKey = createSigningKey()) {
    const { clock, http } = this;
    const pairing = await startPairing({ http, clock, url: server.url, pinned: null });
    if (server.pendingUserCodes().includes(pairing.userCode)) server.approve(pairing.userCode);
    const tokens = await waitForApproval(pairing, { http, clock });
    const enrolment = await enrol({
      http,
      pairing,
      tokens,
      deviceKey,
      toolVersion: "0.1.0",
      consentSha256: CONSENT,
      wish: null,
    });
    return { pairing, tokens, enrolment, deviceKey, member: enrolment.coop.member ?? "" };
  }

  async close(): Promise<void> {
    for (const close of this.#open.reverse()) await close();
  }
}
