import { BOS_S9, BOS_S19, BOS_S19_OLD, BosDevice } from "./bos-device.ts";
import { answerBosGraphql, type BosSessions } from "./bos-graphql.ts";
import { answerBosSocket } from "./bos-socket.ts";
import { answerBraiinsRest } from "./braiins-rest.ts";
import type { WebReply, WebRequest } from "./device-port.ts";
import type { EmulatedMiner, EmulatorOptions } from "./emulated-miner.ts";
import type { Random } from "./random.ts";
import { startRig } from "./start-rig.ts";

/** Version texts, and the build that the socket tells. */
const S19_VERSION = { full: "2026-04-14-0-912d084c-26.04-plus", build: "912d084c" };
const S19_OLD_VERSION = { full: "2025-05-20-0-7c1b40aa-25.05-plus", build: "7c1b40aa" };
const S9_VERSION = { full: "2022-09-27-0-26ba61b9-22.08.1-plus", build: "26ba61b9" };
const PAGE = "<!doctype html><html><head><title>Braiins OS</title></head><body></body></html>";

/**
 * An Antminer S19 Pro with Braiins OS 26.04 (REST), or 25.05, which speaks GraphQL for questions and the socket
 * (miners.md §7). Throws `PORT_TAKEN` (exit 3).
 */
export function startBraiinsS19(options: EmulatorOptions): Promise<EmulatedMiner> {
  const hasRest = options.firmware !== "25.05";
  const version = hasRest ? S19_VERSION : S19_OLD_VERSION;
  return startRig(options, (parts) => {
    const device = new BosDevice(options, parts, hasRest ? BOS_S19 : BOS_S19_OLD);
    const sessions = newSessions(options, parts.random);
    const rest = {
      ...{ device, sessions, version: version.full, usedMs: new Map<string, number>() },
      nowMs: () => options.clock.nowMs(),
    };
    const web = (request: WebRequest): WebReply => {
      if (request.path === "/graphql")
        return answerBosGraphql(device, sessions, version.full, false, request);
      if (hasRest) return answerBraiinsRest(rest, request) ?? page(request);
      // A login is answered as a method that does not exist there (miners.md §7).
      if (request.path === "/api/v1/auth/login") return { status: 405, type: "text/plain", body: "" };
      return page(request);
    };
    return { device, face: { web, socket: (bytes) => answerBosSocket(device, version.build, bytes) } };
  });
}

/** An Antminer S9 with Braiins OS 22.08.1: GraphQL and the socket (miners.md §7.7). Throws `PORT_TAKEN` (exit 3). */
export function startBraiinsS9(options: EmulatorOptions): Promise<EmulatedMiner> {
  return startRig(options, (parts) => {
    const device = new BosDevice(options, parts, BOS_S9);
    const sessions = newSessions(options, parts.random);
    const web = (request: WebRequest): WebReply =>
      request.path === "/graphql" && request.method === "POST"
        ? answerBosGraphql(device, sessions, S9_VERSION.full, true, request)
        : page(request);
    return { device, face: { web, socket: (bytes) => answerBosSocket(device, S9_VERSION.build, bytes) } };
  });
}

function page({ method, path }: WebRequest): WebReply {
  if (path === "/graphql") return { status: 405, type: "text/plain", body: "" };
  if (method === "GET" && path === "/") return { status: 200, type: "text/html", body: PAGE };
  return { status: 404, type: "text/plain", body: "Not found" };
}

function newSessions(options: EmulatorOptions, random: Random): BosSessions {
  const luck = random.fork("sessions");
  const letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
  const letter = () => letters[luck.integer(0, letters.length - 1)] ?? "";
  return {
    // The factory sets none (miners.md §7.1).
    password: options.password ?? "",
    open: new Map(),
    newToken: () => Array.from({ length: 16 }, letter).join(""),
  };
}
