import { describe, expect, it } from "vitest";
import { type CounterReading, countIncrement } from "#src/settlement/work-counter.ts";

const reading = (accepted: number | null, uptimeS: number | null = null, rejected = 0): CounterReading => ({
  accepted,
  rejected,
  stale: null,
  uptimeS,
});

describe("the increment of work counters", () => {
  it("is the difference while they rise", () => {
    expect(countIncrement(reading(1000, 50, 3), reading(1512, 55, 4))).toEqual({
      accepted: 512,
      rejected: 1,
      stale: null,
      isReset: false,
    });
  });

  it("is the new value when they fell to zero in between", () => {
    expect(countIncrement(reading(1000), reading(200))).toMatchObject({ accepted: 200, isReset: true });
  });

  it("is the new value when the uptime fell, also when the counter has already passed the old one", () => {
    expect(countIncrement(reading(100, 9000), reading(150, 60))).toMatchObject({
      accepted: 150,
      isReset: true,
    });
  });

  it("takes a second of jitter in the uptime for no restart", () => {
    expect(countIncrement(reading(100, 60), reading(150, 59))).toMatchObject({
      accepted: 50,
      isReset: false,
    });
  });

  it("sees a reset in the rejected counter alone", () => {
    expect(countIncrement(reading(0, null, 9), reading(5, null, 0))).toMatchObject({
      accepted: 5,
      isReset: true,
    });
  });

  it("counts nothing at first sight and knows nothing where a reading is silent", () => {
    expect(countIncrement(null, reading(4000))).toMatchObject({ accepted: 0, isReset: false });
    expect(countIncrement(reading(null), reading(4000)).accepted).toBeNull();
    expect(countIncrement(reading(4000), reading(null)).accepted).toBeNull();
  });
});
