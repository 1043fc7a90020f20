import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { createSimClock, type SimClock } from "#src/sim/sim-clock.ts";

let clock: SimClock | null = null;

afterEach(() => {
  clock?.stop();
  clock = null;
});

function newClock(speed: number | null = null): SimClock {
  clock = createSimClock({ startMs: 1_000_000, speed });
  return clock;
}

test("sleepers wake in order of time, and of registration within one time, at exactly their time", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 30 }),
      async (waits) => {
        const simulated = createSimClock({ startMs: 0, speed: null });
        const woken: { index: number; atMs: number }[] = [];
        await Promise.all(
          waits.map((ms, index) =>
            simulated.spawn(async () => {
              await simulated.sleep(ms);
              woken.push({ index, atMs: simulated.nowMs() });
            }),
          ),
        );
        simulated.stop();
        const expected = waits
          .map((ms, index) => ({ index, atMs: ms }))
          .sort((first, second) => first.atMs - second.atMs || first.index - second.index);
        expect(woken).toEqual(expected);
      },
    ),
    { numRuns: 50 },
  );
});

test("time stands still while a task waits for something real", async () => {
  const simulated = newClock();
  let ticks = 0;
  const ticking = new AbortController();
  const ticker = simulated.spawn(async () => {
    while (!ticking.signal.aborted) {
      await simulated.sleep(10, ticking.signal).catch(() => undefined);
      ticks += 1;
    }
  });
  const seen = await simulated.spawn(async () => {
    const beforeMs = simulated.nowMs();
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return simulated.nowMs() - beforeMs;
  });
  expect(seen).toBe(0);
  await simulated.spawn(() => simulated.sleep(1000));
  expect(ticks).toBeGreaterThanOrEqual(99);
  ticking.abort();
  await ticker;
});

test("a task that waits for two sleeps at once is asleep until the last of them", async () => {
  const simulated = newClock();
  const seen: number[] = [];
  const other = simulated.spawn(async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      await simulated.sleep(10);
      seen.push(simulated.nowMs() - 1_000_000);
    }
  });
  await simulated.spawn(async () => {
    await Promise.all([simulated.sleep(15), simulated.sleep(35)]);
    expect(simulated.nowMs()).toBe(1_000_035);
  });
  await other;
  expect(seen).toEqual([10, 20, 30, 40]);
});

test("a task may wait for another task through idle while time goes on", async () => {
  const simulated = newClock();
  await simulated.spawn(async () => {
    const slow = simulated.spawn(async () => {
      await simulated.sleep(60_000);
      return "done";
    });
    expect(await simulated.idle(slow)).toBe("done");
    expect(simulated.monoMs()).toBe(60_000);
  });
});

test("an aborted sleep rejects with the reason and takes no time; the clock goes on", async () => {
  const simulated = newClock();
  const controller = new AbortController();
  await simulated.spawn(async () => {
    const sleeping = simulated.sleep(5000, controller.signal);
    controller.abort(new Error("enough"));
    await expect(sleeping).rejects.toThrow("enough");
    expect(simulated.monoMs()).toBe(0);
    await expect(simulated.sleep(5, controller.signal)).rejects.toThrow("enough");
    await simulated.sleep(7);
    expect(simulated.monoMs()).toBe(7);
  });
});

test("a sleep outside any task is allowed", async () => {
  const simulated = newClock();
  await simulated.sleep(3_600_000);
  expect(simulated.monoMs()).toBe(3_600_000);
});

test("listeners hear every jump before the sleepers of that time", async () => {
  const simulated = newClock();
  const heard: string[] = [];
  simulated.onAdvance((nowMs) => heard.push(`advance ${nowMs - 1_000_000}`));
  await simulated.spawn(async () => {
    await simulated.sleep(20);
    heard.push("woken 20");
    await simulated.sleep(0);
    heard.push("woken 20 again");
    await simulated.sleep(5);
  });
  expect(heard).toEqual(["advance 20", "woken 20", "woken 20 again", "advance 25"]);
});

test("a failing task does not hold time", async () => {
  const simulated = newClock();
  await expect(simulated.spawn(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  await simulated.spawn(() => simulated.sleep(1000));
  expect(simulated.monoMs()).toBe(1000);
});

test("with a speed, simulated time does not run ahead of real time", async () => {
  const simulated = newClock(1000);
  const beforeMs = performance.now();
  await simulated.spawn(async () => {
    for (let turn = 0; turn < 20; turn += 1) await simulated.sleep(5000);
  });
  expect(performance.now() - beforeMs).toBeGreaterThan(95);
});

test("after stop nothing moves any more", async () => {
  const simulated = newClock();
  let isWoken = false;
  void simulated
    .spawn(() => simulated.sleep(10))
    .then(() => {
      isWoken = true;
    });
  simulated.stop();
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(isWoken).toBe(false);
  expect(simulated.monoMs()).toBe(0);
});

test("a hundred thousand jumps are quick", async () => {
  const simulated = newClock();
  await simulated.spawn(async () => {
    for (let turn = 0; turn < 100_000; turn += 1) await simulated.sleep(1000);
  });
  expect(simulated.monoMs()).toBe(100_000_000);
});
