import { createVnishDriver } from "#src/miners/vnish.ts";
import { type HearthError, unreachableError } from "#src/model/errors.ts";
import type { DriverMemory, DriverOptions } from "#src/model/miner-link.ts";
import { fixture, scripted } from "./fixtures.ts";

export const never = new AbortController().signal;

/** A recorded answer. */
export const recorded = (name: string) => JSON.parse(fixture(`vnish/1.2.6/api.v1.${name}.json`));

/** What the link throws for a device that wants a token, or answers with an error status. */
export const closed = () => unreachable("MINER_AUTH_REQUIRED", "401");
export const broken = () => unreachable("MINER_BAD_ANSWER", "500");

function unreachable(code: string, words: string): HearthError {
  return unreachableError(code, words);
}

export interface Miner {
  status: Record<string, unknown>;
  /** `miner` of the settings. */
  settings: {
    overclock: Record<string, unknown>;
    pools: Record<string, unknown>[];
    [key: string]: unknown;
  };
  /** The preset at work. */
  applied: string;
  summary: Record<string, unknown>;
  /** Answers `restart_required` to a change of settings. */
  needsRestart: boolean;
  isLiar: boolean;
}

interface MinerOptions extends Partial<Omit<Miner, "settings">> {
  /** Answers a request in the device's place; undefined: it answers itself. */
  special?: (request: string, body: Record<string, unknown>, state: Miner) => unknown;
  driver?: DriverOptions;
  overclock?: Record<string, unknown>;
}

/** A miner in memory behind its door: what needs a token is refused without it. */
export function miner({ special, driver: options = {}, overclock, ...change }: MinerOptions = {}) {
  const settings = structuredClone(recorded("settings").miner) as Miner["settings"];
  Object.assign(settings.overclock, overclock);
  const state: Miner = {
    status: recorded("status"),
    settings,
    applied: "1360",
    summary: recorded("summary"),
    needsRestart: true,
    isLiar: false,
    ...change,
  };
  const link = scripted({
    http(request, body, headers) {
      const said = special?.(request, body, state);
      if (said !== undefined) return said;
      const isOpen = headers["authorization"] === "Bearer tok";
      const path = request.replace("/api/v1", "");
      if (path === "POST /unlock") return { status: 200, body: { token: "tok" } };
      const open: Record<string, () => unknown> = {
        "GET /info": () => recorded("info"),
        "GET /summary": () => state.summary,
        "GET /status": () => structuredClone(state.status),
        "GET /perf-summary": () => ({ current_preset: { name: state.applied } }),
      };
      const answer = open[path];
      if (answer) return answer();
      if (path !== "POST /find-miner" && !isOpen) return closed();
      if (path === "GET /settings") return { miner: structuredClone(state.settings) };
      if (path === "GET /autotune/presets") return recorded("autotune.presets");
      return write(path, body, state);
    },
  });
  const driver = createVnishDriver(options);
  return { link, state, driver, actions: async () => (await driver.capabilities(link, never)).actions };
}

function write(path: string, body: Record<string, unknown>, state: Miner): unknown {
  const { status, settings } = state;
  if (state.isLiar) return path === "POST /settings" ? { restart_required: false } : null;
  switch (path) {
    case "POST /settings": {
      const change = body["miner"] as Partial<Miner["settings"]>;
      Object.assign(settings.overclock, change.overclock);
      if (change.pools) settings.pools = change.pools;
      if (state.needsRestart) status["restart_required"] = true;
      else state.applied = String(settings.overclock["preset"]);
      return { restart_required: state.needsRestart, reboot_required: false };
    }
    case "POST /mining/restart":
      status["restart_required"] = false;
      status["miner_state"] = "restarting";
      state.applied = String(settings.overclock["preset"]);
      return null;
    case "POST /mining/pause":
      status["miner_state"] = "stopped";
      return null;
    case "POST /mining/resume":
    case "POST /mining/start":
      status["miner_state"] = "starting";
      return null;
    case "POST /mining/switch-pool": {
      const miner = state.summary["miner"] as { pools: Record<string, unknown>[] };
      for (const pool of miner.pools) {
        if (pool["pool_type"] === "UserPool")
          pool["status"] = pool["id"] === body["pool_id"] ? "active" : "working";
      }
      return null;
    }
    case "POST /find-miner":
      status["find_miner"] = status["find_miner"] !== true;
      return { on: status["find_miner"] };
    default:
      return { after: 3 };
  }
}

export const notes = (): DriverMemory => {
  const all = new Map<string, unknown>();
  return { get: (key) => all.get(key) ?? null, set: (key, value) => void all.set(key, value) };
};
