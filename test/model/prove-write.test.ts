import { describe, expect, it } from "vitest";
import { unreachableError, unsupportedError } from "#src/model/errors.ts";
import { proveWrite, type Seen, type Sent, sendUnproved } from "#src/model/prove-write.ts";
import { instantPace } from "../miners/fixtures.ts";

const never = new AbortController().signal;
const overdue = unreachableError("MINER_TIMEOUT", "the limit of the call");

/** A write whose read-backs come in this order; the last one stays. */
function write(
  sent: Sent | Error,
  looks: (Seen | Error)[],
  more: { withinMs?: number; goesAway?: boolean } = {},
) {
  const sights = [...looks];
  const counts = { sent: 0, looked: 0 };
  const answer = <T>(value: T | Error): T => {
    if (value instanceof Error) throw value;
    return value;
  };
  return {
    counts,
    send: async () => {
      counts.sent += 1;
      return answer(sent);
    },
    look: async () => {
      counts.looked += 1;
      const next = sights.length > 1 ? sights.shift() : sights[0];
      return answer(next ?? "unchanged");
    },
    withinMs: 3_000,
    ...more,
  };
}

const lost = unreachableError("MINER_TIMEOUT", "no answer");
const gone = unreachableError("MINER_UNREACHABLE", "no connection");

describe("a write and its proof", () => {
  it.each([
    ["a yes that shows at once", "sent", ["effective"], {}, "effective"],
    ["a yes that shows at the third look", "sent", ["unchanged", "unchanged", "effective"], {}, "effective"],
    ["a yes that is stored and takes its time", "sent", ["taken"], {}, "pending"],
    ["a yes that changed nothing in the firmware's own time", "sent", ["unchanged"], {}, "rejected"],
    ["a yes whose time is not over yet", "sent", ["unchanged"], { withinMs: 60_000 }, "pending"],
    ["a no", "refused", ["unchanged"], {}, "rejected"],
    ["a no as an error", unsupportedError("MINER_REFUSED", "no"), ["unchanged"], {}, "rejected"],
    ["a lost answer that shows", lost, ["unchanged", "effective"], {}, "effective"],
    ["a lost answer that shows nothing", lost, ["unchanged"], {}, "unknown"],
    [
      "a cut answer that shows nothing",
      unreachableError("MINER_CUT_ANSWER", "cut"),
      ["unchanged"],
      {},
      "unknown",
    ],
    ["a yes of a device that restarts for it", "sent", [gone], { goesAway: true }, "pending"],
    ["a yes of a device that should not have gone", "sent", [gone], {}, "unknown"],
    ["a yes of a device that is back with the change", "sent", [gone, gone, "effective"], {}, "effective"],
  ] as [string, Sent | Error, (Seen | Error)[], object, string][])(
    "%s",
    async (_, sent, looks, more, expected) => {
      const proved = write(sent, looks, more);

      await expect(proveWrite(proved, instantPace(), never)).resolves.toBe(expected);
      expect(proved.counts.sent).toBe(1);
    },
  );

  it("is not made up of an error from before anything was sent", async () => {
    await expect(proveWrite(write(gone, ["effective"]), instantPace(), never)).rejects.toMatchObject({
      code: "MINER_UNREACHABLE",
    });
  });

  it("looks no longer than six seconds in one call, and not a hundred times", async () => {
    const pace = instantPace();
    const proved = write("sent", ["unchanged"], { withinMs: 600_000 });

    await expect(proveWrite(proved, pace, never)).resolves.toBe("pending");
    expect(pace.slept).toBeLessThanOrEqual(6_000);
    expect(proved.counts.looked).toBeLessThan(12);
  });

  it("ends early with what is known when something more urgent waits", async () => {
    const pace = { ...instantPace(), isHurried: () => true };
    const proved = write("sent", ["taken"]);

    await expect(proveWrite(proved, pace, never)).resolves.toBe("pending");
    expect(proved.counts.looked).toBe(1);
  });

  it("answers with what was seen when the limit of the call passes, and throws its caller's own reason", async () => {
    const limit = new AbortController();
    const calledOff = new AbortController();
    const stopAfterSending = (stop: AbortController, reason: Error) => {
      const proved = write("sent", ["taken"]);
      const send = async () => {
        stop.abort(reason);
        return "sent" as const;
      };
      return { ...proved, send };
    };

    await expect(proveWrite(stopAfterSending(limit, overdue), instantPace(), limit.signal)).resolves.toBe(
      "pending",
    );
    await expect(
      proveWrite(stopAfterSending(calledOff, new Error("enough")), instantPace(), calledOff.signal),
    ).rejects.toThrow("enough");
  });
});

describe("a write that cannot be read back", () => {
  it.each([
    ["sent", "pending"],
    ["refused", "rejected"],
    ["unsure", "unknown"],
  ] as const)("that was %s is %s", async (sent, expected) => {
    await expect(sendUnproved(async () => sent, never)).resolves.toBe(expected);
  });
});
