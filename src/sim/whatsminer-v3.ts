import type { EmulatedMiner, EmulatorOptions } from "./emulated-miner.ts";
import { startRig } from "./start-rig.ts";
import { openSealed, sha256 } from "./whatsminer-crypt.ts";
import { WhatsminerDevice, type WhatsminerFacts } from "./whatsminer-device.ts";
import { moment, v2Reads, type WhatsminerBuild } from "./whatsminer-replies.ts";
import { answerRead } from "./whatsminer-v2.ts";

const M60: WhatsminerFacts = { model: "M60S_VK40", nominalW: 3600, nominalThs: 181 };
const FIRMWARE = "20251209.16.Rel2";
/** The old API counts its own versions. */
const BESIDE: WhatsminerBuild = { api: "2.2.2", firmware: FIRMWARE, style: "beside-v3" };
const ACCOUNT = "super";
/** Codes of API v3; a missing parameter has its own. */
const FAILED = -1;
const UNKNOWN = -2;
const NO_PARAM = -3;
const NO_PERMISSION = -4;

/**
 * A Whatsminer M60S with API v3 (miners.md §11.2): JSON in frames, a token in each write, and the old API for reads
 * beside it. `writes-off` as firmware is one whose owner has not switched its API on. Throws `PORT_TAKEN` (exit 3).
 */
export async function startWhatsminerM60(options: EmulatorOptions): Promise<EmulatedMiner> {
  return startRig(options, (parts) => {
    const device = new WhatsminerDevice(options, M60, parts);
    const saltLuck = parts.random.fork("salt");
    const salt = Array.from({ length: 8 }, () => saltLuck.integer(0, 9)).join("");
    const desk = {
      device,
      salt,
      password: options.password ?? "super",
      isApiOn: options.firmware !== "writes-off",
    };
    return {
      device,
      face: {
        frames: (json) => answer(desk, json),
        socket: (bytes) => answerRead(device, BESIDE, v2Reads, bytes),
      },
    };
  });
}

interface Desk {
  device: WhatsminerDevice;
  salt: string;
  password: string;
  isApiOn: boolean;
}

/** Content of an answer, or the code and words of a refusal. */
type Outcome = { msg: unknown } | { code: number; msg: string };

function answer(desk: Desk, json: string): string {
  let request: Record<string, unknown> = {};
  try {
    request = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return frame(desk, "", { code: UNKNOWN, msg: "invalid json" });
  }
  const command = String(request["cmd"] ?? "");
  return frame(
    desk,
    command,
    command.startsWith("set.") ? write(desk, command, request) : read(desk, command, request),
  );
}

function frame({ device }: Desk, command: string, outcome: Outcome): string {
  return JSON.stringify({ code: 0, when: device.epochS, ...outcome, desc: command });
}

function read(desk: Desk, command: string, { param }: Record<string, unknown>): Outcome {
  switch (command) {
    case "get.device.info": {
      const all: Record<string, unknown> = deviceInfo(desk);
      return { msg: typeof param === "string" ? { [param]: all[param] } : all };
    }
    case "get.miner.status":
      return status(desk, param);
    case "get.miner.setting":
      return { msg: setting(desk) };
    default:
      return { code: UNKNOWN, msg: "invalid command" };
  }
}

function deviceInfo({ device, salt, isApiOn }: Desk) {
  const { errorCodes } = device;
  return {
    network: { ip: "192.168.1.62", proto: "dhcp", mac: device.mac.toUpperCase(), hostname: "WhatsMiner" },
    miner: {
      working: String(!device.isResting),
      type: device.model,
      "hash-board": "K40",
      cointype: "BTC",
      "pool-strategy": "FAILOVER",
      "hash-percent": "",
      "fast-boot": device.isFastBoot ? "enable" : "disable",
      "board-num": 3,
      "miner-sn": device.serial,
      "power-limit-set": String(device.limitW),
    },
    system: {
      api: "3.0.3",
      platform: "H616",
      fwversion: FIRMWARE,
      apiswitch: isApiOn ? "1" : "0",
      ledstatus: "auto",
    },
    power: { model: "P22-12-3600-C", sn: `PSU${device.serial}`, fanspeed: 6112, vin: 230.5, vendor: "1" },
    salt,
    // The code is a key (miners.md §11.2).
    ...(errorCodes.length > 0
      ? { "error-code": errorCodes.map((code) => ({ [code]: moment(device), reason: reasonOf(code) })) }
      : {}),
  };
}

function reasonOf(code: number): string {
  return code === 350 ? "SM0 temperature protecting" : "Fanin detect speed error";
}

/** Parts can be asked for together; a stopped mining process does not tell its pools alone. */
function status({ device }: Desk, param: unknown): Outcome {
  if (typeof param !== "string" || param === "") return { code: NO_PARAM, msg: "param item is null" };
  const parts = param.split("+");
  if (parts.some((part) => !["summary", "pools", "edevs"].includes(part))) {
    return { code: UNKNOWN, msg: "invalid param" };
  }
  if (param === "pools" && device.isResting) return { code: FAILED, msg: "btminer is not running" };
  return {
    msg: {
      ...(parts.includes("summary") ? { summary: summary(device) } : {}),
      ...(parts.includes("pools") && !device.isResting ? { pools: pools(device) } : {}),
      ...(parts.includes("edevs") ? { edevs: [] } : {}),
    },
  };
}

/** Rates in TH/s. */
function summary(device: WhatsminerDevice) {
  const ths = Math.round(device.hashrateThs * 1000) / 1000;
  const isWarm = device.isHashing || device.isFaulty;
  const chipC = isWarm ? Math.round(device.chipC * 10) / 10 : 0;
  const boardC = isWarm ? Math.round((device.chipC - 25) * 10) / 10 : 0;
  return {
    elapsed: device.miningS,
    "bootup-time": 1323,
    ...{ "hash-realtime": ths, "hash-average": ths, "hash-1min": ths, "hash-15min": ths },
    "factory-hash": device.nominalThs,
    "power-realtime": device.stage.reportedW,
    "power-5min": device.stage.reportedW,
    "power-limit": device.limitW,
    "power-rate": ths > 0 ? Math.round((device.stage.reportedW / ths) * 10) / 10 : 0,
    "board-temperature": [boardC, boardC - 1, boardC + 0.4],
    ...{ "chip-temp-min": chipC - 14, "chip-temp-avg": chipC - 7, "chip-temp-max": chipC },
    "environment-temperature": device.inletC,
    "fan-speed-in": device.fanRpm.inlet,
    "fan-speed-out": device.fanRpm.outlet,
    "freq-avg": device.isHashing ? 625 : 0,
    "up-freq-finish": device.isWaking ? 0 : 1,
  };
}

/** Without any counter of work. */
function pools(device: WhatsminerDevice) {
  return device.pools.map((pool, place) => ({
    id: place + 1,
    url: pool.entry.url,
    status: pool.isAlive ? "alive" : "dead",
    account: pool.entry.user,
    "stratum-active": pool.isActive,
    "reject-rate": 0,
    "last-share-time": pool.lastShareMs === null ? 0 : Math.floor(pool.lastShareMs / 1000),
  }));
}

/** A percent of 0 is the firmware's word for none. */
function setting({ device }: Desk) {
  return {
    "power-limit": device.limitW,
    "upfreq-speed": 1,
    "power-mode": device.powerMode,
    "fast-boot": device.isFastBoot ? "enable" : "disable",
    "heat-mode": "normal",
    "target-freq": 0,
    power: 0,
    "power-percent": device.percent === 100 ? 0 : device.percent,
  };
}

function write(desk: Desk, command: string, request: Record<string, unknown>): Outcome {
  const { device, salt, password, isApiOn } = desk;
  const { ts, token, account } = request;
  const key = sha256(`${command}${password}${salt}${String(ts)}`);
  const isKnown = account === ACCOUNT && token === key.toString("base64").slice(0, 8);
  if (!isApiOn || !isKnown) return { code: NO_PERMISSION, msg: "no permission" };
  const perform = Object.hasOwn(writes, command) ? writes[command] : undefined;
  if (perform === undefined) return { code: UNKNOWN, msg: "invalid command" };
  return perform(device, request["param"], key) ? { msg: "ok" } : { code: FAILED, msg: "fail" };
}

/** Carries a write out; false for parameters that it does not take. */
type Write = (device: WhatsminerDevice, param: unknown, key: Buffer) => boolean;

const writes: Record<string, Write> = {
  "set.miner.service"(device, param) {
    if (param === "start" || param === "stop") device.setMining(param === "start");
    else if (param === "restart") device.orderRestart();
    else return false;
    return true;
  },
  "set.miner.power_percent"(device, param) {
    const { percent, mode } = (param ?? {}) as { percent?: unknown; mode?: unknown };
    // It reads the number as text only.
    if (typeof percent !== "string" || !/^\d{1,3}$/.test(percent) || Number(percent) > 100) return false;
    if (mode !== "fast" && mode !== "normal") return false;
    device.setPercent(Number(percent));
    return true;
  },
  "set.miner.power_limit"(device, param) {
    if (!Number.isInteger(param) || Number(param) < 0 || Number(param) > 99_999) return false;
    device.setLimit(Number(param));
    return true;
  },
  "set.miner.pools"(device, param, key) {
    const plain = typeof param === "string" ? openSealed(key, param) : null;
    const entries = plain === null ? null : poolEntries(plain);
    if (entries === null) return false;
    device.storePools(entries);
    return true;
  },
  "set.system.reboot"(device) {
    device.reboot(1);
    return true;
  },
};

function poolEntries(plain: string) {
  let list: unknown;
  try {
    list = JSON.parse(plain);
  } catch {
    return null;
  }
  if (!Array.isArray(list) || list.length === 0 || list.length > 3) return null;
  const entries = (list as Record<string, unknown>[]).map(({ pool, worker, passwd }) => ({
    ...{ url: pool, user: worker, password: passwd },
  }));
  const isWhole = entries.every((entry) => Object.values(entry).every((value) => typeof value === "string"));
  return isWhole ? (entries as { url: string; user: string; password: string }[]) : null;
}
