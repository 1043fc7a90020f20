import { describe, expect, it } from "vitest";
import { unreachableError } from "#src/model/errors.ts";
import type { CgminerReply, DeviceLink } from "#src/model/miner-link.ts";
import { miner, never, no, notes } from "./luxos-in-memory.ts";

/** What a request may come to: called off or lost, and either before the device has carried it out or after. */
const ENDS = ["called off before", "called off after", "lost before", "lost after"] as const;
type End = (typeof ENDS)[number];

interface Call {
  /** The profile at first, which is the bound of the thermal management too. */
  from: "190MHz" | "default";
  /** Null: a pause. */
  step: number | null;
  takesNoBound?: boolean;
}

const LOWEST = 0;
const MIDDLE = 3;
const lost = () => unreachableError("MINER_CUT_ANSWER", "lost");

/** A call of which the request with this number comes to such an end: the request, and how the device then stands. */
async function cut(call: Call, place: number, end: End) {
  const stop = new AbortController();
  const memory = notes();
  let count = Number.NaN;
  let line: string | null = null;
  const spoil = (asked: string, when: "before" | "after"): Error | undefined => {
    if (when === "before") count += 1;
    if (count !== place + 1 || !end.endsWith(when)) return undefined;
    line = asked;
    if (end.startsWith("lost")) return lost();
    stop.abort(new Error("enough"));
    // What was carried out is answered, for those who wait longer than the call.
    return when === "before" ? new Error("enough") : undefined;
  };
  const { state, actions } = miner({
    memory,
    change: {
      config: { CurtailMode: "None", IsPowerSupplyOn: true, SystemStatus: "Normal", Profile: call.from },
      atm: { Enabled: true, MaxProfile: call.from, MaxProfileStep: call.from === "default" ? "0" : "-16" },
    },
    special: (asked) =>
      spoil(asked, "before") ??
      (call.takesNoBound && asked.includes("max_profile") ? no(341, "no") : undefined),
    after: (asked) => spoil(asked, "after"),
  });
  const { setStep, pause } = await actions();
  count = 0;
  const { step } = call;
  await (step === null ? pause?.(stop.signal) : setStep?.(step, stop.signal))?.catch(() => null);
  count = Number.NaN;
  return { line: line as string | null, state, memory };
}

/** The call cut at each of its requests in turn. */
async function cutEverywhere(call: Call, end: End) {
  const ends: (Awaited<ReturnType<typeof cut>> & { line: string })[] = [];
  for (;;) {
    const { line, ...rest } = await cut(call, ends.length, end);
    if (line === null) return ends;
    ends.push({ line, ...rest });
  }
}

describe.each(ENDS)("a call of which any request is %s the device carried it out", (end) => {
  it.each([
    ["a lower profile", { from: "default", step: LOWEST }],
    ["a higher profile", { from: "190MHz", step: MIDDLE }],
    [
      "a profile under a thermal management that takes no bound",
      { from: "default", step: LOWEST, takesNoBound: true },
    ],
    ["a pause", { from: "default", step: null }],
  ] as [string, Call][])(
    "leaves no session behind, and the thermal management on, at %s",
    async (_, call) => {
      const ends = await cutEverywhere(call, end);

      expect(ends.length).toBeGreaterThan(4);
      for (const { line, state, memory } of ends) {
        // Only a session whose number was never heard cannot be left; it ends after a minute.
        if (line !== "logon" || end !== "lost after") expect([line, state.session]).toEqual([line, ""]);
        if (memory.get("atm") !== "off") expect([line, state.atm["Enabled"]]).toEqual([line, true]);
        // What is still owed is made up for before the next change, also after a restart of this program.
        const next = miner({ memory, change: { atm: state.atm } });
        await (await next.actions()).pause?.(never);
        expect([line, next.state.atm["Enabled"], memory.get("atm")]).toEqual([line, true, null]);
      }
    },
  );

  it("never leaves it a higher bound without the profile that the bound was for", async () => {
    for (const { line, state } of await cutEverywhere({ from: "190MHz", step: MIDDLE }, end)) {
      const bound = state.config["Profile"] === "490MHz" ? state.atm["MaxProfile"] : "190MHz";
      expect([line, state.atm["MaxProfile"]]).toEqual([line, bound]);
    }
  });
});

it("a device that falls silent in a session holds nobody up for long after the end of the call", async () => {
  const stop = new AbortController();
  let isSilent = false;
  const silence = (signal: AbortSignal) =>
    new Promise<CgminerReply>((_, reject) => {
      signal.throwIfAborted();
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  const { link, driver } = miner();
  const { ask } = link.cgminer;
  const dying: DeviceLink = {
    ...link,
    cgminer: {
      ...link.cgminer,
      ask: (request, signal) => (isSilent ? silence(signal) : ask(request, signal)),
      async tell(_, signal) {
        isSilent = true;
        setTimeout(() => stop.abort(new Error("enough")), 20);
        return silence(signal);
      },
    },
  };
  const { setStep } = (await driver.capabilities(dying, never)).actions;
  const startedMs = performance.now();

  await expect(setStep?.(LOWEST, stop.signal)).rejects.toThrow("enough");
  expect(performance.now() - startedMs).toBeLessThan(1_000);
});
