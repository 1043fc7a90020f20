import type { AvalonDevice } from "./avalon-device.ts";
import { avalonWallW } from "./avalon-device.ts";
import {
  devsAnswer,
  poolsAnswer,
  read,
  statsAnswer,
  summaryAnswer,
  versionAnswer,
} from "./avalon-replies.ts";
import type { CgminerAnswer } from "./cgminer-wire.ts";

/** What the commands need beside the device. */
export interface AvalonContext {
  device: AvalonDevice;
  webUser: string;
  webPassword: string;
  /** True: this `softon` closes the connection without a word (miners.md §6.4). */
  isMute: () => boolean;
}

type Handler = (context: AvalonContext, parameter: string) => CgminerAnswer | null;

const reads: Record<string, Handler> = {
  version: ({ device }) => versionAnswer(device.mac),
  summary: ({ device }) => summaryAnswer(device),
  devs: ({ device }) => devsAnswer(device),
  pools: ({ device }) => poolsAnswer(device),
  stats: ({ device }) => statsAnswer(device, false),
  estats: ({ device }) => statsAnswer(device, false),
  litestats: ({ device }) => statsAnswer(device, true),
};

const writes: Record<string, Handler> = { check, switchpool, setpool, ascset };

/** Runs one command of the dialect; null closes the connection without a reply. */
export function runAvalonCommand(
  context: AvalonContext,
  command: string,
  parameter: string,
  isJoined: boolean,
): CgminerAnswer | null {
  const readHandler = Object.hasOwn(reads, command) ? reads[command] : undefined;
  if (readHandler !== undefined) return readHandler(context, parameter);
  const handler = Object.hasOwn(writes, command) ? writes[command] : undefined;
  if (handler === undefined) return error(14, "Invalid command");
  if (isJoined) return error(45, `Access denied to '${command}' command`);
  return handler(context, parameter);
}

/** Answer to bytes that are no JSON. */
export function invalidJson(): CgminerAnswer {
  return error(23, "Invalid JSON");
}

function error(code: number, message: string): CgminerAnswer {
  return { status: "E", code, message, sections: [] };
}

function check(_context: AvalonContext, parameter: string): CgminerAnswer {
  const exists = Object.hasOwn(reads, parameter) || Object.hasOwn(writes, parameter);
  const word = exists ? "Y" : "N";
  return read(72, "Check command", { name: "CHECK", rows: [{ Exists: word, Access: word }] });
}

function switchpool({ device }: AvalonContext, parameter: string): CgminerAnswer {
  const { work } = device;
  if (parameter === "") return error(25, "Missing pool id parameter");
  const index = /^\d$/.test(parameter) ? Number(parameter) : -1;
  const pool = work.pools[index];
  if (pool === undefined) {
    return error(26, `Invalid pool id ${parameter} - range is 0 - ${work.pools.length - 1}`);
  }
  device.obey(() => work.prefer([index, ...work.order.filter((other) => other !== index)]));
  return { status: "S", code: 27, message: `Switching to pool ${index}:'${pool.entry.url}'`, sections: [] };
}

/** Stores a pool for the next start; wants the web password. The codes of its answers are not on record. */
function setpool({ device, webUser, webPassword }: AvalonContext, parameter: string): CgminerAnswer {
  const [user, password, slotText, url, worker, workerPassword, ...rest] = parameter.split(",");
  if (url === undefined || worker === undefined || rest.length > 0) {
    return error(120, "we need 5 | 6 arguments, user,password,pool,url,worker,[workerpassword]");
  }
  if (user !== webUser) return error(120, "username err");
  if (password !== webPassword) return error(120, "userpass err");
  const slot = /^[0-2]$/.test(slotText ?? "") ? Number(slotText) : null;
  if (slot === null) return error(120, `pool num must between 0 and 2, got ${slotText}`);
  if (url.length > 255) return error(120, "The pool url length is too long.");
  device.storePool(slot, { url, user: worker, password: workerPassword ?? "" });
  const message =
    `Success set pool${slot} config.\npool url: ${url}\nworker: ${worker}\npassword: ${workerPassword ?? ""}\n` +
    "Please reboot miner to make config work.";
  return { status: "S", code: 119, message, sections: [], hasRawLineFeeds: true };
}

const options =
  "help|voltage|fan-spd|target-temp|lcd|led|workmode|worklevel|work_mode_lvl|softon|softoff|reboot|";

function ascset(context: AvalonContext, parameter: string): CgminerAnswer | null {
  const [idText, option, ...values] = parameter.split(",");
  if (idText === "" || option === undefined) return error(15, "Missing device id parameter");
  if (idText !== "0") return error(107, `Invalid ASC id ${idText} - range is 0 - 0`);
  switch (option) {
    case "help":
      return info(options);
    case "voltage":
      return info("voltage 2085");
    case "workmode":
    case "worklevel":
    case "work_mode_lvl":
      return modeCommand(context.device, option, values);
    case "softoff":
    case "softon":
      return softCommand(context, option, values[0] ?? "");
    case "reboot":
      return rebootCommand(context.device, values[0] ?? "");
    case "fan-spd":
      return inRange(values[0], -1, 100);
    case "target-temp":
      return inRange(values[0], 50, 90);
    case "lcd":
    case "led":
      return done();
    default:
      return failed(`Unknown option: ${option}`);
  }
}

function modeCommand(device: AvalonDevice, option: string, [verb, first, second]: string[]): CgminerAnswer {
  if (verb === "get") return info(`workmode ${device.mode} worklevel ${device.level}`);
  if (verb !== "set") return failed(`${option} unknown argument`);
  const modeText = option === "worklevel" ? String(device.mode) : (first ?? "");
  const levelText = option === "work_mode_lvl" ? second : option === "worklevel" ? first : undefined;
  const mode = /^\d+$/.test(modeText) ? Number(modeText) : Number.NaN;
  if (Number.isNaN(mode)) return failed("workmode unknown argument");
  if (avalonWallW[mode] === undefined) return failed("error:1 not support set workmode max_mode[2]");
  // A change of mode alone keeps the level.
  const level =
    levelText === undefined && option === "workmode" ? device.level : Number(levelText ?? Number.NaN);
  if (avalonWallW[mode]?.[level] === undefined) return failed("worklevel unknown argument");
  if (device.isCalibrating) {
    return failed(`current mode ${device.mode} is caling Don't permit switch mode`);
  }
  device.setMode(mode, level);
  return done();
}

function softCommand(context: AvalonContext, option: string, value: string): CgminerAnswer | null {
  const { device } = context;
  const epochS = Number(/^1:(\d{9,11})$/.exec(value)?.[1] ?? Number.NaN);
  if (Number.isNaN(epochS)) return failed(`${option} unknown argument`);
  if (epochS <= device.epochS || epochS > device.epochS + 86_400) return failed(`${option} time err`);
  device.scheduleSoft(option === "softoff", epochS);
  if (option === "softon" && context.isMute()) return null;
  return info(`success ${option}:${epochS}`);
}

function rebootCommand(device: AvalonDevice, value: string): CgminerAnswer {
  if (!/^\d{1,3}$/.test(value) || Number(value) > 300) return failed("reboot unknown argument");
  device.reboot(Number(value));
  return done();
}

function inRange(text: string | undefined, low: number, high: number): CgminerAnswer {
  const value = /^-?\d+$/.test(text ?? "") ? Number(text) : Number.NaN;
  return value >= low && value <= high ? done() : failed("unknown argument");
}

function done(): CgminerAnswer {
  return { status: "S", code: 119, message: "ASC 0 set OK", sections: [] };
}

function info(text: string): CgminerAnswer {
  return { status: "I", code: 118, message: `ASC 0 set info: ${text}`, sections: [] };
}

function failed(text: string): CgminerAnswer {
  return error(120, `ASC 0 set failed: ${text}`);
}
