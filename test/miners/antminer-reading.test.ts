import { describe, expect, it } from "vitest";
import { type AntminerAnswers, toReading } from "#src/miners/antminer-reading.ts";
import { unreachableError } from "#src/model/errors.ts";
import type { MinerReading } from "#src/model/miner.ts";
import { LOW_CONFIG, miner, page, SLEEPING_CONFIG } from "./antminer-in-memory.ts";
import { sections } from "./fixtures.ts";

const never = new AbortController().signal;
const LOW_FIRST = [3, 0];

const pages = (version: string): AntminerAnswers => ({
  config: page(version, "get_miner_conf"),
  summary: page(version, "summary"),
  pools: version.startsWith("s19-2303") ? sections(`antminer/${version}/pools.json`) : page(version, "pools"),
  stats: version.startsWith("s21")
    ? page(version, "stats")
    : sections(`antminer/${version}/stats.new_api.json`),
});

const LOW = pages("s19-230311");
const UNKNOWN_COUNTERS = { accepted: null, rejected: null, stale: null, acceptedDifficulty: null };

describe("an S19 in low mode whose port 4028 is open", () => {
  it("reads as recorded, with watts", () => {
    expect(toReading(LOW, LOW_FIRST)).toEqual({
      state: "mining",
      stateDetail: null,
      powerW: 2412,
      powerSource: "estimated",
      hashrateThs: 76.05623,
      chipMaxC: 66,
      boardC: 61,
      inletC: null,
      outletC: null,
      fans: [3270, 3420, 3510, 3510].map((rpm) => ({ rpm, percent: null })),
      hasFanFault: false,
      uptimeS: 17065,
      powerTargetW: null,
      mode: "low",
      stepIndex: 0,
      pools: [
        {
          url: "stratum+tcp://pool.member.example:3333",
          user: "member.s19",
          role: "unknown",
          state: "alive",
          acceptedDifficulty: 115343360,
          accepted: 1760,
          rejected: 3,
          stale: 1,
          shareDifficulty: 65536,
          isActive: true,
          sharePpm: null,
        },
        {
          url: "stratum+tcp://pool.coop.example:3333",
          user: "coop.member0417",
          role: "unknown",
          state: "alive",
          acceptedDifficulty: 0,
          accepted: 0,
          rejected: 0,
          stale: 0,
          shareDifficulty: null,
          isActive: false,
          sharePpm: null,
        },
      ],
    });
  });
});

describe("an S21 whose port 4028 is off", () => {
  it("reads the same without watts, and tells so", () => {
    const reading = toReading(pages("s21-251009"), LOW_FIRST);

    expect(reading).toMatchObject({
      state: "mining",
      powerW: null,
      powerSource: null,
      hashrateThs: 206.9,
      chipMaxC: 73,
      boardC: 68,
      mode: "normal",
      stepIndex: 1,
    });
    expect(
      reading.pools.map(({ state, shareDifficulty, isActive }) => [state, shareDifficulty, isActive]),
    ).toEqual([
      ["alive", 262144, null],
      ["dead", null, null],
    ]);
  });
});

describe("a sleeping S19 that knows only the old form", () => {
  it("is paused, with the pools as configured and still fans that are no fault", () => {
    expect(toReading(pages("s19-sleeping"), LOW_FIRST)).toMatchObject({
      state: "paused",
      stateDetail: "fans: fan lost",
      powerW: null,
      powerSource: null,
      hashrateThs: 0,
      chipMaxC: null,
      boardC: null,
      fans: [0, 0, 0, 0].map((rpm) => ({ rpm, percent: null })),
      hasFanFault: false,
      uptimeS: 5210,
      mode: "sleep",
      stepIndex: null,
      pools: [
        { url: "stratum+tcp://pool.member.example:3333", user: "member.s19", ...UNKNOWN_COUNTERS },
        { url: "stratum+tcp://pool.coop.example:3333", user: "coop.member0417", ...UNKNOWN_COUNTERS },
      ],
    });
  });
});

describe("an S21 that tells empty lists while it sleeps", () => {
  const lists = { STATS: [], SUMMARY: [], POOLS: [] };
  const silent = (config: unknown) =>
    miner(config, {
      special: (request) => (/(stats|summary|pools)\.cgi/.test(request) ? lists : undefined),
      socket: () => unreachableError("MINER_UNREACHABLE", "no"),
    });

  it("is paused, with nothing made up, and can be woken", async () => {
    const { driver, link, posted, capabilities } = silent(SLEEPING_CONFIG);

    await expect(driver.read(link, never)).resolves.toMatchObject({
      state: "paused",
      hashrateThs: null,
      powerW: null,
      uptimeS: null,
      fans: [],
      hasFanFault: false,
      pools: [{ user: "member.s19" }, { user: "coop.member0417" }],
    });
    const { actions } = await capabilities();
    await expect(actions.pause?.(never)).resolves.toBe("effective");
    await expect(actions.resume?.(never)).resolves.toBe("pending");
    expect(posted).toHaveLength(1);
  });

  it("is a miss where it is set to run", async () => {
    const { driver, link } = silent(LOW_CONFIG);

    await expect(driver.read(link, never)).rejects.toMatchObject({ code: "MINER_BAD_ANSWER" });
  });
});

describe("unusual figures", () => {
  const row = (LOW.stats as { STATS: Record<string, unknown>[] }).STATS[0] ?? {};
  const stats = (change: Record<string, unknown>) => ({ ...LOW, stats: { STATS: [{ ...row, ...change }] } });
  const mode = (change: Record<string, unknown>) => ({
    ...LOW,
    config: { ...LOW_CONFIG, ...change },
  });
  const complaint = (type: string, change: Record<string, unknown> = {}, msg = "") => ({
    ...stats(change),
    summary: { SUMMARY: [{ status: [{ type, status: "e", code: 7, msg }] }] },
  });
  const old = (change: Record<string, unknown>) => ({
    ...LOW,
    stats: { STATS: [{ BMMiner: "1.0.0" }, { "GHS 5s": "61000", Elapsed: 50, ...change }] },
  });
  const asleep = (change: Record<string, unknown>) => ({
    ...stats(change),
    config: SLEEPING_CONFIG,
  });

  it.each<[string, AntminerAnswers, Partial<MinerReading>]>([
    ["numbers as strings", old({}), { hashrateThs: 61, state: "mining" }],
    ["a rate in TH/s", stats({ rate_unit: "TH/s", rate_5s: 76.5 }), { hashrateThs: 76.5 }],
    [
      "a rate in a unit that is not known",
      { ...stats({ rate_unit: "Sol/s" }), summary: null },
      { hashrateThs: null },
    ],
    ["no live rate there: that of the summary", stats({ rate_5s: null }), { hashrateThs: 76.05623 }],
    [
      "no live rate at all: never the average",
      { ...stats({ rate_5s: null }), summary: {} },
      { hashrateThs: null },
    ],
    [
      "four places of a board",
      old({ temp_chip1: "78-50-69-70", temp_pcb1: "60-0-255-58" }),
      { chipMaxC: 78, boardC: 60 },
    ],
    ["an empty place", old({ temp_chip1: "", chain_rate1: "" }), { chipMaxC: null, boardC: null }],
    ["no fans at all", stats({ fan: [], fan_num: 0 }), { fans: [] }],
    ["watts that are none", stats({ watt: -1 }), { powerW: null, powerSource: null }],
    ["no watts from what answers", stats({ watt: 0 }), { powerW: null, powerSource: null }],
    ["a start", stats({ rate_5s: 0, elapsed: 120 }), { state: "starting", stepIndex: 0 }],
    [
      "a miner without work, long after its start",
      stats({ rate_5s: 0 }),
      { state: "unknown", stepIndex: null },
    ],
    ["high mode that was not offered", mode({ "bitmain-work-mode": "2" }), { mode: "high", stepIndex: null }],
    ["a mode without a word", mode({ "bitmain-work-mode": "7" }), { mode: "mode 7", stepIndex: null }],
    ["two keys that differ: the mode in force", mode({ "miner-mode": 0 }), { mode: "low", stepIndex: 0 }],
    [
      "sleep that does not sleep",
      asleep({}),
      { state: "mining", stateDetail: "set to sleep, and still hashing" },
    ],
    ["sleep", asleep({ rate_5s: 0 }), { state: "paused", mode: "sleep" }],
    ["sleep without a rate", { ...asleep({ rate_5s: null }), summary: {} }, { state: "paused" }],
    [
      "too hot",
      complaint("temp", { rate_5s: 0 }, "over max temp"),
      { state: "fault", stateDetail: "temp: over max temp" },
    ],
    [
      "a dead fan",
      complaint("fans", { rate_5s: 0 }),
      { state: "fault", hasFanFault: true, stateDetail: "fans: code 7" },
    ],
    ["a dead fan while it still hashes", complaint("fans"), { state: "mining", hasFanFault: true }],
    [
      "a lost pool",
      complaint("network", { rate_5s: 0 }),
      { state: "unknown", stateDetail: "network: code 7" },
    ],
    ["an escape sequence", complaint("temp", { rate_5s: 0 }, "hot\u001b[31m"), { stateDetail: "temp: hot" }],
  ])("%s", (_, answers, expected) => expect(toReading(answers, LOW_FIRST)).toMatchObject(expected));

  it("tells pools in the old spelling with the one at work", () => {
    const pools = {
      POOLS: [{ URL: "pool.example:3333", User: "a.w", Status: "Alive", "Stratum Active": true }],
    };

    expect(toReading({ ...LOW, pools }, LOW_FIRST).pools).toMatchObject([
      { url: "stratum+tcp://pool.example:3333", user: "a.w", state: "alive", isActive: true, accepted: null },
    ]);
  });
});
