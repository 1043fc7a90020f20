import { expect, test } from "vitest";
import { readBattery, riddenWh, rideThrough } from "#src/control/battery.ts";
import { readInputs, type Tick } from "#src/control/inputs.ts";
import { weighMeter } from "#src/control/meter-doubt.ts";
import { BenchHome, makeConfig } from "./bench-home.ts";

interface Seen {
  soc: number | null;
  powerW: number;
  aheadWh?: number;
}

/** Ticks of 5 s, one for each thing seen of the battery. */
function ticksOf(seen: readonly Seen[]): Tick[] {
  const config = makeConfig({ battery: { capacityWh: 10_000, dischargeW: 3000 } });
  const { state } = new BenchHome(config);
  const home = new BenchHome(config);
  return seen.map(({ soc, powerW, aheadWh }, index) => {
    const monoMs = home.monoMs + index * 5000;
    const reading = (value: number | null) => ({
      value,
      receivedMono: monoMs,
      seq: index + 1,
      maxAgeS: null,
    });
    const snapshot = {
      ...home.snapshot(),
      ...{ monoMs, batteryW: reading(powerW), socPercent: soc === null ? null : reading(soc) },
      forecast: { surplusWh: aheadWh ?? null },
    };
    const inputs = readInputs(snapshot, state, config);
    return { snapshot, config, state, inputs, monoMs, wallMs: snapshot.wallMs, dtS: 5, sinceLastS: 5 };
  });
}

const termsOf = (seen: readonly Seen[]) =>
  ticksOf(seen).map((tick) => Math.round(readBattery(tick).termW ?? Number.NaN));

test.each([
  [60, 0],
  [80, 0],
  [87.5, 500],
  [95, 1000],
])("at %i percent the miners may take over %i W of a charge of 1000 W", (soc, termW) => {
  expect(termsOf([{ soc, powerW: -1000 }])).toEqual([termW]);
});

test("a state of charge that flutters by two percent moves the share once, downwards", () => {
  const socs = [90, 88, 90, 88, 90];
  expect(termsOf(socs.map((soc) => ({ soc, powerW: -1500 })))).toEqual([1000, 800, 800, 800, 800]);
});

test("without a forecast a discharge counts in full, however full the battery is", () => {
  expect(termsOf([{ soc: 100, powerW: 800 }])).toEqual([-800]);
});

test("with 1.2 times the missing sun ahead a full battery may give its rated power", () => {
  expect(termsOf([{ soc: 98, powerW: 0, aheadWh: 300 }])).toEqual([3000]);
  expect(termsOf([{ soc: 98, powerW: 0, aheadWh: 220 }])).toEqual([0]);
});

test("once the sun ahead no longer fills it, it gives nothing for that day", () => {
  const seen = [100, 5000].map((aheadWh) => ({ soc: 98, powerW: 0, aheadWh }));
  expect(termsOf(seen)).toEqual([0, 0]);
});

test("an unknown state of charge leaves neither share nor buffer", () => {
  expect(termsOf([{ soc: null, powerW: -1000, aheadWh: 9000 }])).toEqual([0]);
});

test("a dip is borne with at most 50 Wh in an hour, above 90 percent only", () => {
  const play = (soc: number) => {
    let totalWh = 0;
    for (const tick of ticksOf(Array.from({ length: 720 }, () => ({ soc, powerW: 600 })))) {
      readBattery(tick);
      totalWh += (rideThrough(tick, 500, 410) * 5) / 3600;
      expect(riddenWh(tick)).toBeLessThanOrEqual(50);
    }
    return totalWh;
  };
  expect(play(97)).toBeGreaterThan(45);
  expect(play(97)).toBeLessThanOrEqual(50);
  expect(play(85)).toBe(0);
});

test.each([
  ["turned round", (w: number) => -w],
  ["in kilowatts", (w: number) => w / 1000],
])("a meter %s while it runs is found out by five steps of the miners", (_name, shown) => {
  const memory = new BenchHome().state.surplus;
  for (let step = 0; step < 7; step++)
    weighMeter(memory, step % 2 === 0 ? 0 : 800, shown(step % 2 === 0 ? 300 : 1100));
  expect(memory.doubt.isWrong).toBe(true);
  for (let step = 0; step < 7; step++)
    weighMeter(memory, step % 2 === 0 ? 0 : 800, step % 2 === 0 ? 300 : 1100);
  expect(memory.doubt.isWrong).toBe(false);
});

test("a PV meter that leaps up between two grid samples raises the expected surplus by no more than it has proved", () => {
  const home = new BenchHome(makeConfig(), { roomC: 21 });
  home.world.fixedRoomC = 21;
  home.world.pvW = 1500;
  home.run(300);
  const formerW = home.last.decision.inputs.surplusW ?? Number.NaN;
  const provedW = home.state.surplus.pvTrustW;
  // The grid meter goes on telling the truth, but only the sample from before the leap is there.
  home.world.isMeterSilent = true;
  home.world.pvW = 9000;
  home.run(5);
  const risenW = home.last.decision.inputs.surplusW ?? Number.NaN;
  expect(risenW).toBeGreaterThan(formerW);
  expect(risenW - formerW).toBeLessThanOrEqual(provedW + 1);
});

test("beside a battery that fell silent the household is unknown, not what is left without its flow", () => {
  const home = new BenchHome(makeConfig());
  const batteryW = { value: 1500, receivedMono: home.monoMs, seq: 1, maxAgeS: null };
  home.world.extra = { batteryW };
  home.run(60);
  expect(home.state.surplus.houseW).not.toBeNull();

  // The battery says nothing any more; meter and PV go on.
  home.run(600);

  expect(home.state.surplus.houseW).toBeNull();
});
