import { expect, it } from "vitest";
import { createSystemClock } from "#src/net/system-clock.ts";

it("durations count the time that the machine slept, from the first wake-up on, and nothing else", async () => {
  let sleptMs = 0;
  const clock = createSystemClock(() => performance.now() + sleptMs);
  const before = clock.monoMs();
  sleptMs = 8 * 3_600_000;
  await clock.sleep(1);

  const gap = clock.monoMs() - before;
  expect(gap).toBeGreaterThanOrEqual(sleptMs);
  expect(gap).toBeLessThan(sleptMs + 60_000);

  // Less than a second is the coarseness of the system's own figure.
  sleptMs += 900;
  const calm = clock.monoMs();
  await clock.sleep(1);
  expect(clock.monoMs() - calm).toBeLessThan(900);
});

it("without such a figure durations are those of the process", async () => {
  const clock = createSystemClock(null);
  const before = clock.monoMs() - performance.now();
  await clock.sleep(1);
  expect(Math.abs(clock.monoMs() - performance.now() - before)).toBeLessThan(1);
});
