import { describe, expect, it } from "vitest";
import { emulators } from "#src/sim/emulators.ts";
import { inLoop, type LoopWorld } from "./loop-world.ts";

/** Rows F14 to F17 of reliability.md for every family, seen from the loop: what it tells, asks for, and leaves alone. */
const OTHER = { model: "bitaxe" as const, name: "healthy" };

const commandsOf = ({ told }: LoopWorld, name: string) =>
  told("command").filter(({ miner }) => miner === name);
const hasAlarm = ({ alarms }: LoopWorld, word: RegExp) => alarms().some((alarm) => word.test(alarm));

describe.each(emulators.map(({ model }) => ({ model })))("a loop with a $model that", ({ model }) => {
  it.each(["drop", "garbage"] as const)(
    "answers with %s tells so, and goes on with the others (F14)",
    (kind) =>
      inLoop({ models: [{ model, name: "sick" }, OTHER], roomC: 14 }, async (world) => {
        const { until, miners, loop, clock } = world;
        expect(await until(() => world.minerState("sick") !== "unknown", 60)).not.toBeNull();
        const before = miners[0]?.orders() ?? 0;
        miners[0]?.setFaults([{ kind }]);

        expect(await until(() => hasAlarm(world, /DEVICE_UNREACHABLE:sick/), 120)).not.toBeNull();
        const seen = loop.view().status.miners.find(({ name }) => name === "healthy");
        expect(seen?.powerW).not.toBeNull();
        await clock.sleep(60_000);
        // Commands that could not be proved are not heaped upon it.
        expect((miners[0]?.orders() ?? 0) - before).toBeLessThan(6);
        miners[0]?.setFaults([]);
        expect(await until(() => !hasAlarm(world, /DEVICE_UNREACHABLE:sick/), 120)).not.toBeNull();
      }),
    60_000,
  );

  it(
    "says yes and does nothing is asked again at most three times, then counted at its worst (F15)",
    () =>
      inLoop(
        { models: [{ model, faults: [{ kind: "lie" }], startsMining: false }], roomC: 12 },
        async (world) => {
          const { clock, miners } = world;
          const canStart = await world.until(() => commandsOf(world, "m1").length > 0, 120);
          if (canStart === null) {
            // A device without a lever is told as it is and never asked.
            expect(miners[0]?.orders()).toBe(0);
            return;
          }
          await clock.sleep(900_000);

          expect(hasAlarm(world, /m1 (ignores its commands|does not follow)/)).toBe(true);
          const asked = commandsOf(world, "m1");
          expect(asked.length).toBeLessThanOrEqual(5);
          expect(asked.map(({ result }) => result)).not.toContain("effective");
        },
      ),
    60_000,
  );

  it(
    "hashes although it should rest is told, and asked to rest again (F15, DRV-7)",
    () =>
      inLoop({ models: [{ model }], roomC: 30 }, async (world) => {
        const { miners } = world;
        miners[0]?.setFaults([{ kind: "zombie" }]);
        const paused = await world.until(
          () => commandsOf(world, "m1").some(({ action }) => action === "pause"),
          1500,
        );
        if (paused === null) return;

        const isTold = () => hasAlarm(world, /m1 (says that it rests|does not follow|ignores)/);
        expect(await world.until(isTold, 300)).not.toBeNull();
      }),
    60_000,
  );

  it(
    "wakes by itself at full power is put to rest again (F16)",
    () =>
      inLoop({ models: [{ model }], roomC: 30 }, async (world) => {
        const { miners, until } = world;
        if ((await until(() => world.minerState("m1") === "paused", 1800)) === null) return;
        miners[0]?.powerCycle(30);
        const isBack = await until(() => world.minerState("m1") !== "paused", 600);

        expect(await until(() => world.minerState("m1") === "paused", 900)).not.toBeNull();
        // One that keeps its pause over a restart never woke, and needs no command.
        if (isBack !== null && world.minerState("m1") === "paused")
          expect(miners[0]?.wallW()).toBeLessThan(200);
      }),
    60_000,
  );

  it.each(["hot", "fan"] as const)(
    "is %s is stopped and never set going again by us (F17)",
    (kind) =>
      inLoop({ models: [{ model }], roomC: 14 }, async (world) => {
        const { miners, clock, until } = world;
        expect(await until(() => world.minerState("m1") === "mining", 600)).not.toBeNull();
        miners[0]?.setFaults([{ kind }]);
        await clock.sleep(180_000);
        const asked = commandsOf(world, "m1").length;
        await clock.sleep(600_000);

        const later = commandsOf(world, "m1").slice(asked);
        expect(later.filter(({ action }) => action === "resume")).toEqual([]);
        expect(miners[0]?.hashrateThs()).toBe(0);
      }),
    60_000,
  );
});

describe("three miners whose mains come back together during an event", () => {
  it(
    "are put to rest again, and the circuit is never overrun",
    () =>
      inLoop(
        {
          models: [{ model: "avalon-mini3" }, { model: "avalon-mini3" }, { model: "bitaxe" }],
          roomC: 30,
          change: (config) => ({
            ...config,
            circuits: [{ ...config.circuits[0], breaker_a: 20, voltage_v: 120 } as never],
          }),
        },
        async (world) => {
          const { miners, until, clock } = world;
          const all = () => ["m1", "m2", "m3"].every((name) => world.minerState(name) === "paused");
          expect(await until(all, 1800)).not.toBeNull();
          for (const miner of miners) miner.powerCycle(20);
          await clock.sleep(90_000);
          let highestW = 0;
          const settled = await until(() => {
            highestW = Math.max(
              highestW,
              miners.reduce((sum, miner) => sum + miner.wallW(), 0),
            );
            return clock.nowMs() > 0 && all() && miners.every((miner) => miner.wallW() < 200);
          }, 900);

          expect(settled).not.toBeNull();
          expect(highestW).toBeLessThan(20 * 120);
        },
      ),
    60_000,
  );
});
