import { usageError } from "../model/errors.ts";
import type { Sample, Source } from "../model/source.ts";
import type { SourceConfig } from "../model/source-config.ts";
import type { SourceClock } from "../model/source-link.ts";
import { blockOf } from "./addresses.ts";
import { createNormalizer, sourceHead, unknown } from "./normal-form.ts";

/** Inputs that reached us further apart are of different moments (sources.md §4), ms. */
const MOST_APART_MS = 10_000;

interface Taken {
  value: number;
  observedMono: number;
  isAgeUnknown: boolean;
}

/**
 * A number reckoned from other sources, each in the unit of its own role. When one is missing, so is the result; inputs
 * of different moments are not put together. Reads the inputs when it is read itself. Throws `CALC_INPUT` (2) for an
 * input that is not there, and for a calculation that needs itself.
 */
export function createCalcSource(
  config: SourceConfig,
  clock: SourceClock,
  find: (name: string) => Source | null,
): Source {
  const { op, inputs } = blockOf(config, config.calc);
  // Its inputs are in the unit of the role already.
  const normalizer = createNormalizer({ ...config, select: null, regex: null, valid: null });
  const sources = inputs.map((name) => {
    const source = find(name);
    if (source !== null) return source;
    throw usageError(
      "CALC_INPUT",
      `The source ${config.name} is reckoned from ${name}, which is not there.`,
      {
        hint: `Set sources.${config.name}.calc.inputs to the names of other sources`,
      },
    );
  });
  return {
    ...sourceHead(config),
    async read(signal) {
      const taken: Taken[] = [];
      for (const source of sources) {
        const sample = await source.read(signal);
        if (sample.value === null) return unknown(`INPUT_MISSING:${source.name}`);
        taken.push(takenOf(sample, sample.value, clock));
      }
      const moments = taken.map(({ observedMono }) => observedMono);
      const observedMono = Math.min(...moments);
      if (Math.max(...moments) - observedMono > MOST_APART_MS) return unknown("INPUTS_APART");
      const sample = normalizer.number(
        reckoned(
          op,
          taken.map(({ value }) => value),
        ),
      );
      const isAgeUnknown = taken.some((one) => one.isAgeUnknown);
      return { ...sample, observedMono, ...(isAgeUnknown ? { isAgeUnknown: true } : {}) };
    },
  };
}

function takenOf(sample: Sample, value: number, clock: SourceClock): Taken {
  const observedMono = sample.observedMono ?? clock.monoMs();
  return { value, observedMono, isAgeUnknown: sample.isAgeUnknown === true };
}

function reckoned(op: "add" | "subtract" | "max", values: readonly number[]): number {
  const [first = Number.NaN, ...others] = values;
  if (op === "max") return Math.max(first, ...others);
  const sign = op === "add" ? 1 : -1;
  return others.reduce((sum, value) => sum + sign * value, first);
}
