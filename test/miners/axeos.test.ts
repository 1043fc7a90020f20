import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAxeosDriver, toIdentity } from "#src/miners/axeos.ts";
import { toReading } from "#src/miners/axeos-reading.ts";
import { ladderOf } from "#src/miners/clock-ladder.ts";
import { unreachableError, unsupportedError } from "#src/model/errors.ts";
import type { PoolTarget } from "#src/model/miner.ts";
import { fixture, scripted } from "./fixtures.ts";

const never = new AbortController().signal;
const recorded = (name: string) => JSON.parse(fixture(`axeos/${name}.json`));
const NEW = recorded("2.15.0/api.system.info");
const OLD = recorded("2.4.5/api.system.info");
const ASIC = recorded("2.15.0/api.system.asic");
const LADDER = ladderOf(ASIC, NEW);
const NO_LADDER = ladderOf(null, {});

describe("a board with firmware 2.15", () => {
  it("reads as recorded", () => {
    expect(toReading(NEW, LADDER)).toEqual({
      state: "mining",
      stateDetail: null,
      powerW: 17.12,
      powerSource: "measured",
      hashrateThs: 1.0664,
      chipMaxC: 57.25,
      boardC: null,
      inletC: null,
      outletC: null,
      fans: [{ rpm: 3920, percent: 38 }],
      hasFanFault: false,
      uptimeS: 93311,
      powerTargetW: null,
      mode: "525 MHz",
      stepIndex: 2,
      pools: [
        {
          url: "stratum+tcp://pool.member.example:3333",
          user: "bc1qmember.shed",
          role: "unknown",
          state: "alive",
          acceptedDifficulty: null,
          accepted: 1841,
          rejected: 4,
          stale: null,
          shareDifficulty: 1024,
          isActive: true,
          sharePpm: null,
        },
      ],
    });
    expect(toIdentity(NEW)).toMatchObject({
      id: "b0:81:84:11:22:33",
      model: "BM1370",
      firmwareVersion: "v2.15.0",
    });
  });
});

describe("a board with firmware 2.4", () => {
  it("reads without averages, pause or known share difficulty", () => {
    const reading = toReading(OLD, NO_LADDER);

    expect(reading).toMatchObject({
      state: "mining",
      powerW: 12.6500005722046,
      hashrateThs: 0.5129,
      stepIndex: null,
    });
    expect(reading.pools.map(({ url, isActive, accepted }) => [url, isActive, accepted])).toEqual([
      ["stratum+tcp://btc.example.pool:3333", true, 0],
      ["stratum+tcp://btc2.example.pool:3333", false, null],
    ]);
    expect(reading.pools[0]?.shareDifficulty).toBeNull();
  });
});

describe("boards with the firmware between", () => {
  it("reads a GammaTurbo with 2.14: two chips, two fans, an encrypted fallback", () => {
    const info = recorded("2.14.2/api.system.info");
    const reading = toReading(info, ladderOf(recorded("2.14.2/api.system.asic"), info));

    expect(reading).toMatchObject({ state: "mining", chipMaxC: 61.4, mode: "550 MHz", stepIndex: 3 });
    expect(reading.fans).toEqual([
      { rpm: 4480, percent: 52 },
      { rpm: 4390, percent: 52 },
    ]);
    expect(reading.pools.map(({ url }) => url)).toEqual([
      "stratum+tcp://pool.member.example:3333",
      "stratum+ssl://pool.spare.example:4333",
    ]);
  });

  it("reads a Hex with 2.12 that works for its fallback, without a state field", () => {
    const info = recorded("2.12.0/api.system.info");
    const reading = toReading(info, ladderOf(recorded("2.12.0/api.system.asic"), info));

    expect(reading).toMatchObject({
      state: "mining",
      powerW: 71.4,
      hashrateThs: expect.closeTo(2.5883),
      stepIndex: 4,
    });
    expect(reading.pools.map(({ state, isActive, accepted }) => [state, isActive, accepted])).toEqual([
      ["dead", false, null],
      ["alive", true, 2210],
    ]);
  });

  it("reads a Supra with 2.10 whose owner chose a clock of his own, and best difficulties as text", () => {
    const info = recorded("2.10.1/api.system.info");
    const reading = toReading(info, ladderOf(recorded("2.10.1/api.system.asic"), info));

    expect(reading).toMatchObject({ state: "mining", mode: "410.5 MHz", stepIndex: null, chipMaxC: 58 });
    expect(reading.pools).toMatchObject([{ accepted: 77, shareDifficulty: 512 }]);
  });
});

describe("unusual figures", () => {
  const { miningPaused: _, ...BEFORE_PAUSE } = NEW;

  it.each([
    ["an unpowered chip", { temp: -1, hashRate: 0 }, { chipMaxC: null, hashrateThs: 0 }],
    [
      "NaN of the firmware",
      { power: null, hashRate: null, temp: null },
      { powerW: null, powerSource: null, hashrateThs: null, chipMaxC: null },
    ],
    ["an operator's pause", { miningPaused: true }, { state: "paused", stepIndex: null }],
    ["an overheated board", { overheat_mode: 1 }, { state: "fault" }],
    ["a power fault", { power_fault: "VR\u001b[31m" }, { state: "fault", stateDetail: "VR" }],
    ["a fan that stands still", { hardware_fault: "Fan stopped" }, { state: "fault", hasFanFault: true }],
    ["a fault word that is empty", { power_fault: "" }, { state: "mining", stateDetail: null }],
    ["a fresh start", { hashRate: 0, uptimeSeconds: 5 }, { state: "starting" }],
    ["a fresh start with NaN", { hashRate: null, uptimeSeconds: 5 }, { state: "starting" }],
    ["chips that stand still without a pause", { hashRate: 0 }, { state: "mining", hashrateThs: 0 }],
    ["a clock of the owner", { frequency: 571.5 }, { mode: "571.5 MHz", stepIndex: null }],
    ["a clock that is nearly an option", { frequency: 524.5 }, { mode: "524.5 MHz", stepIndex: 2 }],
    ["a voltage of the owner", { coreVoltage: 1300 }, { mode: "525 MHz", stepIndex: null }],
    ["two chips", { temp2: 61 }, { chipMaxC: 61 }],
    [
      "a host with its scheme",
      { pools: [{ ...NEW.pools[0], stratumURL: "stratum+tcp://a.example" }] },
      { pools: [{ url: "stratum+tcp://a.example:3333" }] },
    ],
  ])("%s", (_, change, expected) => expect(toReading({ ...NEW, ...change }, LADDER)).toMatchObject(expected));

  it.each([
    ["a live rate", {}, false, "mining"],
    ["accepted work that moves", { hashRate: null }, true, "mining"],
    ["neither", { hashRate: 0 }, false, "unknown"],
    ["neither, just started", { hashRate: 0, uptimeSeconds: 5 }, false, "unknown"],
    ["a fault", { overheat_mode: 1 }, true, "fault"],
  ])("before firmware 2.14, %s makes the state", (_, change, hasWorkMoved, state) => {
    expect(toReading({ ...BEFORE_PAUSE, ...change }, LADDER, hasWorkMoved).state).toBe(state);
  });

  it("sees accepted work move from one reading to the next", async () => {
    let sharesAccepted = 10;
    const link = scripted({
      http: (request) =>
        request.endsWith("asic") ? ASIC : { ...BEFORE_PAUSE, hashRate: null, sharesAccepted },
    });
    const driver = createAxeosDriver();
    const states: string[] = [];
    for (const more of [0, 0, 1]) {
      sharesAccepted += more;
      states.push((await driver.read(link, never)).state);
    }

    expect(states).toEqual(["unknown", "unknown", "mining"]);
  });

  it("does not guess which slots are in use", () => {
    const { primaryPoolIndex: _index, ...info } = NEW;

    expect(toReading(info, LADDER).pools).toMatchObject([
      { state: "unknown", isActive: null, accepted: null },
    ]);
  });

  it("tells the pool that failed and the one at work", () => {
    const slots = [0, 1].map((id) => ({ ...NEW.pools[0], id, stratumURL: `pool${id}.example` }));
    const { pools } = toReading({ ...NEW, pools: slots, isUsingFallbackStratum: 1 }, LADDER);

    expect(pools.map(({ state, isActive, accepted }) => [state, isActive, accepted])).toEqual([
      ["dead", false, null],
      ["alive", true, 1841],
    ]);
  });

  it("any mutation of a field ends in a reading without invented figures", () => {
    const keys = fc.constantFrom(...Object.keys(NEW));
    fc.assert(
      fc.property(keys, fc.jsonValue({ maxDepth: 3 }), (key, value) => {
        const reading = toReading({ ...NEW, [key]: value }, LADDER);
        const gone = toReading({ ...NEW, [key]: undefined }, LADDER);
        for (const number of [reading.powerW, reading.hashrateThs, reading.chipMaxC, reading.uptimeS]) {
          expect(number === null || Number.isFinite(number)).toBe(true);
        }
        for (const number of [gone.powerW, gone.hashrateThs, gone.chipMaxC, gone.uptimeS])
          expect(number).not.toBe(0);
      }),
      { numRuns: 5000 },
    );
  });
});

/** A board in memory; `special` answers a write in its place. */
function board(
  info: Record<string, unknown> = NEW,
  special?: (request: string) => unknown,
  asic: unknown = ASIC,
) {
  const state: Record<string, unknown> = structuredClone(info);
  const link = scripted({
    http(request, body) {
      const [method = "", path = ""] = request.split(" ");
      if (method === "GET") return path.endsWith("asic") ? asic : structuredClone(state);
      const found = special?.(request);
      if (found !== undefined) return found;
      if (path.endsWith("/pause")) state["miningPaused"] = true;
      if (path.endsWith("/resume")) state["miningPaused"] = false;
      if (method === "PATCH") {
        const { pools, ...rest } = body;
        Object.assign(state, rest, "frequency" in body ? { actualFrequency: body["frequency"] } : {});
        for (const pool of (pools ?? []) as { id: number }[]) {
          const others = (state["pools"] as { id: number }[]).filter(({ id }) => id !== pool.id);
          state["pools"] = [...others, pool];
        }
      }
      return null;
    },
  });
  return { link, state, capabilities: () => createAxeosDriver().capabilities(link, never) };
}

const NO_ROUTE = { status: 404 };

describe("what it can do", () => {
  it("is a ladder of clocks with guesses from what it draws now", async () => {
    const capable = await board().capabilities();

    expect(capable).toMatchObject({
      canPause: true,
      power: "discrete",
      poolSwitch: "restart",
      split: "none",
      minW: null,
      maxW: null,
    });
    expect(capable.steps.map(({ label, wallW, targetW }) => [label, wallW, targetW])).toEqual([
      ["400 MHz", 13, null],
      ["490 MHz", 16, null],
      ["525 MHz", 17.1, null],
      ["550 MHz", 17.9, null],
      ["600 MHz", 19.6, null],
      ["625 MHz", 20.4, null],
    ]);
    expect(capable.steps[2]?.hashrateThs).toBe(1.071);
  });

  it("counts each chip of a board that rests, up to the ceiling of its family", async () => {
    const hex = recorded("2.12.0/api.system.info");
    const resting = { ...hex, hashRate: 0, expectedHashrate: 0, power: 5 };
    const capable = await board(resting, undefined, recorded("2.12.0/api.system.asic")).capabilities();

    expect(capable.steps.map(({ wallW }) => wallW)).toEqual([
      57.6, 61.2, 64.8, 68.4, 69.8, 72, 75.6, 79.2, 82.8,
    ]);
    expect(capable.steps[4]?.hashrateThs).toBe(2.602);
    const small = await board({ ...resting, maxPower: 40 }, undefined, recorded("2.12.0/api.system.asic"));
    expect((await small.capabilities()).steps.at(-1)?.wallW).toBe(40);
  });

  it("guesses by f x V^2 from an undervolted board", async () => {
    const capable = await board({ ...NEW, coreVoltage: 1000 }).capabilities();

    expect(capable.steps[2]?.wallW).toBeCloseTo(17.12 * 1.15 ** 2, 1);
  });

  it.each([
    ["2.15", NEW, ["locate", "pause", "restart", "resume", "selectPool", "setStep", "writePools"]],
    [
      "2.12",
      recorded("2.12.0/api.system.info"),
      ["locate", "restart", "selectPool", "setStep", "writePools"],
    ],
    ["2.10", recorded("2.10.1/api.system.info"), ["restart", "selectPool", "setStep", "writePools"]],
    ["2.4", OLD, ["restart", "setStep", "writePools"]],
  ])("has with firmware %s what that told", async (_, info, actions) => {
    const capable = await board(info).capabilities();

    expect(Object.keys(capable.actions).sort()).toEqual(actions);
    expect(capable.canPause).toBe(actions.includes("pause"));
  });

  it("takes the rungs by the chip's name where asked in vain, and leaves the voltage alone", async () => {
    const { link, capabilities } = board(OLD, undefined, NO_ROUTE);
    const { steps, actions } = await capabilities();

    expect(steps).toHaveLength(10);
    await expect(actions.setStep?.(0, never)).resolves.toBe("effective");
    expect(link.written).toEqual(['PATCH /api/system {"frequency":400}']);
  });

  it("asks for the options again when the firmware is a new one", async () => {
    const { link, state } = board(OLD, undefined, NO_ROUTE);
    const driver = createAxeosDriver();
    const optionsAsked = () => link.asked.filter((line) => line.endsWith("asic")).length;

    await driver.read(link, never);
    await driver.read(link, never);
    expect(optionsAsked()).toBe(1);
    state["version"] = "v2.15.0";
    await driver.read(link, never);
    expect(optionsAsked()).toBe(2);
  });
});

describe("writes", () => {
  it("pause and resume with a read-back, and not when it is so already", async () => {
    const { link, capabilities } = board();
    const { actions } = await capabilities();

    await expect(actions.resume?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual([]);
    await expect(actions.pause?.(never)).resolves.toBe("effective");
    await expect(actions.resume?.(never)).resolves.toBe("effective");
    expect(link.written).toEqual(["POST /api/system/pause {}", "POST /api/system/resume {}"]);
  });

  it("pause a board again that says it is paused and hashes", async () => {
    const { link, capabilities } = board({ ...NEW, miningPaused: true });

    await expect((await capabilities()).actions.pause?.(never)).resolves.toBe("effective");
    expect(link.written).toHaveLength(1);
  });

  it("that the firmware says yes to and forgets are rejected, like those it refuses", async () => {
    const lies = await board(NEW, () => null).capabilities();
    const refuses = await board(NEW, () => unsupportedError("MINER_REFUSED", "no")).capabilities();

    await expect(lies.actions.pause?.(never)).resolves.toBe("rejected");
    await expect(lies.actions.setStep?.(0, never)).resolves.toBe("rejected");
    await expect(refuses.actions.pause?.(never)).resolves.toBe("rejected");
  });

  it("whose answer is lost are decided by what the board shows", async () => {
    const lost = (request: string) =>
      request.startsWith("POST") ? unreachableError("MINER_CUT_ANSWER", "cut") : undefined;
    const { actions } = await board(NEW, lost).capabilities();

    await expect(actions.pause?.(never)).resolves.toBe("unknown");
  });

  it("set only what differs, and only documented clocks", async () => {
    const { link, capabilities } = board();
    const { actions } = await capabilities();

    await expect(actions.setStep?.(1, never)).resolves.toBe("effective");
    await expect(actions.setStep?.(1, never)).resolves.toBe("effective");
    await expect(actions.setStep?.(6, never)).rejects.toMatchObject({ code: "MINER_STEP_UNKNOWN" });
    expect(link.written).toEqual(['PATCH /api/system {"frequency":490}']);
  });

  it("bring an overclocked board back to a documented clock at the chip's default voltage", async () => {
    const { link, capabilities } = board({ ...NEW, frequency: 800, coreVoltage: 1300 });

    await expect((await capabilities()).actions.setStep?.(5, never)).resolves.toBe("effective");
    expect(link.written).toEqual(['PATCH /api/system {"frequency":625,"coreVoltage":1150}']);
  });

  it("do not trust a default voltage that is none of the options", async () => {
    const { link, capabilities } = board(NEW, undefined, { ...ASIC, defaultVoltage: 1900 });

    await expect((await capabilities()).actions.setStep?.(0, never)).resolves.toBe("effective");
    expect(link.written).toEqual(['PATCH /api/system {"frequency":400}']);
  });

  it("set no clock where the present one is not told", async () => {
    const { frequency: _, ...info } = NEW;
    const { link, capabilities } = board(info);

    await expect((await capabilities()).actions.setStep?.(0, never)).rejects.toMatchObject({
      code: "MINER_INCOMPLETE",
    });
    expect(link.written).toEqual([]);
  });
});

describe("pools", () => {
  const plain = (host: string, user: string): PoolTarget => {
    return { url: `stratum+tcp://${host}:3333`, user, password: "x", role: "member", sharePpm: null };
  };
  const secret: PoolTarget = {
    ...{ url: "stratum+ssl://b.example:443", user: "b.w", password: "y", role: "coop", sharePpm: null },
  };
  const pools = [plain("a.example", "a.w"), secret];
  const plainPools = [plain("a.example", "a.w"), plain("b.example", "b.w")];

  it("go into slots with firmware 2.15, in one request that keeps the other fields", async () => {
    const { link, capabilities } = board();

    await expect((await capabilities()).actions.writePools?.(pools, never)).resolves.toBe("effective");
    expect(link.written).toEqual([
      'PATCH /api/system {"pools":[{"id":0,"stratumProtocol":"SV1","stratumURL":"a.example","stratumPort":3333,"stratumUser":"a.w","stratumPassword":"x","stratumSuggestedDifficulty":1000,"stratumTLS":0},' +
        '{"id":1,"stratumURL":"b.example","stratumPort":443,"stratumUser":"b.w","stratumPassword":"y","stratumTLS":1}]}',
    ]);
  });

  it("go into the slots in use, and choose one for the fallback where there is none", async () => {
    const slots = [0, 3, 5].map((id) => ({ ...NEW.pools[0], id, stratumURL: `pool${id}.example` }));
    const used = board({ ...NEW, pools: slots, primaryPoolIndex: 5, secondaryPoolIndex: 3 });
    const shared = board({ ...NEW, pools: slots, primaryPoolIndex: 0, secondaryPoolIndex: 0 });

    await expect((await used.capabilities()).actions.writePools?.(pools, never)).resolves.toBe("effective");
    expect(used.link.written[0]).toMatch(/"id":5.*"a\.example".*"id":3.*"b\.example"/);
    expect(used.link.written[0]).not.toContain("primaryPoolIndex");
    await expect((await shared.capabilities()).actions.writePools?.(pools, never)).resolves.toBe("effective");
    expect(shared.link.written[0]).toMatch(/"id":0.*"id":1.*"primaryPoolIndex":0,"secondaryPoolIndex":1/);
  });

  it("use the older keys before it", async () => {
    const { link, capabilities } = board(OLD);

    await expect((await capabilities()).actions.writePools?.(plainPools, never)).resolves.toBe("effective");
    expect(link.written).toEqual([
      'PATCH /api/system {"stratumURL":"a.example","stratumPort":3333,"stratumUser":"a.w","stratumPassword":"x","fallbackStratumURL":"b.example","fallbackStratumPort":3333,"fallbackStratumUser":"b.w","fallbackStratumPassword":"x"}',
    ]);
  });

  it("are encrypted by the older keys only where the firmware shows one", async () => {
    const shows = board(recorded("2.14.2/api.system.info"));
    const lacks = board(OLD);

    await expect((await shows.capabilities()).actions.writePools?.(pools, never)).resolves.toBe("effective");
    expect(shows.link.written[0]).toMatch(/"stratumTLS":0.*"fallbackStratumTLS":1/);
    await expect((await lacks.capabilities()).actions.writePools?.(pools, never)).rejects.toMatchObject({
      code: "MINER_POOL_UNSUPPORTED",
      exit: 1,
      message: expect.stringContaining("stratum+ssl"),
    });
    expect(lacks.link.written).toEqual([]);
  });

  it("are not proved by a board that stored them without encryption", async () => {
    const { state, link, capabilities } = board(NEW, () => {
      state["pools"] = [
        { ...NEW.pools[0], id: 0, stratumURL: "a.example", stratumUser: "a.w" },
        { id: 1, stratumURL: "b.example", stratumPort: 443, stratumUser: "b.w", stratumTLS: 0 },
      ];
      return null;
    });

    await expect((await capabilities()).actions.writePools?.(pools, never)).resolves.toBe("rejected");
    expect(link.written).toHaveLength(1);
  });

  it("by the older keys on firmware with slots are a yes that changed nothing", async () => {
    const { link, capabilities } = board(NEW, () => null);

    await expect((await capabilities()).actions.writePools?.(pools, never)).resolves.toBe("rejected");
    expect(link.written).toHaveLength(1);
    expect(link.written[0]).not.toContain("fallbackStratumURL");
  });

  it("leave no fallback behind that nobody named", async () => {
    const { link, capabilities } = board(OLD);
    const { actions } = await capabilities();

    await expect(actions.writePools?.([plain("a.example", "a.w")], never)).resolves.toBe("effective");
    expect(link.written[0]).toMatch(/"stratumURL":"a\.example".*"fallbackStratumURL":"a\.example"/);
  });

  it("are refused before anything is sent: shares, a third one, no address, Stratum V2", async () => {
    const { link, capabilities } = board();
    const { actions } = await capabilities();
    const refused: [PoolTarget[], string][] = [
      [pools.map((pool) => ({ ...pool, sharePpm: 500_000 })), "SPLIT_UNSUPPORTED"],
      [[...pools, ...pools], "MINER_TOO_MANY_POOLS"],
      [[{ ...secret, url: "a.example" }], "POOL_TEXT_INVALID"],
      [[{ ...secret, url: "stratum2+tcp://a.example:3333" }], "MINER_POOL_UNSUPPORTED"],
    ];

    for (const [wanted, code] of refused) {
      await expect(actions.writePools?.(wanted, never)).rejects.toMatchObject({ code });
    }
    expect(link.written).toEqual([]);
  });

  it("are not written over what was not told whole", async () => {
    const { primaryPoolIndex: _, ...noChoice } = NEW;
    const { fallbackStratumURL: _url, ...noFallback } = OLD;

    for (const info of [noChoice, noFallback]) {
      const { link, capabilities } = board(info);
      await expect((await capabilities()).actions.writePools?.(plainPools, never)).rejects.toMatchObject({
        code: "MINER_INCOMPLETE",
      });
      expect(link.written).toEqual([]);
    }
  });

  it("are switched with a restart, only when the choice was stored", async () => {
    const slots = [0, 1].map((id) => ({ ...NEW.pools[0], id }));
    const good = board({ ...NEW, pools: slots });
    const deaf = board({ ...NEW, pools: slots }, () => null);

    await expect((await good.capabilities()).actions.selectPool?.(1, never)).resolves.toBe("pending");
    expect(good.link.written).toEqual([
      'PATCH /api/system {"useFallbackStratum":1}',
      "POST /api/system/restart {}",
    ]);
    await expect((await deaf.capabilities()).actions.selectPool?.(1, never)).resolves.toBe("rejected");
    expect(deaf.link.written).toHaveLength(1);
    await expect((await good.capabilities()).actions.selectPool?.(2, never)).rejects.toMatchObject({
      code: "MINER_POOL_UNKNOWN",
    });
  });

  it("are backed up without their passwords, which the board does not tell", async () => {
    const { link } = board(recorded("2.14.2/api.system.info"));

    await expect(createAxeosDriver().backup(link, never)).resolves.toEqual({
      pools: [
        {
          url: "stratum+tcp://pool.member.example:3333",
          user: "bc1qmember.office",
          password: null,
          sharePpm: null,
        },
        {
          url: "stratum+ssl://pool.spare.example:4333",
          user: "bc1qmember.office",
          password: null,
          sharePpm: null,
        },
      ],
      settings: null,
    });
  });
});
