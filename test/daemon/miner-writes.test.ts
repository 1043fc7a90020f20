import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { MinerKeeper } from "#src/daemon/miner-keeper.ts";
import { minerWrites } from "#src/daemon/miner-writes.ts";
import type { Parts } from "#src/daemon/parts.ts";
import { createSystemClock } from "#src/net/system-clock.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("a miner that hangs when it is to show itself is told as such before the command gives up on the loop", async () => {
  const keeper = {
    config: { name: "den", id: "02:00:00:00:00:01" },
    place: () => ({ host: "192.0.2.7", port: 4028 }),
    locate: (signal: AbortSignal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  } as unknown as MinerKeeper;
  const writes = minerWrites({ keepers: [keeper] } as unknown as Parts, createSystemClock());
  const locate = writes.find(({ pattern }) => pattern.test("/v1/miners/den/locate"));
  const answer = locate?.handler.write(["den"], {});

  await vi.advanceTimersByTimeAsync(4_900);

  await expect(Promise.race([answer, "still waiting"])).resolves.toMatchObject({
    status: 503,
    code: "MINER_TIMEOUT",
    message: expect.stringContaining("192.0.2.7:4028"),
  });
});
