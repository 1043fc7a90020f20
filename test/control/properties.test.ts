import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide } from "#src/control/decide.ts";
import { circuitLimitW } from "#src/control/layers/limits.ts";
import type { MinerCommand, Snapshot } from "#src/control/types.ts";
import { avalon, BenchHome, bitaxe, c3500, MIDNIGHT, makeConfig, peakEvent } from "./bench-home.ts";

const HOUR = 3_600_000;
const NOON = MIDNIGHT + 12 * HOUR;

/** A course of world values, held for some minutes each. */
const phase = fc.record({
  minutes: fc.integer({ min: 1, max: 15 }),
  pvW: fc.integer({ min: 0, max: 4000 }),
  loadW: fc.integer({ min: 50, max: 3000 }),
  outdoorC: fc.integer({ min: -25, max: 30 }),
  importUsdKwh: fc.constantFrom(null, -0.1, 0.05, 0.12, 0.4),
  exportUsdKwh: fc.constantFrom(null, 0, 0.03, 0.2),
  minedUsdKwh: fc.constantFrom(null, 0, 0.04, 0.1),
  isMeterSilent: fc.boolean(),
  isRoomSilent: fc.boolean(),
  isGone: fc.boolean(),
});
type Phase = typeof phase extends fc.Arbitrary<infer T> ? T : never;

const course = fc.record({
  phases: fc.array(phase, { minLength: 1, maxLength: 5 }),
  roomC: fc.integer({ min: 10, max: 30 }),
  eventInMin: fc.integer({ min: 0, max: 40 }),
  limitW: fc.integer({ min: 0, max: 900 }),
  userCapW: fc.constantFrom(null, 100, 500, 700),
  breakerA: fc.constantFrom(5, 10, 15, 20),
  startW: fc.constantFrom(0, 410, 820),
});
type Course = typeof course extends fc.Arbitrary<infer T> ? T : never;

function homeOf(value: Course, options: { monoMs?: number; addW?: number } = {}): BenchHome {
  const config = makeConfig({
    circuits: [{ name: "main", breakerA: value.breakerA, voltageV: 120, rated100: false, otherW: 0 }],
    panel: { mainA: 100, voltageV: 240, userCapW: value.userCapW, noMeterCapW: null },
  });
  return new BenchHome(config, { startMs: NOON, roomC: value.roomC, capacityJ: 5e5, ...options }).startAt(
    value.startW,
  );
}

function play(home: BenchHome, value: Course, addW: number, each: (snapshot: Snapshot) => void): void {
  const event = peakEvent({
    startMs: NOON + value.eventInMin * 60_000,
    endMs: NOON + (value.eventInMin + 10) * 60_000,
    limitW: value.limitW,
  });
  for (const part of value.phases) {
    enter(home, part, addW);
    home.world.extra.events = [event];
    for (let tick = 0; tick < part.minutes * 12; tick++) {
      if (home.wallMs >= (event.endMs ?? 0)) home.world.extra.events = [];
      home.tick();
      each(home.snapshot());
    }
  }
}

function enter(home: BenchHome, part: Phase, addW: number): void {
  home.world.pvW = part.pvW + addW;
  home.world.loadW = part.loadW + addW;
  home.world.outdoorC = part.outdoorC;
  home.world.isMeterSilent = part.isMeterSilent;
  home.world.isRoomSilent = part.isRoomSilent;
  home.world.gone = part.isGone ? ["heater"] : [];
  home.world.extra = {
    prices: { importUsdKwh: part.importUsdKwh, exportUsdKwh: part.exportUsdKwh, highestImportUsdKwh: 0.4 },
    minedUsdKwh: part.minedUsdKwh,
  };
}

describe("whatever the inputs do", () => {
  test("targets stay within [0, hi] and under the circuit, minimum off time is kept, and state survives JSON", () => {
    fc.assert(
      fc.property(course, (value) => {
        const home = homeOf(value);
        const circuit = home.config.circuits[0];
        const offSince = new Map<string, number>();
        play(home, value, 0, () => {
          const { decision, commands } = home.last;
          expect(decision.totalW).toBeGreaterThanOrEqual(0);
          const isForced = decision.miners.some((miner) => miner.state === "unreachable");
          if (!isForced) expect(decision.totalW).toBeLessThanOrEqual(decision.budgetW + 1e-6);
          if (circuit && !isForced) expect(decision.totalW).toBeLessThanOrEqual(circuitLimitW(circuit));
          for (const command of commands) checkCommand(command, home, offSince);
          if (home.monoMs % 120_000 === 0) expect(JSON.parse(JSON.stringify(home.state))).toEqual(home.state);
        });
      }),
      { numRuns: 12 },
    );
  });

  test("the same run gives the same decisions, also from a JSON copy of the state and at another monotonic time", () => {
    fc.assert(
      fc.property(course, fc.integer({ min: 0, max: 2 ** 40 }), (value, shift) => {
        const first = homeOf(value);
        const copied = homeOf(value);
        const later = homeOf(value, { monoMs: 1_000_000 + shift });
        const log: string[] = [];
        const record = (home: BenchHome) => JSON.stringify([home.last.commands, home.last.decision]);
        play(first, value, 0, () => log.push(record(first)));
        let index = 0;
        play(copied, value, 0, () => {
          expect(record(copied)).toBe(log[index++]);
          if (copied.monoMs % 60_000 === 0) copied.state = JSON.parse(JSON.stringify(copied.state));
        });
        index = 0;
        play(later, value, 0, () => expect(record(later)).toBe(log[index++]));
      }),
      { numRuns: 8 },
    );
  });

  test("the same watts more of load and of PV change no decision", () => {
    fc.assert(
      fc.property(course, fc.integer({ min: 0, max: 3000 }), (value, addW) => {
        // PV alone (a silent meter) is another rule: 70 % of it counts.
        const phases = value.phases.map((part) => ({ ...part, isMeterSilent: false }));
        const plain = homeOf(value);
        const shifted = homeOf(value);
        const log: string[] = [];
        const record = (home: BenchHome) => JSON.stringify([home.last.commands, home.last.decision.totalW]);
        play(plain, { ...value, phases }, 0, () => log.push(record(plain)));
        let index = 0;
        play(shifted, { ...value, phases }, addW, () => expect(record(shifted)).toBe(log[index++]));
      }),
      { numRuns: 8 },
    );
  });

  test("a higher event limit never gives less, from any state that can be reached", () => {
    fc.assert(
      fc.property(
        course,
        fc.integer({ min: 0, max: 900 }),
        fc.integer({ min: 0, max: 900 }),
        (value, a, b) => {
          const home = homeOf(value);
          play(home, value, 0, (snapshot) => {
            if (home.monoMs % 60_000 !== 0) return;
            const totals = [Math.min(a, b), Math.max(a, b)].map((limitW) => {
              const events = [
                peakEvent({ startMs: snapshot.wallMs - 1000, endMs: snapshot.wallMs + HOUR, limitW }),
              ];
              return decide({ ...snapshot, events }, home.state, home.config).decision.totalW;
            });
            expect(totals[0]).toBeLessThanOrEqual(totals[1] ?? 0);
          });
        },
      ),
      { numRuns: 12 },
    );
  });

  test("decide leaves its inputs alone", () => {
    fc.assert(
      fc.property(course, (value) => {
        const home = homeOf(value);
        play(home, value, 0, (snapshot) => {
          if (home.monoMs % 60_000 !== 0) return;
          const before = structuredClone([snapshot, home.state, home.config]);
          decide(snapshot, home.state, home.config);
          expect([snapshot, home.state, home.config]).toEqual(before);
        });
      }),
      { numRuns: 10 },
    );
  });
});

function checkCommand(command: MinerCommand, home: BenchHome, offSince: Map<string, number>): void {
  const profile = home.config.miners.find((miner) => miner.name === command.miner) ?? avalon;
  expect([0, ...profile.stepsW]).toContain(command.targetW);
  const former = offSince.get(command.miner);
  if (command.targetW === 0) offSince.set(command.miner, former ?? home.monoMs);
  else {
    if (former !== undefined) expect(home.monoMs - former).toBeGreaterThanOrEqual(profile.minOffS * 1000);
    offSince.delete(command.miner);
  }
}

describe("bad values", () => {
  const bad = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    null,
    1e12,
    "12" as unknown as number,
  ];
  type Spoil = (snapshot: Snapshot, value: number | null) => Snapshot;
  const spoilReading =
    (key: "gridW" | "pvW" | "outdoorC" | "voltageV" | "batteryW" | "socPercent" | "ghiWm2"): Spoil =>
    (snapshot, value) => {
      const reading = snapshot[key];
      return { ...snapshot, [key]: reading && { ...reading, value } };
    };
  const spoilMiner =
    (key: string): Spoil =>
    (snapshot, value) => ({
      ...snapshot,
      miners: snapshot.miners.map((miner) => ({
        ...miner,
        reading: miner.reading && { ...miner.reading, [key]: value },
      })),
    });
  const spoils: [string, Spoil][] = [
    ["grid", spoilReading("gridW")],
    ["pv", spoilReading("pvW")],
    [
      "room",
      (snapshot, value) => {
        const room = snapshot.roomC["home"];
        return { ...snapshot, roomC: { home: room ? { ...room, value } : null } };
      },
    ],
    [
      "import price",
      (snapshot, value) => ({ ...snapshot, prices: { ...snapshot.prices, importUsdKwh: value } }),
    ],
    [
      "export price",
      (snapshot, value) => ({ ...snapshot, prices: { ...snapshot.prices, exportUsdKwh: value } }),
    ],
    ["mined value", (snapshot, value) => ({ ...snapshot, minedUsdKwh: value })],
    ["miner power", spoilMiner("powerW")],
    ["chip", spoilMiner("chipMaxC")],
    ["board", spoilMiner("boardC")],
    ["inlet", spoilMiner("inletC")],
    [
      "sequence",
      (snapshot, value) => ({
        ...snapshot,
        gridW: snapshot.gridW && { ...snapshot.gridW, seq: value as number },
      }),
    ],
  ];

  test.each(spoils)("of %s never raise power", (_, spoil) => {
    fc.assert(
      fc.property(course, fc.constantFrom(...bad), (value, wrong) => {
        const home = homeOf(value);
        play(home, value, 0, (snapshot) => {
          if (home.monoMs % 60_000 !== 0) return;
          const before = home.last.decision.totalW;
          const good = decide(snapshot, home.state, home.config).decision.totalW;
          const { decision } = decide(spoil(snapshot, wrong), home.state, home.config);
          const isDuty = decision.reason.layer === "floor";
          if (!isDuty) expect(decision.totalW).toBeLessThanOrEqual(Math.max(before, good));
        });
      }),
      { numRuns: 4 },
    );
  });
});

test("the sign of the grid reading decides", () => {
  const totals = [1, -1].map((sign) => {
    const home = new BenchHome(makeConfig()).startAt(0);
    home.world.fixedRoomC = 21;
    home.world.pvW = 2500;
    for (let tick = 0; tick < 360; tick++) {
      home.world.gridW = sign * (home.world.loadW + home.minersW - 2500);
      home.tick();
    }
    return home.last.decision.totalW;
  });
  expect(totals[0]).toBeGreaterThan(800);
  expect(totals[1]).toBe(0);
});

test("continuous and mixed fleets stay under the panel and the circuit", () => {
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 9000 }), fc.integer({ min: 6, max: 30 }), (pvW, breakerA) => {
      const circuit = { name: "main", breakerA, voltageV: 240, rated100: false, otherW: 100 };
      const home = new BenchHome(makeConfig({ miners: [c3500, bitaxe, avalon], circuits: [circuit] }));
      home.world.fixedRoomC = 21;
      home.world.pvW = pvW;
      home.run(1800, ({ decision }) => {
        expect(decision.totalW).toBeLessThanOrEqual(circuitLimitW(circuit));
        expect(decision.totalW).toBeLessThanOrEqual(decision.budgetW + 1e-6);
      });
    }),
    { numRuns: 12 },
  );
});
