import { describe, expect, it } from "vitest";
import { createAlarms } from "#src/daemon/alarms.ts";
import { createSupervisor } from "#src/daemon/supervisor.ts";
import type { Clock } from "#src/model/clock.ts";

const TICK_MS = 5_000;

function watched() {
  const heard: string[] = [];
  let nowMs = 0;
  const clock = { monoMs: () => nowMs } as Clock;
  const alarms = createAlarms((code, _, active) => heard.push(`${active ? "" : "over: "}${code}`));
  const supervisor = createSupervisor({
    ...{ clock, alarms, tickMs: TICK_MS },
    startOver: () => heard.push("start over"),
    forget: () => heard.push("forget"),
    safeState: async () => void heard.push("safe state"),
  });
  /** A tick so much later; `throws` makes deciding fail. Answers whether it decided. */
  const tick = async (afterMs = TICK_MS, { throws = false } = {}) => {
    nowMs += afterMs;
    if (!(await supervisor.mayDecide())) return false;
    if (throws) await supervisor.threw();
    else supervisor.completed();
    return true;
  };
  return { heard, tick };
}

describe("the supervisor of the loop", () => {
  it("says nothing of ticks that come in time, and of one that comes up to three ticks late", async () => {
    const { heard, tick } = watched();
    for (const afterMs of [0, 5_000, 5_000, 15_000, 5_000]) expect(await tick(afterMs)).toBe(true);
    expect(heard).toEqual([]);
  });

  it("tells an overrun once, goes on from what is kept, and forgets readings only when they are stale", async () => {
    const { heard, tick } = watched();
    await tick();
    expect(await tick(16_000)).toBe(true);
    await tick();
    expect(heard).toEqual(["SYS_OVERRUN", "start over", "over: SYS_OVERRUN"]);
    await tick(61_000);
    expect(heard.slice(3)).toEqual(["forget", "SYS_OVERRUN", "start over"]);
  });

  it("puts the miners into their safe state at the third failure in five minutes, and tries again a minute later", async () => {
    const { heard, tick } = watched();
    await tick(5_000, { throws: true });
    await tick(20_000);
    await tick(200_000, { throws: true });
    // Overrun and exception, twice: the second overrun was the third failure and the tick was not taken.
    expect(heard.filter((what) => what === "safe state")).toHaveLength(1);
    for (let waited = 5_000; waited < 60_000; waited += 5_000) expect(await tick()).toBe(false);
    expect(await tick()).toBe(true);
    expect(heard.at(-1)).toBe("over: SYS_SAFE_STATE");
  });

  it("forgives failures that lie more than five minutes apart", async () => {
    const { heard, tick } = watched();
    for (let failure = 0; failure < 5; failure++) {
      await tick(5_000, { throws: true });
      for (let waited = 0; waited < 160_000; waited += 5_000) await tick();
    }
    expect(heard).not.toContain("safe state");
  });

  it("stays in the safe state while deciding goes on failing", async () => {
    const { heard, tick } = watched();
    for (let failure = 0; failure < 60; failure++) await tick(5_000, { throws: true });
    expect(heard.filter((what) => what === "safe state").length).toBeGreaterThan(2);
    expect(heard).not.toContain("over: SYS_SAFE_STATE");
  });
});
