import { createAntminerDriver } from "#src/miners/antminer.ts";
import type { DriverMemory, DriverOptions } from "#src/model/miner-link.ts";
import { field } from "#src/model/parse.ts";
import { fixture, scripted } from "./fixtures.ts";

/** A recorded page of the miner, parsed. */
export const page = (version: string, name: string) =>
  JSON.parse(fixture(`antminer/${version}/cgi-bin.${name}.cgi.json`));

/** Configuration of the miner in low mode, and of the one asleep. */
export const LOW_CONFIG: Record<string, unknown> = page("s19-230311", "get_miner_conf");
export const SLEEPING_CONFIG: Record<string, unknown> = page("s19-sleeping", "get_miner_conf");
/** As it answers a configuration that it takes. */
export const SUCCESS = { stats: "success", code: "M000", msg: "OK!" };
export const CGI = "/cgi-bin";

/** A miner in memory that keeps what it is sent; `special` answers in its place. */
export function miner(
  config: unknown = LOW_CONFIG,
  options: DriverOptions & { special?: (request: string) => unknown; socket?: () => string | Error } = {},
) {
  const state = { config: structuredClone(config) };
  const posted: unknown[] = [];
  const link = scripted({
    http(request, body) {
      const found = options.special?.(request);
      if (found !== undefined) return found;
      if (request === `POST ${CGI}/set_miner_conf.cgi`) {
        posted.push(structuredClone(body));
        state.config = structuredClone(body);
        return SUCCESS;
      }
      const name = /cgi-bin\/(\w+)\.cgi/.exec(request)?.[1] ?? "";
      if (name === "get_miner_conf") return structuredClone(state.config);
      return request.startsWith("GET") ? page("s19-230311", name) : {};
    },
    cgminer:
      options.socket ??
      ((line) => {
        if (line === "pools") return fixture("antminer/s19-230311/pools.json");
        return fixture(
          `antminer/${isAsleep(state.config) ? "s19-sleeping" : "s19-230311"}/stats.new_api.json`,
        );
      }),
  });
  const driver = createAntminerDriver(options);
  return {
    link,
    state,
    posted,
    driver,
    capabilities: () => driver.capabilities(link, new AbortController().signal),
  };
}

function isAsleep(config: unknown): boolean {
  return String(field(config, "bitmain-work-mode")) === "1";
}

/** Notes that outlive a driver. */
export function memoryOf(): DriverMemory {
  const notes = new Map<string, unknown>();
  return { get: (key) => notes.get(key) ?? null, set: (key, value) => void notes.set(key, value) };
}
