import { BitaxeDevice } from "./bitaxe-device.ts";
import { type AxeosFirmware, asicBody, infoBody } from "./bitaxe-info.ts";
import { deletePool, patchSystem, putPool, type Refusal } from "./bitaxe-settings.ts";
import type { WebReply, WebRequest } from "./device-port.ts";
import type { EmulatedMiner, EmulatorOptions } from "./emulated-miner.ts";
import { startRig } from "./start-rig.ts";

/** Sockets that an ESP device has for its clients. */
const MAX_SOCKETS = 12;
const LONGEST_BODY = 10_240;

/**
 * A Bitaxe Gamma 601 on an HTTP port: AxeOS 2.15 (or 2.14) as in miners.md §4, power as in control.md §14, and
 * real mining at its primary or fallback pool. Throws `PORT_TAKEN` (exit 3).
 */
export async function startBitaxe(options: EmulatorOptions): Promise<EmulatedMiner> {
  const firmware = options.firmware === "2.14" ? "2.14" : "2.15";
  return startRig(options, (parts) => {
    const device = new BitaxeDevice(options, parts);
    return {
      device,
      face: { web: (request) => route({ device, firmware }, request) },
      maxSockets: MAX_SOCKETS,
    };
  });
}

interface Context {
  device: BitaxeDevice;
  firmware: AxeosFirmware;
}

function route(context: Context, request: WebRequest): WebReply {
  const { method, path, body } = request;
  if (body.length > LONGEST_BODY) return plain(500, "content too long");
  if (isForeign(request)) return plain(401, "Unauthorized");
  const { device, firmware } = context;
  const pool = firmware === "2.15" ? /^\/api\/system\/pools\/(\d{1,3})$/.exec(path) : null;
  if (pool !== null && method === "PUT") {
    return onJson(body, (value) => putPool(device, Number(pool[1]), value));
  }
  if (pool !== null && method === "DELETE") return taken(deletePool(device, Number(pool[1])));
  switch (`${method} ${path}`) {
    case "GET /":
      return {
        status: 200,
        type: "text/html",
        body: "<!doctype html><title>AxeOS</title><app-root></app-root>",
      };
    case "GET /api/system/info":
      return json(200, infoBody(device, firmware));
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
function isForeign({ headers }: WebRequest): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return false;
  const from = /^https?:\/\/([^/]+)$/.exec(origin)?.[1];
  if (from === undefined) return true;
  return from !== host && !/^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|127\.)/.test(from);
}

function onJson(body: string, apply: (value: unknown) => Refusal): WebReply {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return plain(400, "Invalid JSON");
  }
  return taken(apply(value));
}

/** Success has an empty body (miners.md §4.2). */
function taken(refusal: Refusal): WebReply {
  return refusal === null ? plain(200, "") : plain(400, refusal);
}

function json(status: number, body: unknown): WebReply {
  return { status, body: JSON.stringify(body) };
}

function plain(status: number, body: string): WebReply {
  return { status, type: "text/plain", body };
}
