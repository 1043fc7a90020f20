import { HearthError, unreachableError } from "../model/errors.ts";
import type { StoredPool, WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { DeviceLink, DriverMemory, FrameReply } from "../model/miner-link.ts";
import { field, safeText, text } from "../model/parse.ts";
import { proveWrite, type Sent, sendUnproved } from "../model/prove-write.ts";
import { isSuccess } from "./cgminer.ts";
import { checkFailover, storedFrom } from "./pool-target.ts";
import { type Access, apiSwitchOff } from "./whatsminer-access.ts";
import { heatWords, toErrors } from "./whatsminer-errors.ts";
import {
  arePools,
  type Generation,
  POOL_SLOTS,
  POOLS_WITHIN_MS,
  readable,
  type WhatsminerWrites,
} from "./whatsminer-generation.ts";
import { targetW } from "./whatsminer-power.ts";
import { frameToken, seal } from "./whatsminer-token.ts";
import {
  toIsApiOn,
  toIsWorking,
  toV3Identity,
  toV3Percent,
  toV3Pools,
  toV3Power,
  toV3RateThs,
  toV3Reading,
} from "./whatsminer-v3-reading.ts";

/** The account with all rights, and the codes of its answers (miners.md §11.2). */
const ACCOUNT = "super";
const UNKNOWN_COMMAND = -2;
const NO_PERMISSION = -4;
/** Words of a device whose owner has not allowed changes; the code alone may also stand for a wrong password. */
const WRITES_OFF = /can'?t access write|api ?switch|for write/i;
const FIRST_PLAUSIBLE_S = 1_600_000_000;
/** The old port is asked for its counters no longer than this, and not again for a while when it is silent, ms. */
const OLD_PORT_MS = 1_000;
const OLD_PORT_REST_MS = 900_000;

/** API v3: JSON in frames on port 4433 (miners.md §11.2). One object serves one device. */
export function createV3Generation(access: Access, memory: DriverMemory): Generation {
  const askOldPools = createOldPools();
  return {
    async identify(link, signal) {
      const reply = await link.frames.ask({ cmd: "get.device.info", param: null }, signal);
      return reply.code === 0 ? toV3Identity(reply.msg) : null;
    },
    async read(link, signal) {
      const device = await askV3(link, "get.device.info", null, signal);
      // A stopped mining process may tell nothing.
      const mayBeSilent = toIsWorking(device) === false;
      const summary = await askSummary(link, mayBeSilent, signal);
      const pools = await readable(askV3(link, "get.miner.status", "pools", signal), signal);
      const setting = await readable(askV3(link, "get.miner.setting", null, signal), signal);
      const oldPools = await askOldPools(link, signal);
      const answers = { device, summary, pools, setting, oldPools };
      // The percent stands in the settings: without them no target is known.
      const power = setting === null ? null : toV3Power(setting, summary);
      return toV3Reading(answers, power && targetW(power, memory, link.pace.nowMs()));
    },
    backup: storedPools,
    writes: createWrites(access),
  };
}

function createWrites(access: Access): WhatsminerWrites {
  return {
    async power(link, signal) {
      const setting = await askV3(link, "get.miner.setting", null, signal);
      return toV3Power(setting, await askSummary(link, true, signal));
    },
    percent: async (link, signal) => toV3Percent(await askV3(link, "get.miner.setting", null, signal)),
    async orders(link, signal) {
      const tell = await signIn(link, access, signal);
      return {
        async sendPercent(percent) {
          // The firmware wants the number as text, whatever its description says.
          const reply = await tell("set.miner.power_percent", { percent: String(percent), mode: "fast" });
          return reply.code === UNKNOWN_COMMAND ? "absent" : toSent(reply);
        },
        sendLimit: async (limitW) => toSent(await tell("set.miner.power_limit", limitW)),
      };
    },
    isOn: async (link, signal) => toIsWorking(await askV3(link, "get.device.info", null, signal)),
    isHashing: async (link, signal) => (toV3RateThs(await askSummary(link, true, signal)) ?? 0) > 0,
    async heatFault(link, signal) {
      const device = await askV3(link, "get.device.info", null, signal);
      return heatWords(toErrors(field(device, "error-code")));
    },
    async miningOrder(link, isOn, signal) {
      const tell = await signIn(link, access, signal);
      return async () => toSent(await tell("set.miner.service", isOn ? "start" : "stop"));
    },
    async writePools(link, pools, signal): Promise<WriteResult> {
      checkFailover(link.where, pools, POOL_SLOTS);
      await storedPools(link, signal);
      const tell = await signIn(link, access, signal);
      const param = pools.map(({ url, user, password }) => ({ pool: url, worker: user, passwd: password }));
      return proveWrite(
        {
          send: async () => toSent(await tell("set.miner.pools", param, { isSealed: true })),
          // Told are the pools at work: what was stored may show only after the restart.
          look: async () => (arePools(await storedPools(link, signal), pools) ? "effective" : "taken"),
          withinMs: POOLS_WITHIN_MS,
        },
        link.pace,
        signal,
      );
    },
    async restart(link, signal) {
      const tell = await signIn(link, access, signal);
      return sendUnproved(async () => toSent(await tell("set.miner.service", "restart")), signal);
    },
  };
}

/** One write with a token made for it. Throws `MINER_PASSWORD_WRONG`, `MINER_WRITES_OFF`: it was not carried out. */
type V3Teller = (command: string, param: unknown, how?: { isSealed: boolean }) => Promise<FrameReply>;

/** Reads what a token is made from. Throws `MINER_PASSWORD_WRONG`, `MINER_WRITES_OFF`: nothing was sent then. */
async function signIn(link: DeviceLink, access: Access, signal: AbortSignal): Promise<V3Teller> {
  access.check(link);
  const { msg: device, when } = await askWhole(link, "get.device.info", null, signal);
  if (toIsApiOn(device) === false) throw apiSwitchOff(link);
  const salt = text(device, "salt");
  if (salt === null) throw minerIncomplete(link.where, "salt for changes");
  // Its own clock where it has one: a token of another time may be refused.
  const isPlausible = when !== null && when > FIRST_PLAUSIBLE_S;
  const ts = Math.floor(isPlausible ? when : link.pace.nowMs() / 1000);
  return async (command, param, { isSealed } = { isSealed: false }) => {
    const { token, key } = frameToken(command, access.password, salt, ts);
    const sent = isSealed ? seal(key, JSON.stringify(param)) : param;
    const reply = await link.frames.tell({ cmd: command, param: sent, ts, account: ACCOUNT, token }, signal);
    const words = typeof reply.msg === "string" ? reply.msg : "";
    if (reply.code !== 0 && WRITES_OFF.test(words)) throw apiSwitchOff(link);
    if (reply.code === NO_PERMISSION || (reply.code !== 0 && /token|passw/i.test(words))) {
      throw access.refused(link);
    }
    return reply;
  };
}

function toSent({ code }: FrameReply): Sent {
  return code === null ? "unsure" : code === 0 ? "sent" : "refused";
}

/** `msg` of a read that must succeed. Throws `MINER_BAD_ANSWER`. */
async function askV3(
  link: DeviceLink,
  command: string,
  param: string | null,
  signal: AbortSignal,
): Promise<unknown> {
  return (await askWhole(link, command, param, signal)).msg;
}

async function askWhole(
  link: DeviceLink,
  command: string,
  param: string | null,
  signal: AbortSignal,
): Promise<FrameReply> {
  const reply = await link.frames.ask({ cmd: command, param }, signal);
  if (reply.code === 0 && typeof reply.msg === "object" && reply.msg !== null) return reply;
  const code = reply.code === null ? "unknown" : safeText(String(reply.code), 12);
  throw unreachableError(
    "MINER_BAD_ANSWER",
    `The miner at ${link.where} answered with an error (code ${code}) to ${command}.`,
    { hint: "Run it again in a minute; it may be starting" },
  );
}

/** The summary; null when the device may be silent about it and is. */
async function askSummary(link: DeviceLink, mayBeSilent: boolean, signal: AbortSignal): Promise<unknown> {
  const asked = askV3(link, "get.miner.status", "summary", signal);
  return mayBeSilent ? readable(asked, signal) : asked;
}

/** Throws `MINER_INCOMPLETE`, with the way out where a stopped mining process keeps its pools to itself. */
async function storedPools(link: DeviceLink, signal: AbortSignal): Promise<StoredPool[]> {
  const asked = askV3(link, "get.miner.status", "pools", signal);
  const pools = await asked.catch(async (error: unknown) => {
    const isAnswer = error instanceof HearthError && error.code === "MINER_BAD_ANSWER" && !signal.aborted;
    const device = isAnswer ? await askV3(link, "get.device.info", null, signal) : null;
    throw toIsWorking(device) === false ? poolsAtRest(link) : error;
  });
  if (!Array.isArray(field(pools, "pools"))) throw minerIncomplete(link.where, "pools");
  return storedFrom({ pools: toV3Pools(pools, null) });
}

function poolsAtRest(link: DeviceLink): HearthError {
  const message = `The miner at ${link.where} does not tell its pools while it is paused.`;
  return unreachableError("MINER_INCOMPLETE", message, {
    left: "Nothing was written, because a pool could be lost",
    hint: "Resume it, then run it again",
  });
}

/** Counters of work, which API v3 does not have; null where the old port is closed or silent. */
function createOldPools(): (link: DeviceLink, signal: AbortSignal) => Promise<unknown> {
  let restsUntilMono = Number.NEGATIVE_INFINITY;
  return async (link, signal) => {
    if (link.pace.monoMs() < restsUntilMono) return null;
    const limit = AbortSignal.timeout(OLD_PORT_MS);
    try {
      const reply = await link.cgminer.ask({ cmd: "pools" }, AbortSignal.any([signal, limit]));
      return isSuccess(reply) && !reply.isPartial ? reply.sections : null;
    } catch (error) {
      signal.throwIfAborted();
      if (limit.aborted) restsUntilMono = link.pace.monoMs() + OLD_PORT_REST_MS;
      if (limit.aborted || error instanceof HearthError) return null;
      throw error;
    }
  };
}
