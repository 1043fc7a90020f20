import { afterEach, describe, expect, it } from "vitest";
import type { SourceConfig } from "#src/model/source-config.ts";
import type { ModbusLink } from "#src/model/source-link.ts";
import type { OpenSourceLinks } from "#src/net/source-links.ts";
import { createSource } from "#src/sources/registry.ts";
import { walkSunspec } from "#src/sources/sunspec-map.ts";
import { type ModbusDevice, put, type Registers, startModbusDevice, textWords } from "./modbus-server.ts";
import { openLinks, sourceConfig } from "./support.ts";

const signal = new AbortController().signal;
const NOT = 0x8000;

let device: ModbusDevice;
let links: OpenSourceLinks;

afterEach(async () => {
  await links.close();
  await device.close();
});

/** A model of `length` registers with some of them set; offsets count from its ID (sources.md §1.6). */
function model(id: number, length: number, points: Record<number, number>): number[] {
  const words = [id, length, ...Array.from({ length }, () => NOT)];
  for (const [offset, word] of Object.entries(points)) words[Number(offset)] = word & 0xffff;
  return words;
}

const common = () => {
  const words = [
    1,
    66,
    ...textWords("Acme", 16),
    ...textWords("Sun 5", 16),
    ...textWords("", 16),
    ...textWords("SN-4711", 16),
    1,
    0,
  ];
  return words;
};

function map(base: number, ...models: number[][]): Registers {
  const registers: Registers = new Map();
  put(registers, base, [0x5375, 0x6e53, ...models.flat(), 0xffff, 0]);
  return registers;
}

async function read(
  registers: Registers,
  sunspec: Partial<NonNullable<SourceConfig["sunspec"]>>,
  changes: Partial<SourceConfig> = {},
) {
  device = await startModbusDevice(new Map([[1, registers]]));
  links = openLinks();
  const config = sourceConfig({
    ...{ kind: "sunspec", host: device.host, timeout_s: 2 },
    sunspec: { part: "meter", ...sunspec } as SourceConfig["sunspec"],
    ...changes,
  });
  return createSource(config, links).read(signal);
}

describe("SunSpec", () => {
  it.each([
    ["an inverter of one phase", model(101, 50, { 14: 1234, 15: -1 }), { part: "inverter" }, 123.4],
    ["an inverter of three phases", model(103, 50, { 14: 82, 15: 2 }), { part: "inverter" }, 8200],
    [
      "a float inverter",
      model(112, 60, { 22: 0x449a, 23: 0x522b }),
      { part: "inverter" },
      1234.5677490234375,
    ],
    ["a meter", model(203, 105, { 18: -512, 22: 0 }), {}, -512],
    ["a float meter", model(213, 124, { 28: 0xc400, 29: 0 }), {}, -512],
    [
      "the new inverter model, longer than one question",
      model(701, 153, { 10: 4000, 116: 0 }),
      { part: "inverter" },
      4000,
    ],
    ["a battery", model(802, 62, { 47: -150, 63: 1 }), { part: "battery" }, -1500],
  ] as const)("tells the power of %s", async (_, words, sunspec, value) => {
    await expect(read(map(40_000, common(), [...words]), sunspec)).resolves.toEqual({ value, reason: null });
  });

  it("tells how full a battery is", async () => {
    const battery = model(802, 62, { 11: 555, 56: -1 });

    await expect(
      read(
        map(40_000, common(), battery),
        { part: "battery", point: "soc" },
        { role: "battery_soc", unit: "%" },
      ),
    ).resolves.toEqual({ value: 55.5, reason: null });
  });

  it("is found at its other beginnings, and takes the second meter where that is meant", async () => {
    const meters = [model(203, 105, { 18: 1, 22: 0 }), model(203, 105, { 18: 2, 22: 0 })];

    await expect(read(map(50_000, common(), ...meters), { index: 1 })).resolves.toMatchObject({ value: 2 });
  });

  it.each([
    ["a value that is not implemented", { 18: NOT, 22: 0 }],
    ["a scale that is not implemented", { 18: 512, 22: NOT }],
    ["a scale that cannot be", { 18: 512, 22: 40 }],
  ])("does not make a number of %s", async (_, points) => {
    await expect(read(map(40_000, common(), model(203, 105, points)), {})).resolves.toEqual({
      value: null,
      reason: "VALUE_MISSING",
    });
  });

  it("takes an inverter that says it sleeps for 0 W of sun, and one that does not for unknown", async () => {
    const asleep = map(40_000, common(), model(103, 50, { 38: 2 }));
    const mute = map(40_000, common(), model(103, 50, { 38: 4 }));

    await expect(read(asleep, { part: "inverter" }, { role: "pv" })).resolves.toEqual({
      value: 0,
      reason: "INVERTER_ASLEEP",
    });
    await links.close();
    await device.close();
    await expect(read(mute, { part: "inverter" }, { role: "pv" })).resolves.toEqual({
      value: null,
      reason: "VALUE_MISSING",
    });
  });

  it("is not believed when another device answers", async () => {
    const registers = map(40_000, common(), model(203, 105, { 18: 1, 22: 0 }));
    const identity = { url: null, select: null, expected: "SN-0815" };

    await expect(read(registers, {}, { identity })).resolves.toEqual({
      value: null,
      reason: "DEVICE_CHANGED",
    });
  });

  it.each([
    [
      "no map",
      new Map([
        [40_000, 1],
        [40_001, 2],
      ]),
      "no SunSpec map",
    ],
    ["no meter", map(40_000, common(), model(103, 50, {})), "no such meter (models 1, 103)"],
    ["a model of no length", map(40_000, [203, 0]), "no such meter (models none)"],
  ])("with %s is a miss in words", async (_, registers, words) => {
    await expect(read(registers, {})).rejects.toMatchObject({
      code: "SUNSPEC_MISSING",
      exit: 3,
      message: expect.stringContaining(words),
    });
  });
});

describe("a map", () => {
  it("without end is not walked for ever", async () => {
    let questions = 0;
    const link: ModbusLink = {
      async read(_register, address) {
        questions += 1;
        return address === 40_000 ? [0x5375, 0x6e53] : [9, 2];
      },
    };

    await expect(walkSunspec(link, signal)).resolves.toMatchObject({ serial: null });
    expect(questions).toBeLessThanOrEqual(61);
  });
});
