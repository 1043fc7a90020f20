import { expect, it } from "vitest";
import { switchAndJudge } from "#src/app/test-sign.ts";
import type { Sample, Source } from "#src/model/source.ts";
import { devices, inWorld, type World } from "./emulated-world.ts";

const heater = devices.find(({ title }) => title === "avalon-mini3");
const small = devices.find(({ entry }) => entry.model === "bitaxe");

/** A meter of a house that draws `houseW` beside the heater, told as `tell` has it. */
function meter({ miner }: World, houseW: number, tell: (gridW: number) => number): Source {
  const read = async (): Promise<Sample> => ({ value: tell(houseW + miner.wallW()), reason: null });
  return { name: "main", role: "grid", zone: null, everyS: 5, maxAgeS: null, read };
}

function judged(device: typeof heater, houseW: number, tell: (gridW: number) => number, isDryRun = false) {
  if (!device) throw new Error("no such device");
  return inWorld(device, { hasPools: true }, async (world) => {
    await world.reaches("mining");
    const signal = new AbortController().signal;
    const options = { isDryRun, onStep: () => undefined, pace: world.clock, signal };
    const orders = world.miner.orders();
    try {
      const result = await switchAndJudge(world.port, meter(world, houseW, tell), options);
      const isHeatingAgain = isDryRun || (await world.reaches("mining"));
      return { result, isHeatingAgain, orders: world.miner.orders() - orders };
    } catch (error) {
      return { error, orders: world.miner.orders() - orders };
    }
  });
}

it.each([
  ["right", 800, (gridW: number) => gridW, "import-positive"],
  ["the wrong way round", -3000, (gridW: number) => -gridW, "export-positive"],
  ["missing", -200, Math.abs, "unsigned"],
  ["of another circuit", 800, () => 120, "no-change"],
] as const)(
  "a sign that is %s is found with the heater itself, which goes on afterwards",
  async (_, houseW, tell, verdict) => {
    await expect(judged(heater, houseW, tell)).resolves.toMatchObject({
      result: { verdict },
      isHeatingAgain: true,
    });
  },
);

it("a dry run sends the heater nothing", async () => {
  await expect(judged(heater, 0, (gridW) => gridW, true)).resolves.toEqual({
    ...{ result: "planned", isHeatingAgain: true, orders: 0 },
  });
});

it("a heater that a meter would not feel is not switched", async () => {
  await expect(judged(small, 0, (gridW) => gridW)).resolves.toMatchObject({
    error: { code: "SIGN_TEST_IMPOSSIBLE", exit: 4 },
    orders: 0,
  });
});

it("a heater that is still warming up is not switched", async () => {
  if (!heater) throw new Error("no such device");
  // Without pools it mines for a moment and then fades.
  await inWorld(heater, {}, async (world) => {
    await world.reaches("mining");
    const signal = new AbortController().signal;
    const options = { isDryRun: false, onStep: () => undefined, pace: world.clock, signal };
    const orders = world.miner.orders();

    await expect(
      switchAndJudge(
        world.port,
        meter(world, 0, (gridW) => gridW),
        options,
      ),
    ).rejects.toMatchObject({
      code: "SIGN_TEST_IMPOSSIBLE",
    });
    expect(world.miner.orders()).toBe(orders);
  });
});

it("a heater goes on also when the meter falls silent meanwhile", async () => {
  if (!heater) throw new Error("no such device");
  await inWorld(heater, { hasPools: true }, async (world) => {
    await world.reaches("mining");
    let reads = 0;
    const plain = meter(world, 0, (gridW) => gridW);
    const dying: Source = {
      ...plain,
      read: (signal) =>
        ++reads > 6 ? Promise.resolve({ value: null, reason: "VALUE_MISSING" }) : plain.read(signal),
    };
    const options = {
      isDryRun: false,
      onStep: () => undefined,
      pace: world.clock,
      signal: new AbortController().signal,
    };

    await expect(switchAndJudge(world.port, dying, options)).rejects.toMatchObject({
      code: "SIGN_TEST_UNFINISHED",
    });
    expect(await world.reaches("mining")).toBe(true);
  });
});
