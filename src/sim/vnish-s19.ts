import type { WebReply, WebRequest } from "./device-port.ts";
import type { EmulatedMiner, EmulatorOptions } from "./emulated-miner.ts";
import { startRig } from "./start-rig.ts";
import { infoBody, performanceBody, settingsBody, statusBody, summaryBody } from "./vnish-bodies.ts";
import { VNISH_SLOTS, VnishDevice, type VnishSettings, type VnishSlot } from "./vnish-device.ts";
import { presetsBody, vnishPresets } from "./vnish-presets.ts";

const BASE = "/api/v1";

/**
 * An Antminer S19j Pro with VNish (AnthillOS 1.2) on an HTTP port: token, presets, pauses and pools as in miners.md
 * §9, and real mining at its pools. Throws `PORT_TAKEN` (exit 3).
 */
export async function startVnishS19(options: EmulatorOptions): Promise<EmulatedMiner> {
  return startRig(options, (parts) => {
    const device = new VnishDevice(options, parts);
    return { device, face: { web: (request) => route(device, options.name, request) } };
  });
}

function route(device: VnishDevice, name: string, request: WebRequest): WebReply {
  const { method, path, body } = request;
  const isUnlocked = device.isToken((request.headers["authorization"] ?? "").replace(/^Bearer /, ""));
  if (path === "/") {
    return { status: 200, type: "text/html", body: "<!doctype html><title>AnthillOS</title>" };
  }
  if (!path.startsWith(`${BASE}/`)) return json(404, { err: "Not Found" });
  switch (`${method} ${path.slice(BASE.length)}`) {
    case "POST /unlock":
      return unlock(device, body);
    case "GET /info":
      return json(200, infoBody(device, name));
    case "GET /summary":
      return json(200, summaryBody(device));
    case "GET /status":
      return json(200, statusBody(device, isUnlocked));
    case "GET /perf-summary":
      return json(200, performanceBody(device));
    case "POST /find-miner":
      device.light();
      return json(200, { on: device.isLit });
    default:
      return isUnlocked ? behindDoor(device, name, request) : json(401, { err: "Unauthorized" });
  }
}

function behindDoor(device: VnishDevice, name: string, { method, path, body }: WebRequest): WebReply {
  const word = path.slice(BASE.length);
  switch (`${method} ${word}`) {
    case "GET /settings":
      return json(200, settingsBody(device, name));
    case "POST /settings":
      return saveSettings(device, body);
    case "GET /autotune/presets":
      return json(200, presetsBody());
    case "POST /mining/pause":
    case "POST /mining/stop":
    case "POST /mining/resume":
    case "POST /mining/start": {
      const verb = word.slice("/mining/".length) as "pause" | "stop" | "resume" | "start";
      return device.rest(verb) ? empty() : json(500, { err: `cannot ${verb} now` });
    }
    case "POST /mining/restart":
      device.orderRestart();
      return empty();
    case "POST /mining/switch-pool":
      return switchPool(device, body);
    case "POST /system/reboot":
      device.reboot(3);
      return json(200, { after: 3 });
    default:
      return json(404, { err: "Not Found" });
  }
}

function unlock(device: VnishDevice, body: string): WebReply {
  const password = parsed(body)?.["pw"];
  if (typeof password !== "string") return json(500, { err: "missing field `pw`" });
  const result = device.unlock(password);
  if (result === false) return json(403, {});
  return "token" in result ? json(200, result) : json(429, { unlock_timeout: result.lockedS });
}

/** A preset that there is not is answered as any other, and nothing changes. */
function saveSettings(device: VnishDevice, body: string): WebReply {
  const miner = parsed(body)?.["miner"] as { overclock?: unknown; pools?: unknown } | undefined;
  if (typeof miner !== "object" || miner === null) return json(500, { err: "nothing to save" });
  const overclock = miner.overclock as Partial<VnishSettings["overclock"]> | undefined;
  const isKnown =
    overclock?.preset === undefined || vnishPresets.some(({ name }) => name === overclock.preset);
  const pools = miner.pools as VnishSlot[] | undefined;
  if (pools !== undefined && !isSlots(pools)) return json(500, { err: "invalid pools" });
  if (isKnown) device.store({ overclock, pools });
  return json(200, { restart_required: device.isRestartOwed, reboot_required: false });
}

function isSlots(pools: unknown): pools is VnishSlot[] {
  return (
    Array.isArray(pools) &&
    pools.length <= VNISH_SLOTS &&
    pools.every(({ url, user, pass }) => [url, user, pass].every((part) => typeof part === "string"))
  );
}

function switchPool(device: VnishDevice, body: string): WebReply {
  const id = parsed(body)?.["pool_id"];
  const pool = typeof id === "number" ? device.work.pools[id] : undefined;
  if (typeof id !== "number" || pool === undefined || pool.entry.url === "") {
    return json(500, { err: "invalid pool" });
  }
  device.switchPool(id);
  return empty();
}

function parsed(body: string): Record<string, unknown> | null {
  try {
    return JSON.parse(body) as Record<string, unknown> | null;
  } catch {
    return null;
  }
}

function json(status: number, body: unknown): WebReply {
  return { status, body: JSON.stringify(body) };
}

/** Success has an empty body (miners.md §9). */
function empty(): WebReply {
  return { status: 200, type: "", body: "" };
}
