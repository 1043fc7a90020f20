import { describe, expect, test } from "vitest";
import { type AdoptOptions, adoptMiner } from "#src/app/adopt.ts";
import type { FoundMiner } from "#src/app/identify-miner.ts";
import { parseSharePercent } from "#src/app/split-terms.ts";
import { configSchema } from "#src/model/config.ts";

const empty = configSchema.parse({ schema: "hearth.config/1" });
const found = (id: string, model: string, host = "192.0.2.20") =>
  ({
    host,
    port: 4028,
    tier: "gold",
    capabilities: null,
    identity: { id, mac: id, serial: null, make: "Canaan", model, firmware: "avalon", firmwareVersion: "1" },
  }) as unknown as FoundMiner;
const wish = (over: Partial<AdoptOptions> = {}): AdoptOptions => ({
  found: found("e0:e1:a9:0a:0b:0c", "Avalon Mini3"),
  name: null,
  zone: null,
  circuit: null,
  breakerA: null,
  voltageV: null,
  ...over,
});

describe("adopting a miner", () => {
  test("without a word about the circuit takes the weakest common one, and says so", () => {
    const { config, miner, warnings } = adoptMiner(empty, wish());

    expect(miner).toMatchObject({ name: "mini3", zone: "home", circuit: "circuit-1" });
    expect(config.circuits[0]).toMatchObject({ breaker_a: 15, voltage_v: 120 });
    expect(warnings).toHaveLength(1);
    expect(configSchema.safeParse(config).success).toBe(true);
  });

  test("makes a name of its own for the second of a kind, and calls a bare chip by its maker", () => {
    const { config } = adoptMiner(empty, wish());
    const second = adoptMiner(config, wish({ found: found("e0:e1:a9:0a:0b:0d", "Avalon Mini3") }));
    const chip = adoptMiner(second.config, wish({ found: found("e0:e1:a9:0a:0b:0e", "BM1370") }));

    expect([second.miner.name, chip.miner.name]).toEqual(["mini3-2", "canaan"]);
  });

  test("follows a known one to its new address and keeps the rest", () => {
    const { config } = adoptMiner(empty, wish({ breakerA: 20, voltageV: 240 }));
    const moved = adoptMiner(
      config,
      wish({ found: found("e0:e1:a9:0a:0b:0c", "Avalon Mini3", "192.0.2.99") }),
    );

    expect(moved).toMatchObject({ isKnown: true, miner: { name: "mini3", host: "192.0.2.99" } });
    expect(moved.config.miners).toHaveLength(1);
    expect(moved.config.circuits).toEqual(config.circuits);
  });

  test("may lower a circuit and never raises one", () => {
    const { config } = adoptMiner(empty, wish({ breakerA: 15, voltageV: 120 }));

    expect(adoptMiner(config, wish({ breakerA: 10 })).config.circuits[0]).toMatchObject({ breaker_a: 10 });
    expect(() => adoptMiner(config, wish({ breakerA: 20 }))).toThrow(
      expect.objectContaining({ code: "LIMIT_BREAKER", exit: 4 }),
    );
    const other = wish({ found: found("e0:e1:a9:0a:0b:0d", "Avalon Q"), voltageV: 240 });
    expect(() => adoptMiner(config, other)).toThrow(expect.objectContaining({ code: "LIMIT_BREAKER" }));
  });

  test("refuses a name that is taken", () => {
    const { config } = adoptMiner(empty, wish({ name: "den" }));
    const other = wish({ name: "den", found: found("e0:e1:a9:0a:0b:0d", "Avalon Q") });

    expect(() => adoptMiner(config, other)).toThrow(expect.objectContaining({ code: "NAME_TAKEN", exit: 2 }));
  });
});

describe("a configuration", () => {
  const good = adoptMiner(empty, wish()).config;
  const broken: [string, unknown][] = [
    ["a miner on a circuit that is not there", { ...good, circuits: [] }],
    ["a miner in a zone that is not there", { ...good, zones: [] }],
    ["two miners of one name", { ...good, miners: [...good.miners, ...good.miners] }],
    ["a thermometer without a zone", { ...good, sources: [{ name: "t", role: "room", kind: "http" }] }],
    ["a time zone that does not exist", { ...good, home: { ...good.home, tz: "Mars/Olympus" } }],
  ];

  test.each(broken)("with %s is refused", (_, config) => {
    expect(configSchema.safeParse(config).success).toBe(false);
  });
});

describe("a share as a person types it", () => {
  test.each([
    ["30", 300_000],
    ["0", 0],
    ["100", 1_000_000],
    ["12.5", 125_000],
    ["0.0001", 1],
    ["33,3333 %", 333_333],
  ])("%s is %i ppm", (text, ppm) => {
    expect(parseSharePercent(text)).toBe(ppm);
  });

  test.each(["", "101", "-1", "30.00001", "3e1", "a third", "1000", "NaN"])("%j is refused", (text) => {
    expect(() => parseSharePercent(text)).toThrow(
      expect.objectContaining({ code: "SHARE_INVALID", exit: 2 }),
    );
  });
});
