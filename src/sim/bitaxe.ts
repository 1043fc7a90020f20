import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { BitaxeDevice } from "./bitaxe-device.ts";
import { type AxeosFirmware, asicBody, infoBody } from "./bitaxe-info.ts";
import { deletePool, patchSystem, putPool, type Refusal } from "./bitaxe-settings.ts";
import { type EmulatedMiner, type EmulatorOptions, macOf } from "./emulated-miner.ts";
import { FaultDesk, type ReplyChannel } from "./fault.ts";
import { listenOn } from "./listener.ts";
import { createRandom } from "./random.ts";
import { createTicker } from "./ticker.ts";

/** Sockets that an ESP device has for its clients. */
const MAX_SOCKETS = 12;
const LONGEST_BODY = 10_240;

interface Reply {
  status: number;
  type: "application/json" | "text/plain" | "text/html";
  body: string;
}

/**
 * A Bitaxe Gamma 601 on an HTTP port: AxeOS 2.15 (or 2.14) as in miners.md §4, power as in control.md §14, and
 * real mining at its primary or fallback pool. Throws `PORT_TAKEN` (exit 3).
 */
export async function startBitaxe(options: EmulatorOptions): Promise<EmulatedMiner> {
  const random = createRandom(options.seed, options.name);
  const device = new BitaxeDevice(options, random.fork("device"));
  const context = { device, id: options.id ?? macOf(options.name), firmware: options.firmware ?? "2.15" };
  const host = options.host ?? "127.0.0.1";
  const faults = new FaultDesk({
    clock: options.clock,
    random: random.fork("wire"),
    plan: options.fault ?? null,
    deafPart: options.deafPart ?? 0,
  });
  const server = createServer((request, response) => void serve(context, faults, request, response));
  server.maxConnections = MAX_SOCKETS;
  server.on("connection", (socket) => {
    if (!device.isUp) socket.resetAndDestroy();
  });
  const listening = await listenOn(server, host, options.port ?? 0);
  await device.work.start();
  const ticker = options.ticker ?? createTicker(options.clock);
  ticker.add((nowMs) => device.step(nowMs));
  return {
    name: options.name,
    model: "bitaxe",
    id: context.id,
    host,
    port: listening.port,
    wallW: () => device.wallW,
    hashrateThs: () => device.hashrateGhs / 1000,
    powerCycle: (offS) => device.powerCycle(offS),
    setFault: (plan) => {
      faults.plan = plan;
    },
    close: async () => {
      if (options.ticker === undefined) ticker.close();
      await Promise.all([device.work.close(), listening.close()]);
    },
  };
}

interface Context {
  device: BitaxeDevice;
  id: string;
  firmware: AxeosFirmware;
}

async function serve(
  context: Context,
  faults: FaultDesk,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request);
  const reply = body === null ? plain(500, "content too long") : route(context, request, body);
  await faults.deliver(channelOf(response, reply));
}

function route(context: Context, request: IncomingMessage, body: string): Reply {
  if (isForeign(request)) return plain(401, "Unauthorized");
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  const { device, id, firmware } = context;
  const pool = firmware === "2.15" ? /^\/api\/system\/pools\/(\d{1,3})$/.exec(path) : null;
  if (pool !== null && request.method === "PUT") {
    return onJson(body, (value) => putPool(device, Number(pool[1]), value));
  }
  if (pool !== null && request.method === "DELETE") return taken(deletePool(device, Number(pool[1])));
  switch (`${request.method} ${path}`) {
    case "GET /":
      return {
        status: 200,
        type: "text/html",
        body: "<!doctype html><title>AxeOS</title><app-root></app-root>",
      };
    case "GET /api/system/info":
      return json(200, infoBody(device, id, firmware));
    case "GET /api/system/asic":
      return json(200, asicBody());
    case "PATCH /api/system":
      return onJson(body, (value) => patchSystem(device, value, firmware));
    case "POST /api/system/pause":
      device.pause(true);
      return json(200, { message: "Mining paused" });
    case "POST /api/system/resume":
      device.pause(false);
      return json(200, { message: "Mining resumed" });
    case "POST /api/system/restart":
      device.restart();
      return json(200, { message: "System will restart shortly." });
    case "POST /api/system/identify":
      device.identify();
      return json(200, { message: "Device identified" });
    default:
      return json(404, { error: "unknown route" });
  }
}

/** A page of another site must not reach the device; private addresses and the device itself may. */
function isForeign(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return false;
  const from = /^https?:\/\/([^/]+)$/.exec(origin)?.[1];
  if (from === undefined) return true;
  return from !== host && !/^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|127\.)/.test(from);
}

function onJson(body: string, apply: (value: unknown) => Refusal): Reply {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return plain(400, "Invalid JSON");
  }
  return taken(apply(value));
}

/** Success has an empty body (miners.md §4.2). */
function taken(refusal: Refusal): Reply {
  return refusal === null ? plain(200, "") : plain(400, refusal);
}

function json(status: number, body: unknown): Reply {
  return { status, type: "application/json", body: JSON.stringify(body) };
}

function plain(status: number, body: string): Reply {
  return { status, type: "text/plain", body };
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  let text = "";
  try {
    for await (const chunk of request) {
      text += String(chunk);
      if (text.length > LONGEST_BODY) return null;
    }
  } catch {
    // The client went away; nobody reads the answer.
    return "";
  }
  return text;
}

function channelOf(response: ServerResponse, reply: Reply): ReplyChannel {
  const bytes = Buffer.from(reply.body, "utf8");
  const head = (type: string, length: number) =>
    response.writeHead(reply.status, { "content-type": type, "content-length": length, connection: "close" });
  return {
    sendAll: () => {
      head(reply.type, bytes.length).end(bytes);
    },
    sendPart: () => {
      head(reply.type, bytes.length).write(bytes.subarray(0, Math.floor(bytes.length / 2)), () =>
        response.destroy(),
      );
    },
    sendPage: (html) => {
      response.writeHead(200, { "content-type": "text/html", connection: "close" }).end(html);
    },
    drop: () => {
      response.destroy();
    },
  };
}
