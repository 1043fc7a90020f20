import { describe, expect, it } from "vitest";
import { createInputBoard } from "#src/daemon/input-board.ts";
import type { Clock } from "#src/model/clock.ts";
import { unreachableError } from "#src/model/errors.ts";
import type { Sample, Source } from "#src/model/source.ts";

const signal = new AbortController().signal;
let now = 1000;
const clock = { monoMs: () => now } as unknown as Clock;

function source(read: () => Promise<Sample>): Source {
  return { name: "main", role: "grid", zone: null, everyS: 5, maxAgeS: null, read };
}

describe("the board", () => {
  it("gives control each sample once, as old as it is", async () => {
    const board = createInputBoard(clock, []);
    const told: Sample = { value: 5, reason: null, observedMono: 400 };
    await board.poll(
      source(async () => told),
      signal,
    );
    now = 2000;
    await board.poll(
      source(async () => told),
      signal,
    );

    expect(board.latest("grid")).toMatchObject({ value: 5, receivedMono: 400, seq: 1 });
    await board.poll(
      source(async () => ({ ...told, observedMono: 1900 })),
      signal,
    );
    expect(board.latest("grid")).toMatchObject({ receivedMono: 1900, seq: 2 });
  });

  it("shows a sample of unknown age, and does not act on it", async () => {
    const board = createInputBoard(clock, []);
    const kept: Sample = { value: -4000, reason: null, observedMono: now, isAgeUnknown: true };
    const report = await board.poll(
      source(async () => kept),
      signal,
    );

    expect(report).toMatchObject({ value: -4000, reason: "AGE_UNKNOWN" });
    expect(board.latest("grid")).toBeNull();
  });

  it("takes nothing from a source that fails or knows nothing, and lets the last sample grow old", async () => {
    const board = createInputBoard(clock, []);
    await board.poll(
      source(async () => ({ value: 5, reason: null })),
      signal,
    );
    const before = board.latest("grid");
    const silent = await board.poll(
      source(async () => ({ value: null, reason: "VALUE_MISSING" })),
      signal,
    );
    const failed = await board.poll(
      source(async () => {
        throw unreachableError("SOURCE_TIMEOUT", "gone");
      }),
      signal,
    );

    expect(silent).toMatchObject({ value: null, reason: "VALUE_MISSING" });
    expect(failed).toMatchObject({ value: null, reason: "SOURCE_TIMEOUT" });
    expect(board.latest("grid")).toEqual(before);
  });
});
