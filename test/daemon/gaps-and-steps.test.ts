import { describe, expect, it } from "vitest";
import { replayDecisions } from "#src/app/replay.ts";
import { inLoop, type LoopWorld } from "./loop-world.ts";

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

const resumes = ({ told }: LoopWorld) => told("command").filter(({ action }) => action === "resume").length;
const failed = ({ alarms }: LoopWorld) => alarms().filter((alarm) => alarm.startsWith("TASK_FAILED"));

describe("a loop whose machine slept for eight hours (F34)", () => {
  it(
    "tells the gap, reads everything again and only watches for a while; nothing is made up for",
    () =>
      inLoop(
        {
          models: [{ model: "bitaxe" }, { model: "avalon-mini3" }],
          roomC: 16,
          keepsDecisions: true,
          change: (config) => ({ ...config, control: { ...config.control, observe_s: 30 } }),
        },
        async (world) => {
          const { clock, reads, room, told, paths } = world;
          await clock.sleep(300_000);
          const [commands, polls] = [told("command").length, reads["grid"] ?? 0];
          room.roomC = 18;
          world.suspend(8 * HOUR_MS);
          await clock.sleep(25_000);

          expect(
            told("alarm")
              .filter(({ code }) => code === "SYS_OVERRUN")
              .map(({ active }) => active),
          ).toEqual([true, false]);
          // Once every five seconds and once for the gap, not once for each of 5760 missed times.
          expect((reads["grid"] ?? 0) - polls).toBeLessThanOrEqual(7);
          const rises = told("command")
            .slice(commands)
            .filter(({ fromW, toW }) => Number(toW) > Number(fromW ?? 0) + 1);
          expect(rises).toEqual([]);
          expect(await world.until(() => world.minerState("m1") === "mining", 600)).not.toBeNull();
          expect(failed(world)).toEqual([]);
          expect(replayDecisions(paths.decisions).difference).toBeNull();
        },
      ),
    60_000,
  );
});

describe("a loop whose wall clock is set", () => {
  it.each([
    ["a second on", 1_000],
    ["a second back", -1_000],
    ["an hour on", HOUR_MS],
    ["an hour back", -HOUR_MS],
    ["ten years on", 10 * YEAR_MS],
    ["ten years back", -10 * YEAR_MS],
    ["back to 1970", -56 * YEAR_MS],
  ])(
    "%s keeps its miner heating, and tells its decisions as before (F06)",
    (_, stepMs) =>
      inLoop({ models: [{ model: "bitaxe" }], roomC: 12 }, async (world) => {
        const { clock, told } = world;
        expect(await world.until(() => world.minerState("m1") === "mining", 300)).not.toBeNull();
        const before = { commands: told("command").length, decisions: told("decision").length };

        world.stepWall(stepMs);
        await clock.sleep(150_000);

        const since = told("command").slice(before.commands);
        expect(since.filter(({ action }) => action !== "set")).toEqual([]);
        expect(world.minerState("m1")).toBe("mining");
        expect(told("decision").length - before.decisions).toBeGreaterThanOrEqual(2);
        expect(failed(world)).toEqual([]);

        world.stepWall(-stepMs);
        await clock.sleep(60_000);
        expect(world.minerState("m1")).toBe("mining");
      }),
    60_000,
  );
});

describe("mains that go off and on twenty times in ten minutes (F36)", () => {
  it(
    "cost no more starts of ours than the miner has, and heat is back afterwards",
    () =>
      inLoop({ models: [{ model: "avalon-mini3" }, { model: "bitaxe" }], roomC: 12 }, async (world) => {
        const { clock, miners } = world;
        expect(await world.until(() => world.minerState("m1") === "mining", 300)).not.toBeNull();
        const before = resumes(world);
        for (let cycle = 0; cycle < 20; cycle++) {
          for (const miner of miners) miner.powerCycle(10);
          await clock.sleep(30_000);
        }
        // Two miners; each is asked to wake at most once per five minutes of it.
        expect(resumes(world) - before).toBeLessThanOrEqual(4);
        expect(await world.until(() => world.minerState("m1") === "mining", 1200)).not.toBeNull();
        expect(failed(world)).toEqual([]);
      }),
    60_000,
  );
});
