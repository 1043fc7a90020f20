import { describe, expect, it } from "vitest";
import type { Sample, Source } from "#src/model/source.ts";
import { createCalcSource } from "#src/sources/calc-source.ts";
import { sourceConfig } from "./support.ts";

const signal = new AbortController().signal;
const NOW = 100_000;
const clock = { nowMs: () => NOW, monoMs: () => NOW };

function reckon(op: "add" | "subtract" | "max", samples: Record<string, Sample>): Promise<Sample> {
  const find = (name: string): Source | null => {
    const sample = samples[name];
    const head = { name, role: "grid" as const, zone: null, everyS: 5, maxAgeS: null };
    return sample ? { ...head, read: async () => sample } : null;
  };
  const config = sourceConfig({ name: "sum", kind: "calc", calc: { op, inputs: Object.keys(samples) } });
  return createCalcSource(config, clock, find).read(signal);
}

const told = (value: number, agoMs = 0): Sample => ({ value, reason: null, observedMono: NOW - agoMs });

describe("a calculation", () => {
  it.each([
    ["add", [100, -350, 20.5], -229.5],
    ["subtract", [812, 1000], -188],
    ["max", [-5, -7], -5],
    ["subtract", [5, 5], 0],
  ] as const)("can %s %j", async (op, values, expected) => {
    const samples = Object.fromEntries(values.map((value, index) => [`p${index}`, told(value)]));

    await expect(reckon(op, samples)).resolves.toEqual({ value: expected, reason: null, observedMono: NOW });
  });

  it("is missing when one input is, and names it", async () => {
    const samples = { l1: told(100), l2: { value: null, reason: "VALUE_MISSING" }, l3: told(3) };

    await expect(reckon("add", samples)).resolves.toEqual({ value: null, reason: "INPUT_MISSING:l2" });
  });

  it("does not put inputs of different moments together", async () => {
    await expect(reckon("add", { a: told(1), b: told(2, 10_001) })).resolves.toEqual({
      value: null,
      reason: "INPUTS_APART",
    });
    await expect(reckon("add", { a: told(1), b: told(2, 10_000) })).resolves.toMatchObject({
      value: 3,
      observedMono: NOW - 10_000,
    });
  });

  it("is of unknown age when one input is", async () => {
    const kept = { ...told(1), isAgeUnknown: true as const };

    await expect(reckon("add", { a: told(1), b: kept })).resolves.toMatchObject({
      value: 2,
      isAgeUnknown: true,
    });
  });
});
