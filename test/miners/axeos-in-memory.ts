import { createAxeosDriver } from "#src/miners/axeos.ts";
import { fixture, scripted } from "./fixtures.ts";

export const never = new AbortController().signal;
/** A recorded answer. */
export const recorded = (name: string) => JSON.parse(fixture(`axeos/${name}.json`));
/** Telemetry of the newest and of the oldest firmware recorded, and the options of a chip. */
export const NEW = recorded("2.15.0/api.system.info");
export const OLD = recorded("2.4.5/api.system.info");
export const ASIC = recorded("2.15.0/api.system.asic");

/** A board in memory; `special` answers a write in its place. */
export function board(
  info: Record<string, unknown> = NEW,
  special?: (request: string) => unknown,
  asic: unknown = ASIC,
) {
  const state: Record<string, unknown> = structuredClone(info);
  const link = scripted({
    http(request, body) {
      const [method = "", path = ""] = request.split(" ");
      if (method === "GET") return path.endsWith("asic") ? asic : structuredClone(state);
      const found = special?.(request);
      if (found !== undefined) return found;
      if (path.endsWith("/pause")) state["miningPaused"] = true;
      if (path.endsWith("/resume")) state["miningPaused"] = false;
      if (method === "PATCH") {
        const { pools, ...rest } = body;
        Object.assign(state, rest, "frequency" in body ? { actualFrequency: body["frequency"] } : {});
        for (const pool of (pools ?? []) as { id: number }[]) {
          const others = (state["pools"] as { id: number }[]).filter(({ id }) => id !== pool.id);
          state["pools"] = [...others, pool];
        }
      }
      return null;
    },
  });
  return { link, state, capabilities: () => createAxeosDriver().capabilities(link, never) };
}

export const NO_ROUTE = { status: 404 };
