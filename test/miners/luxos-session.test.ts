import { describe, expect, it } from "vitest";
import { miner, never, no } from "./luxos-in-memory.ts";

describe("the session", () => {
  it("of another program is waited for and never used", async () => {
    const { link, actions, state } = miner({ change: { session: "theirs" } });
    const { pause } = await actions();

    await expect(pause?.(never)).rejects.toMatchObject({ code: "MINER_BUSY", exit: 3 });
    expect(link.written).toEqual([]);
    expect([state.session, link.asked.some((line) => line.includes("|theirs"))]).toEqual(["theirs", false]);
    expect(link.asked.filter((line) => line === "logon")).toHaveLength(4);
    expect(link.pace.slept).toBeLessThan(4_000);
  });

  it("is found busy whatever the number of the refusal", async () => {
    const { link, actions } = miner({
      change: { session: "theirs" },
      special: (line) => (line === "logon" ? no(14, "Session in use") : undefined),
    });

    await expect((await actions()).pause?.(never)).rejects.toMatchObject({ code: "MINER_BUSY", exit: 3 });
    expect(link.written).toEqual([]);
  });

  it("is had when the other one ends meanwhile", async () => {
    let tries = 0;
    const { actions, state } = miner({
      change: { session: "theirs" },
      special(line, seen) {
        if (line === "logon" && ++tries === 3) seen.session = "";
        return undefined;
      },
    });

    await expect((await actions()).pause?.(never)).resolves.toBe("effective");
    expect(state.session).toBe("");
  });

  it("whose opening was not answered is not guessed, and nothing is written", async () => {
    const { link, actions } = miner({ special: (line) => (line === "logon" ? "" : undefined) });

    await expect((await actions()).pause?.(never)).rejects.toMatchObject({
      code: "MINER_CUT_ANSWER",
      exit: 3,
    });
    expect(link.written).toEqual([]);
  });

  it("that the firmware does not have is a refusal", async () => {
    const { actions } = miner({
      special: (line) => (line === "logon" ? no(14, "Invalid command") : undefined),
    });

    await expect((await actions()).pause?.(never)).rejects.toMatchObject({ code: "MINER_REFUSED", exit: 1 });
  });

  it("is left again where the first answer to that was lost", async () => {
    let losses = 1;
    const { link, actions, state } = miner({
      special: (line) => (line.startsWith("logoff") && losses-- > 0 ? new Error("lost") : undefined),
    });

    await expect((await actions()).pause?.(never)).resolves.toBe("effective");
    expect(link.asked.filter((line) => line === "logoff|S1")).toHaveLength(2);
    expect(state.session).toBe("");
  });
});
