import { describe, expect, test } from "vitest";
import { restoreState } from "#src/control/decide.ts";
import type { Snapshot } from "#src/control/types.ts";
import { avalon, BenchHome, homeZone, MIDNIGHT, makeConfig, peakEvent } from "./bench-home.ts";

const NOON = MIDNIGHT + 12 * 3_600_000;
const HOUR_S = 3600;
const bigCircuit = { name: "main", breakerA: 30, voltageV: 120, rated100: false, otherW: 0 };
const offEvent = peakEvent({
  startMs: NOON + 1_800_000,
  endMs: NOON + 8 * 3_600_000,
  limitW: 0,
  type: "off",
});

/** A home and a shop, one heater each. */
class TwoRooms extends BenchHome {
  shopC = 18;

  constructor() {
    super(
      makeConfig({
        circuits: [bigCircuit],
        miners: [avalon, { ...avalon, name: "second", zone: "shop" }],
        zones: [homeZone, { ...homeZone, name: "shop" }],
      }),
      { roomC: 18, startMs: NOON },
    );
    this.world.fixedRoomC = 18;
  }

  override snapshot(): Snapshot {
    const snapshot = super.snapshot();
    const { home } = snapshot.roomC;
    return home
      ? { ...snapshot, roomC: { ...snapshot.roomC, shop: { ...home, value: this.shopC } } }
      : snapshot;
  }

  loseShopHeater(): void {
    this.world.gone = ["second"];
    const [, second] = this.devices;
    if (second) second.isOn = false;
  }
}

function cold(roomC: number): BenchHome {
  const home = new BenchHome(makeConfig({ miners: [avalon] }), { roomC: 18, startMs: NOON });
  home.world.fixedRoomC = roomC;
  return home;
}

describe("the heat floor", () => {
  test("is served by a heater that was deaf before a restart and obeys again", () => {
    const home = cold(18);
    home.world.deaf = ["heater"];
    home.run(HOUR_S / 2);
    expect(home.state.miners["heater"]?.isUnresponsive).toBe(true);

    home.state = restoreState(JSON.parse(JSON.stringify(home.state)), home.config, home.monoMs, home.wallMs);
    home.world.deaf = [];
    home.world.fixedRoomC = 12;
    home.run(HOUR_S);

    expect(home.last.decision.totalW).toBeGreaterThanOrEqual(640);
  });

  test("of one room is not paid with the watts that a silent heater in another room may still draw", () => {
    const home = new TwoRooms();
    home.startAt(820);
    home.run(900);
    home.loseShopHeater();
    home.run(300);
    home.world.extra = { events: [offEvent] };
    home.run(1200);

    home.world.fixedRoomC = 12;
    home.run(HOUR_S);

    expect(home.last.decision.miners.find((miner) => miner.name === "heater")?.targetW).toBe(820);
  });

  test("that cannot be served in one room gives no comfort to another during an off event", () => {
    const home = new TwoRooms();
    home.shopC = 25;
    home.run(900);
    home.loseShopHeater();
    home.run(300);
    home.shopC = 12;
    home.world.extra = { events: [offEvent] };
    home.run(1800);

    home.run(HOUR_S, (result) => {
      const heater = result.decision.miners.find((miner) => miner.name === "heater");
      expect(heater?.targetW).toBe(0);
    });
  });

  test.each([820, 0])("is held by one of two heaters when the other falls silent at %i W", (silentW) => {
    const second = { ...avalon, name: "second" };
    const home = new BenchHome(makeConfig({ circuits: [bigCircuit], miners: [avalon, second] }), {
      ...{ roomC: 17, startMs: NOON, capacityJ: 8e5 },
    });
    home.startAt(silentW);
    home.run(300);
    home.world.gone = ["second"];
    const [, device] = home.devices;
    if (device) device.isOn = false;
    home.run(300);
    home.world.extra = { events: [offEvent] };

    let lowestC = 99;
    home.run(5 * HOUR_S, () => {
      lowestC = Math.min(lowestC, home.roomC);
    });

    expect(lowestC).toBeGreaterThanOrEqual(15);
  });

  test.each([0, 410])("goes above a power of %i W that a person set", (powerW) => {
    const home = cold(12);
    home.world.extra = {
      overrides: [
        { kind: "power", zone: null, miner: "heater", setC: null, powerW, untilMs: NOON + 72_000_000 },
      ],
    };

    home.run(HOUR_S);

    expect(home.last.decision.miners[0]?.targetW).toBe(820);
  });
});

describe("a heater that started a minute ago", () => {
  test.each(["overheat", "off"])("stops at once for %s, whatever its minimum run time", (cause) => {
    const home = cold(18);
    home.run(120);
    expect(home.last.decision.miners[0]?.targetW).toBeGreaterThan(0);

    if (cause === "overheat") home.world.fixedRoomC = 36;
    else {
      home.world.extra = {
        overrides: [{ kind: "off", zone: null, miner: null, setC: null, powerW: null, untilMs: null }],
      };
    }
    home.run(30);

    expect(home.last.decision.miners[0]?.targetW).toBe(0);
  });
});

test("a home that comes down within a minute of its floor's release has met the event", () => {
  const home = new BenchHome(makeConfig({ miners: [avalon] }), {
    ...{ roomC: 15.2, startMs: NOON, capacityJ: 8e5 },
  });
  home.world.outdoorC = -5;
  home.world.extra = {
    events: [peakEvent({ startMs: NOON, endMs: NOON + 4 * 3_600_000, limitW: 500, type: "limit" })],
  };
  home.run(4 * HOUR_S - 60, (result) => {
    expect(result.decision.alarms.map(({ code }) => code)).not.toContain("COOP_NOT_MET");
  });
});

test("a circuit rated for 100 % carries what it is rated for without stepping down", () => {
  const home = new BenchHome(
    makeConfig({ miners: [avalon], circuits: [{ ...bigCircuit, breakerA: 7.5, rated100: true }] }),
    { roomC: 18, startMs: NOON },
  ).startAt(820);
  home.world.fixedRoomC = 18;
  home.run(2 * HOUR_S, (result) => {
    expect(result.decision.alarms.map(({ code }) => code)).not.toContain("LIMIT_OVERCURRENT_STEP");
  });
  expect(home.last.decision.totalW).toBeGreaterThanOrEqual(640);
});
