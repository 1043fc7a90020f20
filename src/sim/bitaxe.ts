import { BitaxeDevice } from "./bitaxe-device.ts";
import { type AxeosFeatures, axeosFeatures } from "./bitaxe-firmware.ts";
import { asicBody, infoBody } from "./bitaxe-info.ts";
import { deletePool, patchSystem, putPool, type Refusal } from "./bitaxe-settings.ts";
import type { WebReply, WebRequest } from "./device-port.ts";
import type { EmulatedMiner, EmulatorOptions } from "./emulated-miner.ts";
import { ESP_SOCKETS, jsonReply, pageReply, plainReply, refusedAtDoor, withJson } from "./esp-web.ts";
import { startRig } from "./start-rig.ts";

/**
 * A Bitaxe Gamma 601 on an HTTP port: one generation of AxeOS as in miners.md §4 (`axeosFirmwares`), power as in
 * control.md §14, and real mining at its primary or fallback pool. Throws `PORT_TAKEN` (exit 3).
 */
export async function startBitaxe(options: EmulatorOptions): Promise<EmulatedMiner> {
  const features = axeosFeatures(options.firmware);
  return startRig(options, (parts) => {
    const device = new BitaxeDevice(options, features, parts);
    return {
      device,
      face: { web: (request) => refusedAtDoor(request) ?? route(device, features, request) },
      maxSockets: ESP_SOCKETS,
    };
  });
}

function route(device: BitaxeDevice, features: AxeosFeatures, { method, path, body }: WebRequest): WebReply {
  const pool = features.hasSlots ? /^\/api\/system\/pools\/(\d{1,3})$/.exec(path) : null;
  if (pool !== null && method === "PUT") {
    return withJson(body, (value) => taken(putPool(device, Number(pool[1]), value)));
  }
  if (pool !== null && method === "DELETE") return taken(deletePool(device, Number(pool[1])));
  switch (`${method} ${path}`) {
    case "GET /":
      return pageReply("AxeOS");
    case "GET /api/system/info":
      return jsonReply(200, infoBody(device, features));
    case "PATCH /api/system":
      return withJson(body, (value) => taken(patchSystem(device, value, features)));
    case "POST /api/system/restart":
      device.restart();
      return jsonReply(200, { message: "System will restart shortly." });
    default:
      return newerRoute(device, features, `${method} ${path}`) ?? jsonReply(404, { error: "unknown route" });
  }
}

/** Routes that not every generation has; null where it is not known. */
function newerRoute(device: BitaxeDevice, features: AxeosFeatures, request: string): WebReply | null {
  switch (request) {
    case "GET /api/system/asic":
      return features.isModern ? jsonReply(200, asicBody()) : null;
    case "POST /api/system/identify":
      if (!features.hasAverages) return null;
      device.identify();
      return jsonReply(200, { message: "Device identified" });
    case "POST /api/system/pause":
      if (!features.canPause) return null;
      device.rest(true);
      return jsonReply(200, { message: "Mining paused" });
    case "POST /api/system/resume":
      if (!features.canPause) return null;
      device.rest(false);
      return jsonReply(200, { message: "Mining resumed" });
    default:
      return null;
  }
}

/** Success has an empty body (miners.md §4.2). */
function taken(refusal: Refusal): WebReply {
  return refusal === null ? plainReply(200, "") : plainReply(400, refusal);
}
