import { unreachableError, usageError } from "../model/errors.ts";
import type { Sample, Source } from "../model/source.ts";
import type { SourceConfig } from "../model/source-config.ts";
import type { ModbusLink, SourceLinks } from "../model/source-link.ts";
import { blockOf, hostOf } from "./addresses.ts";
import { createNormalizer, sourceHead, unknown } from "./normal-form.ts";
import { MOST_REGISTERS, type SunspecModel, walkSunspec } from "./sunspec-map.ts";
import { CHARGE, isAsleep, PARTS, POWER, pointValue, type SunspecPoint } from "./sunspec-points.ts";

const DEFAULT_TIMEOUT_S = 5;
const DEFAULT_PORT = 502;
const NIGHT_W = 0;

/** Where the value stands, once the map was walked. */
interface Place {
  model: SunspecModel;
  point: SunspecPoint;
}

/**
 * Power or charge of an inverter, a meter or a battery that speaks SunSpec by Modbus TCP (sources.md §1.6). The map is
 * walked at the first read and after each failure; value and scale factor are read together. The sign of a meter differs
 * by maker: `invert` and the sign test decide.
 */
export function createSunspecSource(config: SourceConfig, links: SourceLinks): Source {
  const options = blockOf(config, config.sunspec);
  const points = options.point === "soc" ? CHARGE : POWER;
  if (options.point === "soc" && options.part !== "battery") {
    throw usageError(
      "SOURCE_OPTIONS_INVALID",
      `The source ${config.name} asks ${options.part} for a charge.`,
      {
        hint: `Set sources.${config.name}.sunspec.part to battery`,
      },
    );
  }
  const normalizer = createNormalizer(config);
  const link = links.modbus({
    ...hostOf(config, DEFAULT_PORT),
    unit: options.unit,
    allowPublic: config.allow_public,
    totalMs: (config.timeout_s ?? DEFAULT_TIMEOUT_S) * 1000,
  });
  let place: Place | null = null;

  const find = async (signal: AbortSignal): Promise<Place | "changed"> => {
    const map = await walkSunspec(link, signal);
    if (map === null) throw noMap(config);
    const expected = config.identity?.expected ?? null;
    if (expected !== null && map.serial !== expected) return "changed";
    const models = PARTS[options.part].flatMap((id) =>
      map.models.filter((model) => model.id === id && points.has(id)),
    );
    const model = models[options.index];
    const point = model && points.get(model.id);
    if (model && point) return { model, point };
    throw noModel(config, map.models);
  };
  const take = async (signal: AbortSignal): Promise<Sample> => {
    const found = place ?? (await find(signal));
    if (found === "changed") return unknown("DEVICE_CHANGED");
    place = found;
    const value = await readPoint(link, found, signal);
    if (value === "moved") {
      place = null;
      return unknown("MAP_CHANGED");
    }
    if (value === "asleep")
      return config.role === "pv" ? { value: NIGHT_W, reason: "INVERTER_ASLEEP" } : unknown("VALUE_MISSING");
    return value === null ? unknown("VALUE_MISSING") : normalizer.number(value);
  };
  return {
    ...sourceHead(config),
    async read(signal) {
      try {
        return await take(signal);
      } catch (error) {
        place = null;
        throw error;
      }
    },
  };
}

/**
 * Header, value and scale factor in one question: 125 registers hold every model but 701, whose factors stand within
 * them all the same (113 to 121).
 */
async function readPoint(
  link: ModbusLink,
  { model, point }: Place,
  signal: AbortSignal,
): Promise<number | null | "moved" | "asleep"> {
  const words = await link.read("holding", model.address, Math.min(model.length + 2, MOST_REGISTERS), signal);
  if (words[0] !== model.id || words[1] !== model.length) return "moved";
  const value = pointValue(words, 0, point);
  return value === null && isAsleep(words, model.id) ? "asleep" : value;
}

function noMap(config: SourceConfig) {
  return unreachableError("SUNSPEC_MISSING", `The device of ${config.name} has no SunSpec map.`, {
    hint: "Switch on SunSpec or Modbus TCP in the device, and check sunspec.unit (1, 126, 200, 240, 247)",
  });
}

function noModel(config: SourceConfig, models: readonly SunspecModel[]) {
  const seen = models.map(({ id }) => id).join(", ");
  const part = config.sunspec?.part ?? "device";
  return unreachableError(
    "SUNSPEC_MISSING",
    `The device of ${config.name} has no such ${part} (models ${seen || "none"}).`,
    {
      hint: "Check sunspec.unit, sunspec.part and sunspec.index",
    },
  );
}
