import { parseRequest } from "./cgminer-wire.ts";
import type { EmulatedMiner, EmulatorOptions } from "./emulated-miner.ts";
import { startRig } from "./start-rig.ts";
import type { PoolEntry } from "./stratum-client.ts";
import { openSealed, sealText, sha256 } from "./whatsminer-crypt.ts";
import { WhatsminerDevice, type WhatsminerFacts } from "./whatsminer-device.ts";
import { bare, type ReadReply, v1Reads, v2Reads, type WhatsminerBuild } from "./whatsminer-replies.ts";
import { WhatsminerTokens } from "./whatsminer-tokens.ts";

const M30: WhatsminerFacts = { model: "M30S+_VE40", nominalW: 3400, nominalThs: 100 };
const M20: WhatsminerFacts = { model: "M20S_V10", nominalW: 3360, nominalThs: 68 };
const BUILD_V2: WhatsminerBuild = { api: "2.0.5", firmware: "20230803.11.REL", style: "v2" };
const BUILD_V1: WhatsminerBuild = { api: "1.4.0", firmware: "20220919.15.REL", style: "v1" };

/**
 * A Whatsminer M30S+ with API v2 (miners.md §11.1): plain reads, sealed writes with tokens. `writes-off` as firmware is
 * one whose owner has not switched its API on. Throws `PORT_TAKEN` (exit 3).
 */
export async function startWhatsminerM30(options: EmulatorOptions): Promise<EmulatedMiner> {
  return startRig(options, (parts) => {
    const device = new WhatsminerDevice(options, M30, parts);
    const desk = {
      device,
      tokens: new WhatsminerTokens(options.password ?? "admin", options.clock, parts.random.fork("tokens")),
      mayWrite: options.firmware !== "writes-off",
    };
    return { device, face: { socket: (bytes) => answer(desk, bytes) } };
  });
}

/** A Whatsminer M20S with API v1, which is only read. Throws `PORT_TAKEN` (exit 3). */
export async function startWhatsminerM20(options: EmulatorOptions): Promise<EmulatedMiner> {
  return startRig(options, (parts) => {
    const device = new WhatsminerDevice(options, M20, parts);
    return { device, face: { socket: (bytes) => answerRead(device, BUILD_V1, v1Reads, bytes) } };
  });
}

interface Desk {
  device: WhatsminerDevice;
  tokens: WhatsminerTokens;
  mayWrite: boolean;
}

function answer(desk: Desk, bytes: string): string | undefined {
  const { device, tokens } = desk;
  const sealed = sealedData(bytes);
  if (sealed !== null) return answerSealed(desk, sealed);
  const request = parseRequest(bytes);
  if (request === null) return undefined;
  const command = request === "invalid" ? null : request.commands.join("+");
  if (command === "get_token") {
    const seeds = tokens.give();
    return seeds === null ? bare(device, "E", 136, "over max connect") : bare(device, "S", 134, { ...seeds });
  }
  if (command !== null && Object.hasOwn(writes, command)) return bare(device, "E", 135, "check token err");
  return answerRead(device, BUILD_V2, v2Reads, bytes);
}

/** An answer to a plain read; also of the old port of firmware with API v3. */
export function answerRead(
  device: WhatsminerDevice,
  build: WhatsminerBuild,
  reads: Readonly<Record<string, ReadReply>>,
  bytes: string,
): string | undefined {
  const request = parseRequest(bytes);
  if (request === null) return undefined;
  if (request === "invalid") return bare(device, "E", 23, "json cmd err");
  // Reads cannot be joined.
  const command = request.commands.join("+");
  const reply = Object.hasOwn(reads, command) ? reads[command] : undefined;
  return reply ? reply(device, build) : bare(device, "E", 14, "invalid cmd");
}

/** `{"enc":1,"data":"…"}`; null for anything else. */
function sealedData(bytes: string): string | null {
  try {
    const body: unknown = JSON.parse(bytes.replaceAll("\0", ""));
    const { enc, data } = body as { enc?: unknown; data?: unknown };
    return enc === 1 && typeof data === "string" ? data : null;
  } catch {
    return null;
  }
}

function answerSealed({ device, tokens, mayWrite }: Desk, data: string): string {
  const key = sha256(tokens.key);
  const plain = openSealed(key, data);
  if (plain === null) return bare(device, "E", 137, "base64 decode err");
  let request: Record<string, unknown>;
  try {
    request = JSON.parse(plain) as Record<string, unknown>;
  } catch {
    return bare(device, "E", 23, "json cmd err");
  }
  const sealed = (text: string) => JSON.stringify({ enc: sealText(key, text) });
  if (!tokens.isGood(request["token"])) return sealed(bare(device, "E", 135, "check token err"));
  if (!mayWrite) return bare(device, "E", 45, "can't access write cmd");
  const command = String(request["cmd"] ?? request["command"]);
  const write = Object.hasOwn(writes, command) ? writes[command] : undefined;
  if (write === undefined) return sealed(bare(device, "E", 14, "invalid cmd"));
  return sealed(
    write(device, request)
      ? bare(device, "S", 131, "API command OK")
      : bare(device, "E", 132, "API command ERROR"),
  );
}

/** Carries a write out; false for parameters that it does not take. */
type Write = (device: WhatsminerDevice, request: Record<string, unknown>) => boolean;

const writes: Record<string, Write> = {
  power_on(device) {
    device.setMining(true);
    return true;
  },
  power_off(device, { respbefore }) {
    // The text "true" and nothing else: without it the answer comes too late.
    if (respbefore !== "true") return false;
    device.setMining(false);
    return true;
  },
  set_power_pct(device, { percent }) {
    const value = wholeText(percent, 0, 100);
    if (value !== null) device.setPercent(value);
    return value !== null;
  },
  adjust_power_limit(device, { power_limit: limit }) {
    const value = wholeText(limit, 0, 99_999);
    if (value !== null) device.setLimit(value);
    return value !== null;
  },
  update_pools(device, request) {
    const slots = [1, 2, 3].map((slot) => ({
      url: request[`pool${slot}`],
      user: request[`worker${slot}`],
      password: request[`passwd${slot}`],
    }));
    // All nine, or none is taken.
    if (!slots.every(isEntry)) return false;
    device.storePools(slots.filter(({ url }) => url !== ""));
    return true;
  },
  enable_btminer_fast_boot(device) {
    device.setFastBoot(true);
    return true;
  },
  disable_btminer_fast_boot(device) {
    device.setFastBoot(false);
    return true;
  },
  restart_btminer(device) {
    device.orderRestart();
    return true;
  },
  reboot(device) {
    device.reboot(1);
    return true;
  },
};

function isEntry(slot: Record<keyof PoolEntry, unknown>): slot is PoolEntry {
  return Object.values(slot).every((value) => typeof value === "string");
}

/** Numbers come as text. */
function wholeText(value: unknown, low: number, high: number): number | null {
  if (typeof value !== "string" || !/^\d{1,5}$/.test(value)) return null;
  const number = Number(value);
  return number >= low && number <= high ? number : null;
}
