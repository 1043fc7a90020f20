import { createHash } from "node:crypto";
import type { AvalonDevice } from "./avalon-device.ts";
import { powerSupply, statsAnswer } from "./avalon-estats.ts";
import { devsAnswer, poolsAnswer, read, summaryAnswer, versionAnswer } from "./avalon-replies.ts";
import type { CgminerAnswer } from "./cgminer-wire.ts";

/** What the commands need beside the device. */
export interface AvalonContext {
  device: AvalonDevice;
  webUser: string;
  webPassword: string;
  /** True: this `softon` closes the connection without a word (miners.md §6.4). */
  isMute: () => boolean;
}

/** Texts of a pool that are longer are refused. */
const LONGEST_URL = 384;
const LONGEST_USER = 128;

type Handler = (context: AvalonContext, parameter: string) => CgminerAnswer | null;

const reads: Record<string, Handler> = {
  version: ({ device }) => versionAnswer(device),
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
  const handler = hasWrite(context.device, command) ? writes[command] : undefined;
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

function hasWrite({ facts }: AvalonDevice, command: string): boolean {
  return Object.hasOwn(writes, command) && (command !== "switchpool" || facts.canSwitchPool);
}

function check({ device }: AvalonContext, parameter: string): CgminerAnswer {
  const exists = Object.hasOwn(reads, parameter) || hasWrite(device, parameter);
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

/** Stores a pool for the next start; wants the web password. Checks and answers in the order of the Nano 3S source. */
function setpool({ device, webUser, webPassword }: AvalonContext, parameter: string): CgminerAnswer {
  const [user, password, slotText, url = "", worker = "", workerPassword = ""] = parameter.split(",");
  if (url.length > LONGEST_URL) return poolError("The pool url length is too long.");
  if (worker.length > LONGEST_USER) return poolError("The pool user length is too long.");
  if (workerPassword.length > LONGEST_USER) return poolError("The pool pass length is too long.");
  const count = fieldsRead(parameter.split(","));
  if (count < 5) return poolError(`we need 5 | 6 arguments, your input is ${count} arguments.`);
  if (user !== webUser) return poolError("username err");
  if (password !== (device.facts.usesVoucher ? voucherOf(webPassword) : webPassword)) {
    return poolError("userpass err");
  }
  const slot = /^[0-2]$/.test(slotText ?? "") ? Number(slotText) : null;
  if (slot === null) return poolError(`pool num must between 0 and 2 , your input is ${slotText}`);
  device.storePool(slot, { url, user: worker, password: workerPassword });
  const message =
    `Pool set info: \npool ${slot} success set to ${url}\nworker is ${worker}\nworkerpassword is ${workerPassword}\n` +
    "Please reboot miner to make config work.\n";
  return { status: "S", code: 133, message, sections: [], hasRawLineFeeds: true };
}

/** The firmware's own reading of the line ends at an empty field, and takes no more than six. */
function fieldsRead(fields: readonly string[]): number {
  const empty = fields.indexOf("");
  return Math.min(6, empty < 0 ? fields.length : empty);
}

function poolError(text: string): CgminerAnswer {
  return error(132, `Pool set error: ${text}`);
}

function voucherOf(password: string): string {
  return `ff0000ff${createHash("sha256").update(password).digest("hex").slice(0, 24)}`;
}

type Option = (context: AvalonContext, values: string[]) => CgminerAnswer | null;

/** Words of `ascset` that do something here; the others of a unit's list want arguments that nobody sends. */
const options: Record<string, Option> = {
  help: ({ device }) => info(device.facts.verbs.map((verb) => `${verb}|`).join("")),
  voltage: ({ device }) => info(`PS[${powerSupply(device)}]`),
  workmode: ({ device }, values) => workmode(device, values),
  worklevel: ({ device }, values) => worklevel(device, values),
  work_mode_lvl: ({ device }, values) => bothLevers(device, values),
  softoff: (context, [value = ""]) => softCommand(context, "softoff", value),
  softon: (context, [value = ""]) => softCommand(context, "softon", value),
  reboot: ({ device }, [value = ""]) => rebootCommand(device, value),
  "fan-spd": (_, [value]) => inRange(value, -1, 100),
  "target-temp": (_, [value]) => inRange(value, 50, 90),
  lcd: () => done(),
  // The Nano 3 sets the colours of its light by this word.
  led: ({ device }) => (device.facts.usesVoucher ? failed("led parameter wrong") : done()),
};

function ascset(context: AvalonContext, parameter: string): CgminerAnswer | null {
  const [idText, option, ...values] = parameter.split(",");
  if (idText === "" || option === undefined) return error(15, "Missing device id parameter");
  if (idText !== "0") return error(107, `Invalid ASC id ${idText} - range is 0 - 0`);
  if (!context.device.facts.verbs.includes(option)) return failed(`Unknown option: ${option}`);
  const run = Object.hasOwn(options, option) ? options[option] : undefined;
  return run === undefined ? failed(`missing ${option} setting`) : run(context, values);
}

function workmode(device: AvalonDevice, [verb, text]: string[]): CgminerAnswer {
  if (verb === "get") return info(`workmode ${device.mode}`);
  const mode = wholeNumber(text);
  if (verb !== "set" || mode === null) return failed("error:2 parameter error");
  if (device.facts.levers[mode] === undefined) return unknownMode(device);
  return device.isCalibrating ? calibrating(device) : setLevers(device, mode, device.level);
}

function worklevel(device: AvalonDevice, [verb, text]: string[]): CgminerAnswer {
  if (verb === "get") return info(`worklevel ${device.level}`);
  const level = wholeNumber(text);
  if (verb !== "set" || level === null || device.facts.levers[device.mode]?.[level] === undefined) {
    return failed("worklevel unknown argument");
  }
  if (device.isCalibrating) {
    return failed(`current level ${device.level} is caling,Don't permit switch level`);
  }
  return setLevers(device, device.mode, level);
}

function bothLevers(device: AvalonDevice, [verb, modeText, levelText]: string[]): CgminerAnswer {
  if (verb === "get") return info(`workmode ${device.mode} worklevel ${device.level}`);
  const [mode, level] = [wholeNumber(modeText), wholeNumber(levelText)];
  if (verb !== "set" || mode === null || level === null) return failed("error:2 parameter error");
  if (device.isCalibrating) return calibrating(device);
  if (device.facts.levers[mode] === undefined) return unknownMode(device);
  if (device.facts.levers[mode]?.[level] === undefined) return failed("worklevel unknown argument");
  return setLevers(device, mode, level);
}

function setLevers(device: AvalonDevice, mode: number, level: number): CgminerAnswer {
  device.setMode(mode, level);
  return done();
}

function unknownMode({ facts }: AvalonDevice): CgminerAnswer {
  const highest = Math.max(...Object.keys(facts.levers).map(Number));
  return failed(`error:1 not support set workmode max_mode[${highest}]`);
}

function calibrating({ mode }: AvalonDevice): CgminerAnswer {
  return failed(`current mode ${mode} is caling Don't permit switch mode`);
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^-?\d{1,3}$/.test(text) ? Number(text) : null;
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
  if (!/^\d{1,5}$/.test(value)) return failed("reboot value not number");
  if (Number(value) > 300) return failed("reboot value should be 0~300 seconds");
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
