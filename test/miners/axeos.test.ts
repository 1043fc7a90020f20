import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAxeosDriver, toIdentity } from "#src/miners/axeos.ts";
import { toReading } from "#src/miners/axeos-reading.ts";
import { unsupportedError } from "#src/model/errors.ts";
import { fixture, scripted } from "./fixtures.ts";

const never = new AbortController().signal;
const NEW = JSON.parse(fixture("axeos/2.15.0/api.system.info.json"));
const OLD = JSON.parse(fixture("axeos/2.4.5/api.system.info.json"));
const ASIC = JSON.parse(fixture("axeos/2.15.0/api.system.asic.json"));
const CLOCKS = ASIC.frequencyOptions;

describe("a board with firmware 2.15", () => {
  it("reads as recorded", () => {
    expect(toReading(NEW, CLOCKS)).toEqual({
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
    const reading = toReading(OLD, []);

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

describe("unusual figures", () => {
  it.each([
    ["an unpowered chip", { temp: -1, hashRate: 0 }, { chipMaxC: null, hashrateThs: 0 }],
    [
      "NaN of the firmware",
      { power: null, hashRate: null },
      { powerW: null, powerSource: null, hashrateThs: null },
    ],
    ["an operator's pause", { miningPaused: true }, { state: "paused", stepIndex: null }],
    ["an overheated board", { overheat_mode: 1 }, { state: "fault" }],
    ["a power fault", { power_fault: "VR\u001b[31m" }, { state: "fault", stateDetail: "VR" }],
    ["a fresh start", { hashRate: 0, uptimeSeconds: 5 }, { state: "starting" }],
    ["old firmware that does not hash", { miningPaused: undefined, hashRate: 0 }, { state: "unknown" }],
    ["a clock of the owner", { frequency: 571.5 }, { mode: "571.5 MHz", stepIndex: null }],
    ["two chips", { temp2: 61 }, { chipMaxC: 61 }],
  ])("%s", (_, change, expected) => expect(toReading({ ...NEW, ...change }, CLOCKS)).toMatchObject(expected));

  it("tells the pool that failed and the one at work", () => {
    const slots = [0, 1].map((id) => ({ ...NEW.pools[0], id, stratumURL: `pool${id}.example` }));
    const { pools } = toReading({ ...NEW, pools: slots, isUsingFallbackStratum: 1 }, CLOCKS);

    expect(pools.map(({ state, isActive, accepted }) => [state, isActive, accepted])).toEqual([
      ["dead", false, null],
      ["alive", true, 1841],
    ]);
  });

  it("any mutation of a field ends in a reading without invented figures", () => {
    const keys = fc.constantFrom(...Object.keys(NEW));
    fc.assert(
      fc.property(keys, fc.jsonValue({ maxDepth: 3 }), (key, value) => {
        const reading = toReading({ ...NEW, [key]: value }, CLOCKS);
        const gone = toReading({ ...NEW, [key]: undefined }, CLOCKS);
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
function board(info: Record<string, unknown> = NEW, special?: (request: string) => unknown) {
  const state: Record<string, unknown> = structuredClone(info);
  const link = scripted({
    http(request, body) {
      const [method = "", path = ""] = request.split(" ");
      if (method === "GET") return path.endsWith("asic") ? ASIC : structuredClone(state);
      const found = special?.(request);
      if (found !== undefined) return found;
      if (path.endsWith("/pause")) state["miningPaused"] = true;
      if (path.endsWith("/resume")) state["miningPaused"] = false;
      if (method === "PATCH")
        Object.assign(state, body, "frequency" in body ? { actualFrequency: body["frequency"] } : {});
      if (method === "PUT") {
        const id = Number(path.split("/").at(-1));
        const slots = (state["pools"] as { id: number }[]).filter((slot) => slot.id !== id);
        state["pools"] = [...slots, { ...body, id }];
      }
      return null;
    },
  });
  return { link, state, capabilities: () => createAxeosDriver().capabilities(link, never) };
}

describe("what it can do", () => {
  it("is a ladder of clocks with guesses from what it draws now", async () => {
    const capable = await board().capabilities();

    expect(capable).toMatchObject({
      canPause: true,
      power: "discrete",
      poolSwitch: "restart",
      split: "none",
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

  it("has no pause before firmware 2.14 and takes the rungs by the chip's name where asked in vain", async () => {
    const link = scripted({ http: (request) => (request.endsWith("asic") ? unsupportedRoute() : OLD) });
    const capable = await createAxeosDriver().capabilities(link, never);

    expect(capable.canPause).toBe(false);
    expect(Object.keys(capable.actions).sort()).toEqual(["locate", "restart", "setStep", "writePools"]);
    expect(capable.steps).toHaveLength(10);
  });
});

describe("writes", () => {
  it("pause and resume with a read-back", async () => {
    const { actions } = await board().capabilities();

    await expect(actions.pause?.(never)).resolves.toBe("effective");
    await expect(actions.resume?.(never)).resolves.toBe("effective");
  });

  it("that the firmware says yes to and forgets are rejected, like those it refuses", async () => {
    const lies = await board(NEW, () => null).capabilities();
    const refuses = await board(NEW, () => unsupportedError("MINER_REFUSED", "no")).capabilities();

    await expect(lies.actions.pause?.(never)).resolves.toBe("rejected");
    await expect(refuses.actions.pause?.(never)).resolves.toBe("rejected");
  });

  it("set only what differs, and only documented clocks", async () => {
    const { link, capabilities } = board();
    const { actions } = await capabilities();

    await expect(actions.setStep?.(1, never)).resolves.toBe("effective");
    await expect(actions.setStep?.(1, never)).resolves.toBe("effective");
    await expect(actions.setStep?.(6, never)).rejects.toMatchObject({ code: "MINER_STEP_UNKNOWN" });
    expect(link.written).toEqual(['PATCH /api/system {"frequency":490}']);
  });

  const pools = [
    {
      url: "stratum+tcp://a.example:3333",
      user: "a.w",
      password: "x",
      role: "member" as const,
      sharePpm: null,
    },
    { url: "stratum+ssl://b.example:443", user: "b.w", password: "y", role: "coop" as const, sharePpm: null },
  ];

  it("put pools into slots with firmware 2.15, keeping the other fields", async () => {
    const { link, capabilities } = board();

    await expect((await capabilities()).actions.writePools?.(pools, never)).resolves.toBe("effective");
    expect(link.written).toEqual([
      'PUT /api/system/pools/0 {"stratumProtocol":"SV1","stratumURL":"a.example","stratumPort":3333,"stratumUser":"a.w","stratumPassword":"x","stratumSuggestedDifficulty":1000,"stratumTLS":0}',
      'PUT /api/system/pools/1 {"stratumURL":"b.example","stratumPort":443,"stratumUser":"b.w","stratumPassword":"y","stratumTLS":1}',
    ]);
  });

  it("use the older keys before it", async () => {
    const { link, capabilities } = board(OLD);

    await expect((await capabilities()).actions.writePools?.(pools, never)).resolves.toBe("effective");
    expect(link.written).toEqual([
      'PATCH /api/system {"stratumURL":"a.example","stratumPort":3333,"stratumUser":"a.w","stratumPassword":"x","fallbackStratumURL":"b.example","fallbackStratumPort":443,"fallbackStratumUser":"b.w","fallbackStratumPassword":"y"}',
    ]);
  });

  const bare = { url: "a.example", user: "a.w", password: "x", role: "member" as const, sharePpm: null };

  it("refuse a third pool and an address that is none before anything is sent", async () => {
    const { link, capabilities } = board();
    const { actions } = await capabilities();

    await expect(actions.writePools?.([...pools, ...pools], never)).rejects.toMatchObject({
      code: "MINER_TOO_MANY_POOLS",
    });
    await expect(actions.writePools?.([bare], never)).rejects.toMatchObject({
      code: "POOL_TEXT_INVALID",
    });
    expect(link.written).toEqual([]);
  });

  it("switch the pool with a restart, only when the choice was stored", async () => {
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
});

function unsupportedRoute() {
  return unsupportedError("MINER_NO_ROUTE", "404");
}
