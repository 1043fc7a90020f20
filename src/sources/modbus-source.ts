import type { Source } from "../model/source.ts";
import type { SourceConfig } from "../model/source-config.ts";
import type { SourceLinks } from "../model/source-link.ts";
import { blockOf, hostOf } from "./addresses.ts";
import { createNormalizer, sourceHead, unknown } from "./normal-form.ts";
import { decodeWords, parseDecode, wordCount } from "./words.ts";

const DEFAULT_TIMEOUT_S = 5;
const DEFAULT_PORT = 502;

/**
 * A number in registers of a Modbus TCP device (sources.md §4.3); several are added up or taken off (phases, import and
 * export apart). One that is not there makes the whole missing.
 */
export function createModbusSource(config: SourceConfig, links: SourceLinks): Source {
  const options = blockOf(config, config.modbus);
  const normalizer = createNormalizer(config);
  const decoding = parseDecode(options.decode);
  const count = options.register === "coil" ? 1 : wordCount(decoding.type);
  const link = links.modbus({
    ...hostOf(config, DEFAULT_PORT),
    unit: options.unit,
    allowPublic: config.allow_public,
    totalMs: (config.timeout_s ?? DEFAULT_TIMEOUT_S) * 1000,
  });
  const one = async (address: number, signal: AbortSignal): Promise<number | null> => {
    const words = await link.read(options.register, address, count, signal);
    return options.register === "coil" ? (words[0] ?? null) : decodeWords(words, decoding);
  };
  const terms = [
    ...Array.from({ length: options.in_a_row }, (_, index) => ({
      address: options.address + index * count,
      sign: 1,
    })),
    ...options.plus.map((address) => ({ address, sign: 1 })),
    ...options.minus.map((address) => ({ address, sign: -1 })),
  ];
  return {
    ...sourceHead(config),
    async read(signal) {
      let sum = 0;
      for (const { address, sign } of terms) {
        const value = await one(address, signal);
        if (value === null) return unknown("VALUE_MISSING");
        sum += sign * value;
      }
      return normalizer.answer(sum);
    },
  };
}
