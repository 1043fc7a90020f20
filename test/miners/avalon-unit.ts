import { createAvalonDriver } from "#src/miners/avalon.ts";
import type { DriverOptions } from "#src/model/miner-link.ts";
import { fixture, scripted } from "./fixtures.ts";

export const never = new AbortController().signal;

/** A JSON answer of status `S`; `more` are further sections, with a comma before them. */
export const ok = (message: string, more = "") =>
  `{"STATUS":[{"STATUS":"S","When":1763701260,"Code":119,"Msg":"${message}"}]${more},"id":1}`;

/** A refusal in the words of the firmware. */
export const no = (message: string) =>
  `{"STATUS":[{"STATUS":"E","When":1763701260,"Code":120,"Msg":"${message}"}],"id":1}`;

/** A unit in memory that takes orders at once; `overrides` answers, or throws, in its place. */
export function unit(
  overrides: (line: string) => string | Error | null = () => null,
  { folder = "avalon/mini3-25022401", word = "Mini3" } = {},
) {
  const state = { work: "In Work", mode: 1, level: 0, active: 0 };
  const pools = ["stratum+tcp://a.example:1", "stratum+tcp://b.example:2"].map((url) => ({
    ...{ url, user: "u.w", password: "p" },
  }));
  const stats = () => {
    const levers = `WORKMODE[${state.mode}] WORKLEVEL[${state.level}] MPO[750]`;
    return `,"STATS":[{"MM ID0":"Ver[${word}-1] SYSTEMSTATU[Work: ${state.work}] ${levers}"}]`;
  };
  const poolRows = () =>
    pools.map((pool, index) => ({
      ...{ POOL: index, URL: pool.url, User: pool.user, Password: pool.password },
      Priority: index === state.active ? 0 : index + 1,
      "Stratum Active": index === state.active,
    }));
  const obey = (line: string) => {
    const set = /^ascset\|0,(workmode|worklevel),set,(-?\d)$/.exec(line);
    if (set) state[set[1] === "workmode" ? "mode" : "level"] = Number(set[2]);
    if (line.startsWith("ascset|0,softoff")) state.work = "In Idle";
    if (line.startsWith("ascset|0,softon")) state.work = "In Init";
    const select = /^switchpool\|(\d)$/.exec(line);
    if (select) state.active = Number(select[1]);
  };
  const cgminer = (line: string) => {
    const special = overrides(line);
    if (special !== null) return special;
    if (line === "version") return fixture(`${folder}/version.json`);
    if (line === "estats") return ok("stats", stats());
    if (line === "pools") return ok("pools", `,"POOLS":${JSON.stringify(poolRows())}`);
    if (line === "ascset|0,help") {
      return ok("ASC 0 set info: help|workmode|worklevel|led|softon|softoff|reboot|");
    }
    if (line.startsWith("check|")) return ok("check", ',"CHECK":[{"Exists":"Y","Access":"Y"}]');
    obey(line);
    return ok("ASC 0 set OK");
  };
  const link = scripted({ cgminer });
  return {
    link,
    state,
    pools,
    capabilities: (options: DriverOptions = {}) => createAvalonDriver(options).capabilities(link, never),
  };
}
