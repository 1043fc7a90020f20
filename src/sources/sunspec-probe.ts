import type { ModbusLink } from "../model/source-link.ts";
import { walkSunspec } from "./sunspec-map.ts";
import { PARTS } from "./sunspec-points.ts";
import { wordsToText } from "./words.ts";

/** Who a SunSpec unit says it is. */
export interface SunspecUnit {
  parts: (keyof typeof PARTS)[];
  /** Maker and model in its own words; null when it does not tell. */
  model: string | null;
  serial: string | null;
}

/** What is behind one unit; null when it has no SunSpec map. Throws the errors of the link. */
export async function probeSunspec(link: ModbusLink, signal: AbortSignal): Promise<SunspecUnit | null> {
  const map = await walkSunspec(link, signal);
  if (map === null) return null;
  const parts = (Object.keys(PARTS) as (keyof typeof PARTS)[]).filter((part) =>
    map.models.some(({ id }) => PARTS[part].includes(id)),
  );
  const common = map.models.find(({ id, length }) => id === 1 && length >= 65);
  if (!common) return { parts, model: null, serial: map.serial };
  const words = await link.read("holding", common.address + 2, 32, signal);
  const names = [wordsToText(words.slice(0, 16)), wordsToText(words.slice(16))].filter((name) => name !== "");
  return { parts, model: names.join(" ") || null, serial: map.serial };
}
