import { describe, expect, it } from "vitest";
import { accessError, unreachableError } from "#src/model/errors.ts";
import { miner, never, no, notes } from "./luxos-in-memory.ts";

describe("a change of profile", () => {
  it("moves the bound of the thermal management along, in a session that is left at once", async () => {
    const { link, actions } = miner();
    const { setStep } = await actions();
    link.asked.length = 0;

    await expect(setStep?.(2, never)).resolves.toBe("effective");
    await expect(setStep?.(2, never)).resolves.toBe("effective");
    await expect(setStep?.(9, never)).rejects.toMatchObject({ code: "MINER_STEP_UNKNOWN", exit: 2 });

    const read = "config+devs+atm";
    expect(link.asked).toEqual([
      read,
      "logon",
      "atmset|S1,max_profile=390MHz",
      "profileset|S1,390MHz",
      "logoff|S1",
      read,
      read,
    ]);
  });

  it("is under way while the boards ramp, and stored while it sleeps", async () => {
    const ramping = miner({ change: { isRamping: true } });
    const asleep = miner({ change: { isRamping: true } });
    asleep.state.config["CurtailMode"] = "Sleep";

    await expect((await ramping.actions()).setStep?.(0, never)).resolves.toBe("pending");
    await expect((await asleep.actions()).setStep?.(0, never)).resolves.toBe("effective");
    expect(asleep.state.config["CurtailMode"]).toBe("Sleep");
  });

  it("is rejected where the device says no, with the bound as it was, and where it lies", async () => {
    const refusing = miner({
      special: (line) => (line.startsWith("profileset") ? no(322, "no") : undefined),
    });
    const lying = miner({ isLiar: true });

    await expect((await refusing.actions()).setStep?.(0, never)).resolves.toBe("rejected");
    expect(refusing.link.written).toEqual([
      "atmset|S1,max_profile=190MHz",
      "profileset|S1,190MHz",
      "atmset|S1,max_profile=default",
    ]);
    expect(refusing.link.asked.at(-1)).toBe("logoff|S1");
    await expect((await lying.actions()).setStep?.(0, never)).resolves.toBe("rejected");
  });

  it("that is chosen already moves the bound alone, and not even that where the device takes none", async () => {
    const loose = { Enabled: true, MaxProfile: "default", MaxProfileStep: "0" };
    const { link, actions, state } = miner({ change: { atm: loose } });
    const unbound = miner({
      change: { atm: { ...loose } },
      special: (line) => (line.includes("max_profile") ? no(341, "no") : undefined),
    });

    await expect((await actions()).setStep?.(1, never)).resolves.toBe("effective");
    expect(link.written).toEqual(["atmset|S1,max_profile=290MHz"]);
    expect([state.atm["MaxProfile"], state.session]).toEqual(["290MHz", ""]);
    await expect((await unbound.actions()).setStep?.(1, never)).resolves.toBe("effective");
    expect(unbound.link.written).toEqual(["atmset|S1,max_profile=290MHz"]);
  });

  it.each(["Profile", "CurtailMode"])(
    "or a pause is not known, and no refusal, where the device then does not tell its %s",
    async (key) => {
      const { actions, state } = miner({
        special(line) {
          if (line.startsWith("logoff")) delete state.config[key];
          return undefined;
        },
      });
      const { setStep, pause } = await actions();

      await expect(key === "Profile" ? setStep?.(0, never) : pause?.(never)).resolves.toBe("unknown");
    },
  );

  it("is not built on a configuration without a profile", async () => {
    const { link, actions, state } = miner();
    const { setStep } = await actions();
    delete state.config["Profile"];

    await expect(setStep?.(0, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE", exit: 3 });
    expect(link.written).toEqual([]);
    expect(link.asked).not.toContain("logon");
  });
});

describe("a thermal management that takes no bound", () => {
  const noBound = (line: string) => (line.includes("max_profile") ? no(341, "no") : undefined);

  it("is switched off for the change and on again", async () => {
    const memory = notes();
    const { link, actions, state } = miner({ special: noBound, memory });

    await expect((await actions()).setStep?.(0, never)).resolves.toBe("effective");
    expect(link.written).toEqual([
      "atmset|S1,max_profile=190MHz",
      "atmset|S1,enabled=false",
      "profileset|S1,190MHz",
      "atmset|S1,enabled=true",
    ]);
    expect([state.atm["Enabled"], memory.get("atm"), link.asked.includes("logoff|S1")]).toEqual([
      true,
      null,
      true,
    ]);
  });

  it("is on again when the change fails, and when its caller calls it off", async () => {
    const stop = new AbortController();
    const failing = miner({
      special: (line) =>
        noBound(line) ??
        (line.startsWith("profileset") ? accessError("MINER_IDENTITY_CHANGED", "x") : undefined),
    });
    const calledOff = miner({
      special(line) {
        if (line.startsWith("profileset")) {
          stop.abort(new Error("enough"));
          return new Error("enough");
        }
        return noBound(line);
      },
    });

    await expect((await failing.actions()).setStep?.(0, never)).rejects.toMatchObject({ exit: 5 });
    await expect((await calledOff.actions()).setStep?.(0, stop.signal)).rejects.toThrow("enough");
    for (const { state, link } of [failing, calledOff]) {
      expect([state.atm["Enabled"], state.session]).toEqual([true, ""]);
      expect(link.asked.slice(-3)).toEqual(["atmset|S1,enabled=true", "atm", "logoff|S1"]);
    }
  });

  it("that stayed off is told of, and switched on before the next change", async () => {
    const memory = notes();
    let isCut = true;
    const lost = unreachableError("MINER_CUT_ANSWER", "x");
    const { link, driver, actions, state } = miner({
      memory,
      special: (line) => noBound(line) ?? (isCut && line.includes("enabled=true") ? lost : undefined),
    });
    const { setStep, pause } = await actions();

    await setStep?.(0, never);
    expect([state.atm["Enabled"], memory.get("atm")]).toEqual([false, "off"]);
    expect((await driver.read(link, never)).stateDetail).toMatch(/thermal management .* may be off/);

    // Its owner switched it on again himself: nothing more to tell.
    state.config["IsAtmEnabled"] = true;
    expect((await driver.read(link, never)).stateDetail).toBeNull();

    isCut = false;
    link.written.length = 0;
    await expect(pause?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual(["atmset|S1,enabled=true", "curtail|S1,sleep"]);
    expect([state.atm["Enabled"], memory.get("atm")]).toEqual([true, null]);
    expect((await driver.read(link, never)).stateDetail).toBeNull();
  });
});

describe("sleep and wake", () => {
  it("are read back, gentle, and not sent twice", async () => {
    const { link, actions } = miner();
    const { pause, resume } = await actions();

    await expect(pause?.(never)).resolves.toBe("effective");
    await expect(pause?.(never)).resolves.toBe("effective");
    await expect(resume?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual(["curtail|S1,sleep", "curtail|S1,wakeup"]);
  });

  it("that the device says yes to and forgets are rejected; a lost answer is decided by what it shows", async () => {
    const lying = miner({ isLiar: true });
    let isLost = true;
    const lost = miner({
      special(line, state) {
        if (!line.startsWith("curtail") || !isLost) return undefined;
        isLost = false;
        state.config["CurtailMode"] = "Sleep";
        state.config["IsPowerSupplyOn"] = false;
        return "";
      },
    });

    await expect((await lying.actions()).pause?.(never)).resolves.toBe("rejected");
    await expect((await lost.actions()).pause?.(never)).resolves.toBe("effective");
    expect(lost.link.written).toHaveLength(1);
  });
});

describe("a sleep that the device does not tell of", () => {
  it("is neither ordered nor ended", async () => {
    const { link, actions, state } = miner();
    const { pause, resume } = await actions();
    state.config["CurtailMode"] = 7;

    for (const action of [pause, resume]) {
      await expect(action?.(never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE", exit: 3 });
    }
    expect(link.written).toEqual([]);
  });
});

describe("restart and lamp", () => {
  it("use the session; the lamp is read back", async () => {
    const { link, actions, state } = miner();
    const { restart, locate } = await actions();

    await expect(restart?.(never)).resolves.toBe("pending");
    await expect(locate?.(never)).resolves.toBe("effective");
    await expect(locate?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual(["rebootdevice|S1", "ledset|S1,red,blink"]);
    expect(state.session).toBe("");
  });
});
