import { describe, expect, it } from "vitest";
import { unreachableError } from "#src/model/errors.ts";
import type { PoolTarget } from "#src/model/miner.ts";
import { CGI, LOW_CONFIG, memoryOf, miner, SLEEPING_CONFIG, SUCCESS } from "./antminer-in-memory.ts";
import { fixture } from "./fixtures.ts";

const never = new AbortController().signal;

describe("a pause", () => {
  it("sends the whole configuration back with both mode keys, and the mode before returns", async () => {
    const { link, posted, capabilities } = miner();
    const { actions } = await capabilities();

    await expect(actions.pause?.(never)).resolves.toBe("pending");
    await expect(actions.pause?.(never)).resolves.toBe("effective");
    await expect(actions.resume?.(never)).resolves.toBe("pending");
    await expect(actions.resume?.(never)).resolves.toBe("effective");

    const whole = { ...LOW_CONFIG, "freq-level": "100" };
    expect(posted).toEqual([
      { ...whole, "bitmain-work-mode": "1", "miner-mode": 1 },
      { ...whole, "bitmain-work-mode": "3", "miner-mode": 3 },
    ]);
    expect(link.written).toHaveLength(2);
  });

  it("keeps each key in its type, and keys that are not known here", async () => {
    const config = {
      ...SLEEPING_CONFIG,
      "bitmain-work-mode": 0,
      "miner-mode": "0",
      "x-owner": [1, null],
    };
    const { posted, capabilities } = miner(config);

    await (await capabilities()).actions.pause?.(never);

    expect(posted).toEqual([
      { ...config, "bitmain-work-mode": 1, "miner-mode": "1", "bitmain-freq-level": "100" },
    ]);
  });

  it("without a note of the mode before is ended in low mode: what is not known raises no draw", async () => {
    const { posted, capabilities } = miner(SLEEPING_CONFIG);

    await (await capabilities()).actions.resume?.(never);

    expect(posted).toMatchObject([{ "miner-mode": 3, "bitmain-work-mode": 3 }]);
  });

  it("that is stored and does not stop the hashing is not called done", async () => {
    const { link, state, capabilities } = miner();
    const { actions } = await capabilities();
    state.config = { ...LOW_CONFIG, "bitmain-work-mode": "1" };
    const awake = miner(state.config, {
      socket: () => fixture("antminer/s19-230311/stats.new_api.json"),
    });

    await expect((await awake.capabilities()).actions.pause?.(never)).resolves.toBe("pending");
    expect(awake.link.written).toEqual([]);
    await expect(actions.pause?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual([]);
  });

  it("that is stored while the mining process says nothing is not called done", async () => {
    const down = unreachableError("MINER_BACKEND_DOWN", "no");
    const { capabilities } = miner(SLEEPING_CONFIG, {
      special: (request) => (request.includes("stats.cgi") ? down : undefined),
      socket: () => unreachableError("MINER_UNREACHABLE", "no"),
    });

    await expect((await capabilities()).actions.pause?.(never)).resolves.toBe("pending");
  });

  it("made on the miner's own page is ended in the mode that was last seen", async () => {
    const { driver, link, state, posted, capabilities } = miner();
    await driver.read(link, never);
    state.config = { ...LOW_CONFIG, "bitmain-work-mode": "1" };

    await (await capabilities()).actions.resume?.(never);

    expect(posted).toMatchObject([{ "miner-mode": 3, "bitmain-work-mode": "3" }]);
  });

  it("outlives a restart of the program with the mode before", async () => {
    const memory = memoryOf();
    const first = miner(LOW_CONFIG, { memory });
    await (await first.capabilities()).actions.pause?.(never);

    const second = miner(first.state.config, { memory });
    await (await second.capabilities()).actions.resume?.(never);

    expect(second.posted).toMatchObject([{ "miner-mode": 3 }]);
  });
});

describe("a step", () => {
  it("is a change of mode, sent only when it differs", async () => {
    const { posted, capabilities } = miner();
    const { actions } = await capabilities();

    await expect(actions.setStep?.(0, never)).resolves.toBe("effective");
    await expect(actions.setStep?.(1, never)).resolves.toBe("pending");
    await expect(actions.setStep?.(2, never)).rejects.toMatchObject({ code: "MINER_STEP_UNKNOWN" });
    expect(posted).toMatchObject([{ "miner-mode": 0, "bitmain-work-mode": "0" }]);
  });

  it("never wakes a sleeping miner, and is what it wakes in", async () => {
    const { link, posted, capabilities } = miner(SLEEPING_CONFIG);
    const { actions } = await capabilities();

    await expect(actions.setStep?.(0, never)).resolves.toBe("effective");
    expect(link.written).toEqual([]);
    await actions.resume?.(never);
    expect(posted).toMatchObject([{ "miner-mode": 3 }]);
  });
});

const pool = (change: Partial<PoolTarget> = {}): PoolTarget => ({
  url: "stratum+tcp://a.example:3333",
  user: "a.w",
  password: "p",
  role: "coop",
  sharePpm: null,
  ...change,
});

describe("pools", () => {
  const empty = { url: "", user: "", pass: "" };

  it("go out in all three slots with the rest of the configuration and the mode as it is", async () => {
    const { posted, capabilities } = miner();
    const { actions } = await capabilities();

    await expect(actions.writePools?.([pool()], never)).resolves.toBe("pending");
    await expect(actions.writePools?.([pool()], never)).resolves.toBe("effective");

    expect(posted).toEqual([
      {
        ...LOW_CONFIG,
        pools: [{ url: "stratum+tcp://a.example:3333", user: "a.w", pass: "p" }, empty, empty],
        "bitmain-work-mode": "3",
        "miner-mode": 3,
        "freq-level": "100",
      },
    ]);
  });

  it("are put into another order to work for the second, with their passwords", async () => {
    const { posted, capabilities } = miner();
    const { actions } = await capabilities();

    await expect(actions.selectPool?.(1, never)).resolves.toBe("pending");
    await expect(actions.selectPool?.(0, never)).resolves.toBe("effective");
    await expect(actions.selectPool?.(2, never)).rejects.toMatchObject({ code: "MINER_POOL_UNKNOWN" });
    expect(posted).toMatchObject([
      {
        pools: [{ user: "coop.member0417", pass: "x" }, { user: "member.s19", pass: "x" }, { url: "" }],
      },
    ]);
  });

  it("that the miner stores in a spelling of its own were taken", async () => {
    const { posted, state, capabilities } = miner(LOW_CONFIG, {
      special(request) {
        if (!request.startsWith("POST")) return undefined;
        state.config = {
          ...LOW_CONFIG,
          pools: [{ url: "a.example:3333/", user: "a.w", pass: "p" }],
        };
        return SUCCESS;
      },
    });

    await expect((await capabilities()).actions.writePools?.([pool()], never)).resolves.toBe("pending");
    expect(posted).toEqual([]);
  });

  it.each([
    ["shares", [pool({ sharePpm: 700_000 }), pool({ sharePpm: 300_000 })], "SPLIT_UNSUPPORTED"],
    ["a fourth one", [pool(), pool(), pool(), pool()], "MINER_TOO_MANY_POOLS"],
    ["no address", [pool({ url: "a.example" })], "POOL_TEXT_INVALID"],
    ["a space in a password", [pool({ password: "a b" })], "MINER_TEXT_UNSAFE"],
    ["a quotation mark in a user", [pool({ user: 'a"w' })], "MINER_TEXT_UNSAFE"],
  ] as [string, PoolTarget[], string][])(
    "with %s are refused before anything is sent",
    async (_, pools, code) => {
      const { link, capabilities } = miner();

      await expect((await capabilities()).actions.writePools?.(pools, never)).rejects.toMatchObject({
        code,
        exit: expect.any(Number),
      });
      expect(link.written).toEqual([]);
    },
  );
});

describe("a configuration that is not whole is never written back", () => {
  const whole = LOW_CONFIG;
  const without = (key: string) => Object.fromEntries(Object.entries(whole).filter(([name]) => name !== key));
  const stored = whole["pools"] as Record<string, unknown>[];
  const factory = [1, 2, 3].map((slot) => ({
    url: "stratum+tcp://ss.antpool.com:3333",
    user: `antminer_${slot}`,
    pass: "123",
  }));

  it.each<[string, unknown]>([
    ["nothing", {}],
    ["a list", []],
    ["null", null],
    ["a text", "Socket connect failed"],
    ["no pools", without("pools")],
    ["pools that are no list", { ...whole, pools: {} }],
    ["an empty list of pools", { ...whole, pools: [] }],
    ["empty pools", { ...whole, pools: stored.map(() => ({ url: "", user: "", pass: "" })) }],
    ["a pool without its password", { ...whole, pools: [{ url: "stratum+tcp://a.example:1", user: "a.w" }] }],
    ["a pool that is none", { ...whole, pools: [...stored, null] }],
    ["the factory's pools", { ...whole, pools: factory }],
    ["no fan switch", without("bitmain-fan-ctrl")],
    ["no fan speed", without("bitmain-fan-pwm")],
    ["a fan speed that is none", { ...whole, "bitmain-fan-pwm": "" }],
    ["an empty mode", { ...whole, "bitmain-work-mode": "" }],
    ["two modes that differ", { ...whole, "miner-mode": 0 }],
    ["a mode between two", { ...whole, "bitmain-work-mode": "0.5" }],
  ])("%s", async (_, config) => {
    const { link, state, capabilities } = miner();
    const { actions } = await capabilities();
    state.config = config;
    const words = [
      () => actions.pause?.(never),
      () => actions.resume?.(never),
      () => actions.setStep?.(1, never),
      () => actions.writePools?.([pool()], never),
      () => actions.selectPool?.(1, never),
    ];

    for (const act of words) {
      await expect(act()).rejects.toMatchObject({
        exit: 3,
        code: expect.stringMatching(/INCOMPLETE|BAD_ANSWER/),
      });
    }
    expect(link.written).toEqual([]);
  });

  it.each([
    ["factory's pools", { ...whole, pools: factory }, "Set a pool of your own"],
    ["two modes that differ", { ...whole, "miner-mode": 0 }, "Set its mode once"],
  ])("and the words for %s say what to do", async (_, config, hint) => {
    const { state, capabilities } = miner();
    const { actions } = await capabilities();
    state.config = config;

    await expect(actions.pause?.(never)).rejects.toMatchObject({
      code: "MINER_INCOMPLETE",
      left: "Nothing was written",
      hint: expect.stringContaining(hint),
    });
  });

  it("nor one that breaks off", async () => {
    const { link, capabilities } = miner();
    const { actions } = await capabilities();
    const cut = miner(LOW_CONFIG, {
      special: (request) =>
        request.startsWith("GET") ? unreachableError("MINER_CUT_ANSWER", "cut") : undefined,
    });
    Object.assign(link, { http: cut.link.http });

    await expect(actions.pause?.(never)).rejects.toMatchObject({ code: "MINER_CUT_ANSWER" });
    expect(cut.link.written).toEqual([]);
  });
});

describe("an answer to a write", () => {
  const answered = (answer: unknown) =>
    miner(LOW_CONFIG, { special: (request) => (request.startsWith("POST") ? answer : undefined) });
  const pause = async ({ capabilities }: ReturnType<typeof miner>) =>
    (await capabilities()).actions.pause?.(never);

  it("of yes that stored nothing is a lie", async () => {
    const liar = answered(SUCCESS);

    await expect(pause(liar)).resolves.toBe("rejected");
    expect(liar.link.written).toHaveLength(1);
  });

  it("of no is a rejection, and of busy an error that nothing was changed", async () => {
    const no = { stats: "error", code: "M001", msg: "Illegal request!" };

    await expect(pause(answered(no))).resolves.toBe("rejected");
    await expect(pause(answered({ ...no, msg: "request busy" }))).rejects.toMatchObject({
      code: "MINER_BUSY",
      exit: 3,
    });
  });

  it("that is lost is decided by what then stands there", async () => {
    const lost = unreachableError("MINER_TIMEOUT", "late");
    await expect(pause(answered(lost))).resolves.toBe("unknown");

    const taken = answered(lost);
    const { actions } = await taken.capabilities();
    const pausing = actions.pause?.(never);
    taken.state.config = { ...LOW_CONFIG, "bitmain-work-mode": "1" };
    await expect(pausing).resolves.toBe("pending");
    expect(taken.link.written).toHaveLength(1);
  });

  it("of yes before the miner leaves the network is still on its way", async () => {
    let isGone = false;
    const leaving = miner(LOW_CONFIG, {
      special(request) {
        if (request.startsWith("POST")) {
          isGone = true;
          return SUCCESS;
        }
        return isGone ? unreachableError("MINER_UNREACHABLE", "away") : undefined;
      },
    });

    await expect(pause(leaving)).resolves.toBe("pending");
  });

  it("is asked for once by the light and by a restart", async () => {
    const { link, capabilities } = miner();
    const { actions } = await capabilities();

    await expect(actions.locate?.(never)).resolves.toBe("pending");
    await expect(actions.restart?.(never)).resolves.toBe("pending");
    expect(link.written).toEqual([`POST ${CGI}/blink.cgi {"blink":"true"}`, `POST ${CGI}/reboot.cgi {}`]);
  });
});
