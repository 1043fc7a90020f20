import type { BosDevice } from "./bos-device.ts";
import type { BosSessions } from "./bos-graphql.ts";
import { bodies } from "./braiins-bodies.ts";
import type { WebReply, WebRequest } from "./device-port.ts";

/** A token is good for so long after each use, s (miners.md §7.1). */
const TIMEOUT_S = 3600;
const API = "/api/v1/";

export interface BraiinsRest {
  device: BosDevice;
  sessions: BosSessions;
  /** As `bos_version.current` tells it. */
  version: string;
  nowMs(): number;
  /** When each token was used last. */
  usedMs: Map<string, number>;
}

/** `/api/v1/…` of Braiins OS since 25.07 (miners.md §7); null for other paths. */
export function answerBraiinsRest(rest: BraiinsRest, request: WebRequest): WebReply | null {
  if (!request.path.startsWith(API)) return null;
  const path = request.path.slice(API.length);
  if (path === "auth/login") return request.method === "POST" ? login(rest, request.body) : plain(405, "");
  if (!isLoggedIn(rest, request.headers["authorization"])) return plain(401, "Unauthorized");
  if (request.method === "GET") {
    const body = bodies(rest.device, rest.version)[path];
    return body === undefined ? plain(404, "Not found") : json(body());
  }
  if (request.method !== "PUT") return plain(405, "");
  return change(rest.device, path, request.body);
}

function login({ device, sessions, usedMs, nowMs }: BraiinsRest, body: string): WebReply {
  const { username, password } = (parsed(body) ?? {}) as { username?: unknown; password?: unknown };
  if (username !== "root" || password !== sessions.password) return plain(401, "Invalid credentials");
  const token = sessions.newToken();
  sessions.open.set(token, device.bootNumber);
  usedMs.set(token, nowMs());
  return json({ token, timeout_s: TIMEOUT_S });
}

/** The token stands bare in the header; with `Bearer` before it nobody knows it. */
function isLoggedIn({ device, sessions, usedMs, nowMs }: BraiinsRest, token = ""): boolean {
  const lastMs = usedMs.get(token);
  const isOpen =
    sessions.open.get(token) === device.bootNumber &&
    lastMs !== undefined &&
    nowMs() - lastMs < TIMEOUT_S * 1000;
  if (isOpen) usedMs.set(token, nowMs());
  return isOpen;
}

function change(device: BosDevice, path: string, text: string): WebReply {
  const body = parsed(text);
  switch (path) {
    case "actions/pause":
    case "actions/resume": {
      const isPaused = path.endsWith("pause");
      // The answer tells whether it was so before.
      const wasSo = device.isResting === isPaused;
      device.pause(isPaused);
      return json(wasSo);
    }
    case "actions/restart":
      device.restart();
      return json(true);
    case "actions/locate":
      if (typeof body !== "boolean") return plain(400, "Expected a boolean");
      device.locate(body);
      return json(body);
    case "performance/power-target":
      return setTarget(device, body);
    case "pools/batch":
      return setGroups(device, body);
    default:
      return plain(404, "Not found");
  }
}

function setTarget(device: BosDevice, body: unknown): WebReply {
  const watt = (body as { watt?: unknown } | null)?.watt;
  if (typeof watt !== "number" || !Number.isInteger(watt)) return plain(422, "watt: expected an integer");
  const { minW, maxW } = device.model;
  if (watt < minW || watt > maxW)
    return plain(400, `Power target ${watt} W is out of range ${minW}-${maxW} W`);
  device.setTarget(watt);
  return json({ watt });
}

interface GroupBody {
  uid?: unknown;
  name?: unknown;
  load_balance_strategy?: { quota?: { value?: unknown }; fixedshareratio?: { value?: unknown } };
  pools?: { uid?: unknown; url?: unknown; user?: unknown; password?: unknown; enabled?: unknown }[];
}

/** Replaces all groups; the mining process restarts with them. */
function setGroups(device: BosDevice, body: unknown): WebReply {
  if (!Array.isArray(body) || body.length === 0) return plain(422, "Expected a list of groups");
  const groups = body as GroupBody[];
  if (groups.some(({ uid, pools }) => uid !== undefined || pools?.some((pool) => pool.uid !== undefined))) {
    return plain(400, "uid must not be specified");
  }
  const stored = groups.map(toStored);
  if (!stored.every((group) => group !== null)) return plain(422, "Invalid pool group");
  device.setGroups(stored, true);
  return json(bodies(device, "")["configuration/miner"]?.());
}

function toStored({ name, load_balance_strategy: strategy, pools }: GroupBody) {
  const quota = strategy?.quota?.value ?? null;
  const ratio = strategy?.fixedshareratio?.value ?? null;
  const isQuota = Number.isInteger(quota) && Number(quota) >= 0;
  const isRatio = typeof ratio === "number" && ratio >= 0 && ratio <= 1;
  if (typeof name !== "string" || !Array.isArray(pools) || isQuota === isRatio) return null;
  const entries = pools.map(({ url, user, password, enabled }) => ({
    url: String(url),
    user: String(user),
    password: String(password ?? ""),
    isEnabled: enabled !== false,
  }));
  if (!entries.every(({ url }) => /^stratum2?\+(tcp|ssl):\/\/./.test(url))) return null;
  return { name, quota: isQuota ? Number(quota) : null, ratio: isRatio ? ratio : null, pools: entries };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function json(body: unknown): WebReply {
  return { status: 200, body: JSON.stringify(body) };
}

function plain(status: number, body: string): WebReply {
  return { status, type: "text/plain", body };
}
