import { describe, expect, it } from "vitest";
import type { MinerPort } from "#src/app/miner-port.ts";
import { createMinerKeeper, type LearntMiner } from "#src/daemon/miner-keeper.ts";
import type { MinerConfig } from "#src/model/config.ts";
import { accessError, type HearthError, unreachableError } from "#src/model/errors.ts";
import type { MinerCapabilities, MinerReading } from "#src/model/miner.ts";
import { createSystemClock } from "#src/net/system-clock.ts";
import { inLoop } from "./loop-world.ts";

const never = new AbortController().signal;
const wrong = accessError("MINER_PASSWORD_WRONG", "It refused the password that was given.");

const CAPABILITIES: MinerCapabilities = {
  ...{
    canPause: true,
    power: "discrete",
    split: "none",
    minW: 500,
    maxW: 900,
    idleW: 10,
    wakeS: 60,
    tauS: 20,
  },
  steps: [500, 900].map((watts) => ({
    ...{ label: `${watts}`, targetW: watts, wallW: watts, hashrateThs: null },
  })),
  ...{
    minOnS: 600,
    minOffS: 300,
    restartsOnChange: false,
    pausePersists: true,
    splitStepPpm: null,
    poolSlots: 3,
  },
  ...{ poolSwitch: "none", poolsNeedRestart: false, maxUserLength: 128, actions: {} },
};
const READING: MinerReading = {
  ...{
    state: "mining",
    stateDetail: null,
    powerW: 880,
    powerSource: "measured",
    hashrateThs: 40,
    chipMaxC: 60,
  },
  ...{
    boardC: 50,
    inletC: null,
    outletC: null,
    fans: [],
    hasFanFault: false,
    uptimeS: 9_000,
    powerTargetW: 900,
  },
  ...{ mode: "900", stepIndex: null, pools: [] },
};

const CONFIG: MinerConfig = {
  ...{ name: "den", id: "02:00:00:00:00:01", driver: "vnish", host: "192.0.2.7", port: 80, zone: "den" },
  ...{ circuit: "c1", max_w: null, on_exit: null, secret_ref: null, allow_public: false, model: null },
};

/** A keeper of a miner that reads well, and tells what it can do only while nothing is wrong. */
function keeperOf(trouble: { error: HearthError | null }, saved: LearntMiner | null = null) {
  let reads = 0;
  const port = {
    ...{ host: CONFIG.host, port: CONFIG.port },
    async capabilities() {
      if (trouble.error) throw trouble.error;
      return CAPABILITIES;
    },
    async read() {
      reads += 1;
      return READING;
    },
  } as unknown as MinerPort;
  const keeper = createMinerKeeper({
    config: CONFIG,
    port,
    clock: createSystemClock(),
    saved,
    circuitW: 3_840,
  });
  return { keeper, reads: () => reads };
}

describe("a miner whose password is wrong", () => {
  it("is read all the same, and planned with as one that nothing can be asked of", async () => {
    const { keeper } = keeperOf({ error: wrong });

    await expect(keeper.poll(never)).resolves.toBeNull();
    expect(keeper.live()).toMatchObject({ state: "mining", powerW: 880 });
    expect(keeper.lockedBy()).toBe("It refused the password that was given.");
    expect(keeper.profile()).toMatchObject({ kind: "onoff", canPause: false, stepsW: [3840], minW: 3840 });
  });

  it("is controlled as soon as it takes the password", async () => {
    const trouble: { error: HearthError | null } = { error: wrong };
    const { keeper } = keeperOf(trouble);
    await keeper.poll(never);
    trouble.error = null;

    await keeper.poll(never);
    expect(keeper.lockedBy()).toBeNull();
    expect(keeper.profile()).toMatchObject({ kind: "discrete", canPause: true, stepsW: [500, 900] });
  });

  it("counts with the most that it was known to draw, which stays known", async () => {
    const before = keeperOf({ error: null }).keeper;
    await before.poll(never);
    const { keeper } = keeperOf({ error: wrong }, before.learnt());

    await keeper.poll(never);
    expect(keeper.profile()).toMatchObject({ kind: "onoff", canPause: false, stepsW: [900], minW: 900 });
    expect(keeper.learnt()).toMatchObject({
      stepsW: [500, 900],
      profile: { stepsW: [500, 900], canPause: true },
    });
  });

  it.each([
    ["silence", unreachableError("MINER_TIMEOUT", "silent")],
    ["another device", accessError("MINER_IDENTITY_CHANGED", "not yours")],
  ])("is not what %s means", async (_, error) => {
    const { keeper, reads } = keeperOf({ error });

    await expect(keeper.poll(never)).resolves.toBe(error.code);
    expect([keeper.lockedBy(), reads()]).toEqual([null, 0]);
  });
});

it(
  "a loop with a miner whose page has another password reads it, says so, and asks nothing of it",
  () =>
    inLoop({ models: [{ model: "vnish-s19", password: "changed" }], roomC: 30 }, async (world) => {
      const { until, clock, loop, miners } = world;
      const isTold = () =>
        world.alarms().some((alarm) => /DEVICE_READ_ONLY:m1 m1 is only read\..*password/.test(alarm));

      expect(await until(isTold, 60)).not.toBeNull();
      await clock.sleep(900_000);
      expect(world.alarms()).toHaveLength(1);
      expect(world.minerState("m1")).toBe("mining");
      expect(loop.view().status.miners[0]?.powerW).toBeGreaterThan(1_000);
      expect([world.told("command"), miners[0]?.orders()]).toEqual([[], 0]);
    }),
  60_000,
);

it(
  "a loop with a miner that nothing can be asked of does not say that it disobeys",
  () =>
    inLoop({ models: [{ model: "whatsminer-m20" }], roomC: 30 }, async (world) => {
      await world.clock.sleep(900_000);

      expect(world.minerState("m1")).toBe("mining");
      expect([world.alarms(), world.told("command")]).toEqual([[], []]);
    }),
  60_000,
);
