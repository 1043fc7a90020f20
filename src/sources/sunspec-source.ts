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
  const options = judgedOptions(config);
  const normalizer = createNormalizer(config);
  const link = links.modbus({
    ...hostOf(config, DEFAULT_PORT),
    unit: options.unit,
    allowPublic: config.allow_public,
    totalMs: (config.timeout_s ?? DEFAULT_TIMEOUT_S) * 1000,
  });
  let place: Place | null = null;

  const take = async (signal: AbortSignal): Promise<Sample> => {
    place ??= await findPlace(link, config, options, signal);
    if (place === null) return unknown("DEVICE_CHANGED");
    const value = await readPoint(link, place, signal);
    if (value === "moved") {
      place = null;
      return unknown("MAP_CHANGED");
    }
    if (value === "asleep" && config.role === "pv") return { value: 0, reason: "INVERTER_ASLEEP" };
    return typeof value === "number" ? normalizer.number(value) : unknown("VALUE_MISSING");
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

type Options = NonNullable<SourceConfig["sunspec"]>;

function judgedOptions(config: SourceConfig): Options {
  const options = blockOf(config, config.sunspec);
  if (options.point === "power" || options.part === "battery") return options;
  throw usageError(
    "SOURCE_OPTIONS_INVALID",
    `The source ${config.name} asks the ${options.part} how full it is.`,
    { hint: `Set sources.${config.name}.sunspec.part to battery` },
  );
}

/** Where the value stands; null when another device answers than the expected one. */
async function findPlace(
  link: ModbusLink,
  config: SourceConfig,
  { part, point: wanted, index }: Options,
  signal: AbortSignal,
): Promise<Place | null> {
  const map = await walkSunspec(link, signal);
  if (map === null) throw noMap(config);
  const expected = config.identity?.expected ?? null;
  if (expected !== null && map.serial !== expected) return null;
  const points = wanted === "soc" ? CHARGE : POWER;
  const models = PARTS[part].flatMap((id) => map.models.filter((one) => one.id === id && points.has(id)));
  const model = models[index];
  const point = model && points.get(model.id);
  if (model && point) return { model, point };
  throw noModel(config, map.models);
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
