import type { MinerIdentity, PoolTarget, StoredPool, WriteResult } from "../model/miner.ts";
import { minerIncomplete } from "../model/miner-errors.ts";
import type { CgminerReply, DeviceLink, DriverMemory } from "../model/miner-link.ts";
import { field } from "../model/parse.ts";
import { proveWrite, sendUnproved } from "../model/prove-write.ts";
import { askAs, checked, INVALID_COMMAND, isSuccess, toPools, toSent } from "./cgminer.ts";
import { checkFailover, storedFrom } from "./pool-target.ts";
import type { Access } from "./whatsminer-access.ts";
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
import {
  statusVersion,
  summaryRow,
  toIsOff,
  toModel,
  toV2Identity,
  toV2Percent,
  toV2Power,
  toV2RateThs,
  toV2Reading,
  toVersion,
  type V2Version,
} from "./whatsminer-v2-reading.ts";
import { createV2Session, type V2Session } from "./whatsminer-v2-session.ts";

/** API v1 and v2 on port 4028: reads in plain JSON, writes with a token (miners.md §11.1). One object serves one device. */
export function createV2Generation(api: 1 | 2, access: Access, memory: DriverMemory): Generation {
  const models = new Map<string, string>();
  const hasErrorCommand = api === 2;
  return {
    identify: (link, signal) => identify(link, api, models, signal),
    async read(link, signal) {
      const status = await askV2(link, "status", signal);
      const summary = await askV2(link, "summary", signal);
      const pools = await readable(askV2(link, "pools", signal), signal);
      const errors = hasErrorCommand ? await readable(askErrors(link, signal), signal) : undefined;
      const power = toV2Power(status.sections, summary.sections);
      const answers = {
        status: status.sections,
        summary: summary.sections,
        pools: pools?.sections,
        errors: hasErrorCommand ? (errors?.sections ?? null) : undefined,
      };
      return toV2Reading(answers, targetW(power, memory, link.pace.nowMs()));
    },
    backup: storedPools,
    writes: api === 1 ? null : createWrites(createV2Session(access)),
  };
}

/** What `get_version` says; null where the device does not know it, as other makes. */
export async function askVersion(link: DeviceLink, signal: AbortSignal): Promise<V2Version | null> {
  const reply = await link.cgminer.ask({ cmd: "get_version" }, signal);
  if (isRefusal(reply)) return null;
  const version = toVersion(checked(link, "get_version", reply).sections);
  return version.firmware === null && version.api === null ? null : version;
}

function createWrites(session: V2Session): WhatsminerWrites {
  return {
    async power(link, signal) {
      const status = await askV2(link, "status", signal);
      return toV2Power(status.sections, (await askV2(link, "summary", signal)).sections);
    },
    percent: async (link, signal) => toV2Percent((await askV2(link, "status", signal)).sections),
    async orders(link, signal) {
      const tell = await session.signIn(link, signal);
      return {
        async sendPercent(percent) {
          const reply = await tell("set_power_pct", { percent: String(percent) });
          return reply.code === INVALID_COMMAND ? "absent" : toSent(reply);
        },
        sendLimit: async (limitW) =>
          toSent(await tell("adjust_power_limit", { power_limit: String(limitW) })),
      };
    },
    async isOn(link, signal) {
      const isOff = toIsOff((await askV2(link, "status", signal)).sections);
      return isOff === null ? null : !isOff;
    },
    async isHashing(link, signal) {
      return (toV2RateThs(summaryRow((await askV2(link, "summary", signal)).sections)) ?? 0) > 0;
    },
    async heatFault(link, signal) {
      const { sections = {} } = (await askErrors(link, signal)) ?? {};
      return heatWords(toErrors(field(sections, "Msg", "error_code")));
    },
    async miningOrder(link, isOn, signal) {
      const tell = await session.signIn(link, signal);
      // Without `respbefore` it answers when the boards are dark, which may be too late for the answer.
      const [command, fields] = isOn ? ["power_on", {}] : ["power_off", { respbefore: "true" }];
      return async () => toSent(await tell(command, fields));
    },
    async writePools(link, pools, signal): Promise<WriteResult> {
      checkFailover(link.where, pools, POOL_SLOTS);
      await storedPools(link, signal);
      const tell = await session.signIn(link, signal);
      return proveWrite(
        {
          send: async () => toSent(await tell("update_pools", poolFields(pools))),
          // `pools` tells the pools at work: what was stored may show only after the restart.
          look: async () => (arePools(await storedPools(link, signal), pools) ? "effective" : "taken"),
          withinMs: POOLS_WITHIN_MS,
        },
        link.pace,
        signal,
      );
    },
    async restart(link, signal) {
      const tell = await session.signIn(link, signal);
      return sendUnproved(async () => toSent(await tell("restart_btminer")), signal);
    },
  };
}

async function identify(
  link: DeviceLink,
  api: 1 | 2,
  models: Map<string, string>,
  signal: AbortSignal,
): Promise<MinerIdentity | null> {
  const version = await askVersion(link, signal);
  if (version === null && api === 2) return null;
  const owner = await askOwner(link, api, signal);
  const firmware =
    version?.firmware ??
    (owner === null ? null : statusVersion((await askV2(link, "status", signal)).sections));
  const nameless = toV2Identity(owner, "", firmware);
  if (nameless === null) return null;
  // A model does not change; asked once for each device that was seen here.
  const model = models.get(nameless.id) ?? (await askModel(link, signal));
  // Without the driver of this make, a MAC in the summary of old firmware proves nothing.
  if (model === null && version === null) return null;
  if (model !== null) models.set(nameless.id, model);
  return { ...nameless, model: model ?? "Whatsminer" };
}

/** Where the MAC stands: `get_miner_info`, on API v1 the summary; null when the device knows neither. */
async function askOwner(link: DeviceLink, api: 1 | 2, signal: AbortSignal): Promise<unknown> {
  const command = api === 1 ? "summary" : "get_miner_info";
  const reply = await link.cgminer.ask({ cmd: command }, signal);
  if (isRefusal(reply)) return null;
  const { sections } = checked(link, command, reply);
  return api === 1 ? summaryRow(sections) : field(sections, "Msg");
}

async function askModel(link: DeviceLink, signal: AbortSignal): Promise<string | null> {
  const reply = await link.cgminer.ask({ cmd: "devdetails" }, signal);
  return isRefusal(reply) ? null : toModel(checked(link, "devdetails", reply).sections);
}

/** A whole answer that says no. */
function isRefusal({ status, isPartial }: CgminerReply): boolean {
  return !isPartial && (status === "E" || status === "F");
}

function askV2(link: DeviceLink, command: string, signal: AbortSignal): Promise<CgminerReply> {
  return askAs(link, command, { cmd: command }, signal);
}

/** Hundreds of errors are cut short by the firmware: what there is counts (miners.md §3.3 row 9). */
async function askErrors(link: DeviceLink, signal: AbortSignal): Promise<CgminerReply | null> {
  const reply = await link.cgminer.ask({ cmd: "get_error_code" }, signal);
  return isSuccess(reply) ? reply : null;
}

async function storedPools(link: DeviceLink, signal: AbortSignal): Promise<StoredPool[]> {
  const { sections } = await askV2(link, "pools", signal);
  if (!Array.isArray(sections["POOLS"])) throw minerIncomplete(link.where, "pools");
  return storedFrom({ pools: toPools(sections) });
}

/** All nine fields: those that are left out would stand empty or keep an old pool. */
function poolFields(pools: readonly PoolTarget[]): Record<string, string> {
  const slots = Array.from({ length: POOL_SLOTS }, (_, slot) => pools[slot]);
  return Object.fromEntries(
    slots.flatMap((pool, slot) => [
      [`pool${slot + 1}`, pool?.url ?? ""],
      [`worker${slot + 1}`, pool?.user ?? ""],
      [`passwd${slot + 1}`, pool?.password ?? ""],
    ]),
  );
}
