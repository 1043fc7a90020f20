import { expect, test } from "vitest";
import type { MinerCommand } from "#src/control/types.ts";
import { createDispatcher } from "#src/daemon/dispatcher.ts";
import type { Herald } from "#src/daemon/herald.ts";
import type { MinerKeeper } from "#src/daemon/miner-keeper.ts";
import { createSystemClock } from "#src/net/system-clock.ts";

const command = (miner: string, targetW: number): MinerCommand => ({
  miner,
  action: "set",
  targetW,
  stepIndex: 0,
  isUrgent: false,
  code: "SURPLUS_TRACK",
});

/** Two miners; each write waits until it is let go. */
function bench() {
  const done: string[] = [];
  const held: (() => void)[] = [];
  const hurried: string[] = [];
  const keeper = (name: string, isHanging: boolean) =>
    ({
      config: { name },
      latest: () => null,
      hurry: () => hurried.push(name),
      execute: async ({ targetW }: MinerCommand) => {
        if (isHanging) await new Promise<void>((resolve) => held.push(resolve));
        done.push(`${name} ${targetW}`);
        return "effective";
      },
    }) as unknown as MinerKeeper;
  const told: string[] = [];
  const herald = { command: ({ miner }: MinerCommand) => told.push(miner) } as unknown as Herald;
  const stop = new AbortController();
  const dispatcher = createDispatcher(
    [keeper("slow", true), keeper("quick", false)],
    herald,
    createSystemClock(),
    stop.signal,
  );
  const release = async () => {
    held.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { done, told, hurried, dispatcher, release };
}

test("a device that hangs does not hold up another", async () => {
  const { done, dispatcher } = bench();

  dispatcher.send([command("slow", 800), command("quick", 18)]);
  await new Promise((resolve) => setImmediate(resolve));

  expect(done).toEqual(["quick 18"]);
});

test("of what came meanwhile only the newest is carried out", async () => {
  const { done, told, hurried, dispatcher, release } = bench();

  dispatcher.send([command("slow", 800)]);
  expect(hurried).toEqual([]);
  dispatcher.send([command("slow", 640)]);
  dispatcher.send([command("slow", 0)]);
  await release();
  await release();
  await dispatcher.idle();

  expect(done).toEqual(["slow 800", "slow 0"]);
  expect(told).toEqual(["slow", "slow"]);
  // Neither waits for the proof of the one before it.
  expect(hurried).toEqual(["slow", "slow"]);
});
