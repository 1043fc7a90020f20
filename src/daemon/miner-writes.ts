import type { Override } from "../control/types.ts";
import { type Clock, toInstant } from "../model/clock.ts";
import { EXIT, HearthError } from "../model/errors.ts";
import { minerTimeout } from "../model/miner-errors.ts";
import { field, toNumber } from "../model/parse.ts";
import { formatHostPort } from "../net/host-port.ts";
import type { LocalApiOptions, WriteAnswer } from "./local-api.ts";
import type { MinerKeeper } from "./miner-keeper.ts";
import type { Parts } from "./parts.ts";

/** A person's wish for one miner lasts so long unless they say otherwise, and a day at most (control.md §5, layer 4). */
const USUAL_MS = 2 * 3_600_000;
const LONGEST_MS = 24 * 3_600_000;
/** Less than the asking command waits for the loop, so that it hears how it ended. */
const LOCATE_MS = 4_000;

/** `POST /v1/miners/{name}/set-power|pause|resume|locate` (interfaces.md §4). */
export function minerWrites(parts: Parts, clock: Clock): LocalApiOptions["writes"] {
  const { keepers, brain, picture } = parts;
  const onMiner =
    (write: (keeper: MinerKeeper, body: unknown) => WriteAnswer | Promise<WriteAnswer>) =>
    ([name = ""]: string[], body: unknown) => {
      const keeper = keepers.find(({ config }) => config.name === name || config.id === name);
      return keeper ? write(keeper, body) : unknownMiner(name);
    };
  /** Layer 4: the loop carries it out, below limits, floor and events. */
  const hold = (
    keeper: MinerKeeper,
    action: "set-power" | "pause",
    powerW: number,
    body: unknown,
  ): WriteAnswer => {
    const nowMs = clock.nowMs();
    const untilMs = untilOf(field(body, "until"), nowMs);
    if (untilMs === null) return badUntil();
    const miner = keeper.config.name;
    const override: Override = { kind: "power", zone: null, miner, setC: null, powerW, untilMs };
    brain.setOverrides([...without(brain.overrides(), miner), override]);
    const until = toInstant(untilMs);
    picture.note(`${miner}: ${action} by you until ${until}`);
    return { data: { miner, action, powerW, result: "pending", until } };
  };
  return [
    {
      pattern: /^\/v1\/miners\/([^/]{1,128})\/set-power$/,
      handler: {
        name: "miner.set-power",
        write: onMiner((keeper, body) => {
          const powerW = toNumber(field(body, "power_w"), { min: 0, max: 100_000 });
          return powerW === null ? badPower() : hold(keeper, "set-power", powerW, body);
        }),
      },
    },
    {
      pattern: /^\/v1\/miners\/([^/]{1,128})\/pause$/,
      handler: { name: "miner.pause", write: onMiner((keeper, body) => hold(keeper, "pause", 0, body)) },
    },
    {
      pattern: /^\/v1\/miners\/([^/]{1,128})\/resume$/,
      handler: {
        name: "miner.resume",
        write: onMiner((keeper) => {
          const miner = keeper.config.name;
          brain.setOverrides(without(brain.overrides(), miner));
          return { data: { miner, action: "resume", result: "pending" } };
        }),
      },
    },
    {
      pattern: /^\/v1\/miners\/([^/]{1,128})\/locate$/,
      handler: {
        name: "miner.locate",
        write: onMiner(async (keeper) => {
          const miner = keeper.config.name;
          const { host, port } = keeper.place();
          const limit = new AbortController();
          const overdue = minerTimeout(formatHostPort(host, port), LOCATE_MS);
          const timer = setTimeout(() => limit.abort(overdue), LOCATE_MS);
          try {
            const result = await keeper.locate(limit.signal);
            return { data: { miner, action: "locate", result } };
          } catch (error) {
            if (!(error instanceof HearthError)) throw error;
            return {
              status: statusOf(error),
              code: error.code,
              message: error.message,
              hint: error.hint ?? "",
            };
          } finally {
            clearTimeout(timer);
          }
        }),
      },
    },
  ];
}

function without(overrides: readonly Override[], miner: string): Override[] {
  return overrides.filter((entry) => entry.kind !== "power" || entry.miner !== miner);
}

/** End of a wish, ms; null for what is no moment ahead or lies more than a day away. */
function untilOf(until: unknown, nowMs: number): number | null {
  if (until === undefined || until === null) return nowMs + USUAL_MS;
  const untilMs = typeof until === "string" ? Date.parse(until) : Number.NaN;
  return untilMs > nowMs && untilMs <= nowMs + LONGEST_MS ? untilMs : null;
}

function unknownMiner(name: string): WriteAnswer {
  const message = `There is no adopted miner ${name.slice(0, 60)}`;
  return { status: 404, code: "MINER_UNKNOWN", message, hint: "hearth miner list" };
}

function badUntil(): WriteAnswer {
  const message = "The end is no moment within the next 24 hours";
  return { status: 400, code: "UNTIL_INVALID", message, hint: "--for 2h, or --until 2026-01-15T18:00:00Z" };
}

function badPower(): WriteAnswer {
  return {
    status: 400,
    code: "POWER_INVALID",
    message: "The watts are no number from 0 up",
    hint: "hearth miner set-power NAME WATTS",
  };
}

/** interfaces.md §4. */
function statusOf({ exit }: HearthError): number {
  if (exit === EXIT.usage) return 400;
  if (exit === EXIT.access) return 403;
  if (exit === EXIT.refused) return 409;
  return exit === EXIT.bug ? 500 : 503;
}
