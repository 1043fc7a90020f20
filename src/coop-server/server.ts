import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { isLoopbackHost, safeUrl } from "../coop/wire-guard.ts";
import type { Clock } from "../model/clock.ts";
import { accessError, unreachableError, usageError } from "../model/errors.ts";
import type { Http } from "../net/http.ts";
import { cancelEvent, createEvent, type EventOrder } from "./event-office.ts";
import { serve } from "./http-kit.ts";
import { decideCode, findUserCode, pendingCodes } from "./oauth.ts";
import type { CoopSettings, Office } from "./office.ts";
import { pageRoutes } from "./page.ts";
import { importMeter } from "./readings.ts";
import { memberRoutes } from "./routes-member.ts";
import { oauthRoutes } from "./routes-oauth.ts";
import { settleDay } from "./settle.ts";
import { coopKey, openStore } from "./store.ts";
import { vtnRoutes } from "./vtn.ts";

export type { EventOrder } from "./event-office.ts";
export type { CoopSettings } from "./office.ts";

export interface CoopServerOptions {
  clock: Clock;
  /** One file, made 0600; `:memory:` for nothing kept. */
  dbPath: string;
  /** Loopback unless `publicUrl` says that TLS is in front. Port 0: any free one. */
  listen: { host: string; port: number };
  settings: CoopSettings;
  /** For the pool's account API. */
  http: Http;
  /** HTTPS address of a proxy in front of this server. */
  publicUrl?: string;
}

/** A running co-op: enrolment, terms, VTN, uploads and settlement on one address. */
export interface CoopServer {
  url: string;
  /** RFC 7638 thumbprint of the co-op's key; the same after every start with the same database. */
  keyThumbprint: string;
  /** Approves a pending pairing. Throws `USER_CODE_UNKNOWN` (exit 2). */
  approve(userCode: string): void;
  pendingUserCodes(): string[];
  createEvent(order: EventOrder): Promise<{ id: string }>;
  cancelEvent(id: string): Promise<void>;
  /** AMI readings of a member's heater, whole watt-hours. */
  importMeter(member: string, rows: readonly { startMs: number; seconds: number; wh: number }[]): void;
  /** Settles a civil day for all members; see `settleDay`. */
  settle(day: string): Promise<{ day: string; members: string[] }>;
  close(): Promise<void>;
}

/**
 * Starts the co-op. Throws `LISTEN_NOT_LOOPBACK` (exit 5) for an open address without TLS in front, `PORT_IN_USE`
 * (exit 3).
 */
export async function startCoopServer(options: CoopServerOptions): Promise<CoopServer> {
  const { clock, settings, http, listen, publicUrl } = options;
  if (publicUrl === undefined && !isLoopbackHost(listen.host)) throw openAddress(listen.host);
  const publicAddress = publicUrl === undefined ? null : safeUrl(publicUrl, "The public address");
  const store = openStore(options.dbPath);
  const office: Office = { store, clock, http, settings, key: coopKey(store), url: "" };
  const routes = [
    ...pageRoutes(office),
    ...oauthRoutes(office),
    ...memberRoutes(office),
    ...vtnRoutes(office),
  ];
  const hosts = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    listen.host,
    ...(publicAddress ? [publicAddress.hostname] : []),
  ];
  const server = createServer((request, response) => {
    serve(request, response, routes, hosts).catch(() => response.destroy());
  });
  server.requestTimeout = 15_000;
  server.headersTimeout = 10_000;
  try {
    office.url = publicAddress?.href.replace(/\/+$/, "") ?? (await listenOn(server, listen));
    if (publicAddress) await listenOn(server, listen);
  } catch (error) {
    store.close();
    throw error;
  }
  return {
    url: office.url,
    keyThumbprint: office.key.thumbprint,
    approve: (userCode) => approve(office, userCode),
    pendingUserCodes: () => pendingCodes(office),
    createEvent: (order) => createEvent(office, order),
    cancelEvent: (id) => cancelEvent(office, id),
    importMeter: (member, rows) => importMeter(office, member, rows),
    settle: (day) => settleDay(office, day),
    close: async () => {
      await closeServer(server);
      store.close();
    },
  };
}

/** Works on the database of a co-op without listening: for the operator's own verbs. */
export async function withOffice<T>(
  { clock, dbPath, settings, http }: Pick<CoopServerOptions, "clock" | "dbPath" | "settings" | "http">,
  work: (office: Office) => Promise<T>,
): Promise<T> {
  const store = openStore(dbPath);
  try {
    return await work({ store, clock, http, settings, key: coopKey(store), url: "" });
  } finally {
    store.close();
  }
}

function approve(office: Office, userCode: string): void {
  const code = findUserCode(office, userCode);
  if (code === null) throw usageError("USER_CODE_UNKNOWN", "No pairing waits with this code.");
  decideCode(office, code, "approved");
}

function listenOn(server: Server, { host, port }: { host: string; port: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(portError(host, port, cause)));
    server.listen(port, host.replace(/^\[|\]$/g, ""), () => {
      const { address, port: taken, family } = server.address() as AddressInfo;
      resolve(`http://${family === "IPv6" ? `[${address}]` : address}:${taken}`);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function openAddress(host: string) {
  return accessError(
    "LISTEN_NOT_LOOPBACK",
    `The co-op server speaks plain HTTP and does not listen on ${host} without TLS in front.`,
    { left: "Nothing was started", hint: "Listen on 127.0.0.1 and put an HTTPS proxy before it" },
  );
}

function portError(host: string, port: number, cause: Error) {
  return unreachableError("PORT_IN_USE", `Cannot listen on ${host}:${port} (${cause.message}).`, {
    cause,
    hint: "Choose another port with --listen HOST:PORT",
  });
}
