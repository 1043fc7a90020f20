import { describe, expect, it } from "vitest";
import { createAntminerDriver, toIdentity } from "#src/miners/antminer.ts";
import { type AntminerAnswers, toReading } from "#src/miners/antminer-reading.ts";
import { unreachableError } from "#src/model/errors.ts";
import type { MinerReading } from "#src/model/miner.ts";
import { CGI, LOW_CONFIG, memoryOf, miner, page, SLEEPING_CONFIG } from "./antminer-in-memory.ts";
import { fixture, scripted, sections } from "./fixtures.ts";

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

  it("is known by its MAC, else by its serial number", () => {
    const info = page("s19-230311", "get_system_info");

    expect(toIdentity(info)).toEqual({
      id: "02:00:00:00:00:19",
      mac: "02:00:00:00:00:19",
      serial: "HTH0000000000019",
      make: "Bitmain",
      model: "Antminer S19",
      firmware: "antminer",
      firmwareVersion: "Sat Mar 11 14:02:23 CST 2023",
    });
    expect(toIdentity({ ...info, macaddr: "" })?.id).toBe("serial:HTH0000000000019");
    expect(toIdentity({ ...info, macaddr: "", serinum: "" })).toBeNull();
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

describe("who it is", () => {
  const lock = (realm: string) => ({ status: 401, headers: { "www-authenticate": realm } });
  const identify = (first: unknown, second?: unknown) => {
    const answers = [first, second];
    const link = scripted({ http: () => answers.shift() });
    return createAntminerDriver()
      .identify(link, never)
      .finally(() => expect(link.written).toEqual([]));
  };
  const info = page("s21-251009", "get_system_info");
  const realm = 'Digest realm="antMiner Configuration", nonce="a", qop="auth"';

  it("is told behind the realm of this firmware", async () => {
    await expect(identify(lock(realm), info)).resolves.toMatchObject({ id: "02:00:00:00:00:21" });
  });

  it.each([
    ["a page that is not there", { status: 404, body: null }],
    ["a basic lock", lock('Basic realm="router"')],
    ["a digest lock of somebody else", lock('Digest realm="camera", nonce="a"')],
    ["JSON of somebody else", { status: 200, body: { error: "unknown route" } }],
    ["a redirect", { status: 307, body: null }],
  ])("is nobody of this family behind %s, and no password is shown there", async (_, answer) => {
    await expect(identify(answer)).resolves.toBeNull();
  });

  it("is an error where the password is refused, or the miner does not name itself", async () => {
    const refused = unreachableError("MINER_PASSWORD_WRONG", "no");

    await expect(identify(lock(realm), refused)).rejects.toMatchObject({ code: "MINER_PASSWORD_WRONG" });
    await expect(identify(lock(realm), {})).rejects.toMatchObject({ code: "MINER_BAD_ANSWER" });
  });
});

describe("what it can do", () => {
  it("is low and normal with draws from the model table", async () => {
    const capable = await miner().capabilities();

    expect(capable).toMatchObject({
      canPause: true,
      power: "discrete",
      split: "none",
      restartsOnChange: true,
      pausePersists: true,
      poolSlots: 3,
      poolSwitch: "restart",
      poolsNeedRestart: false,
    });
    expect(capable.steps).toEqual([
      { label: "low", targetW: null, wallW: 2440, hashrateThs: null },
      { label: "normal", targetW: null, wallW: 3250, hashrateThs: null },
    ]);
  });

  it("has high mode where it was found in it, also after a restart of the program", async () => {
    const memory = memoryOf();
    const high = { ...LOW_CONFIG, "bitmain-work-mode": "2" };

    expect((await miner(high, { memory }).capabilities()).steps.map(({ label }) => label)).toEqual([
      "low",
      "normal",
      "high",
    ]);
    expect((await miner(LOW_CONFIG, { memory }).capabilities()).steps).toHaveLength(3);
    expect((await miner().capabilities()).steps).toHaveLength(2);
  });

  it("is no pause and no step without a mode in its configuration", async () => {
    const { "bitmain-work-mode": _, ...rest } = LOW_CONFIG;
    const capable = await miner(rest).capabilities();

    expect([capable.canPause, capable.power, capable.steps]).toEqual([false, "none", []]);
    expect(Object.keys(capable.actions).sort()).toEqual(["locate", "restart", "selectPool", "writePools"]);
  });

  it("gives its whole configuration as a backup, with passwords", async () => {
    const { driver, link } = miner();

    await expect(driver.backup(link, never)).resolves.toEqual({
      pools: [
        { url: "stratum+tcp://pool.member.example:3333", user: "member.s19", password: "x", sharePpm: null },
        {
          url: "stratum+tcp://pool.coop.example:3333",
          user: "coop.member0417",
          password: "x",
          sharePpm: null,
        },
      ],
      settings: LOW_CONFIG,
    });
  });
});

describe("port 4028", () => {
  const count = (asked: readonly string[]) => asked.filter((line) => line.includes("new_api")).length;

  it("is asked with the flag beside the command", async () => {
    const { driver, link } = miner();

    expect((await driver.read(link, never)).powerW).toBe(2412);
    expect(link.asked).toEqual([
      `GET ${CGI}/get_miner_conf.cgi`,
      '{"command":"stats","new_api":true}',
      `GET ${CGI}/summary.cgi`,
      "pools",
    ]);
  });

  it.each([
    ["closed", () => unreachableError("MINER_UNREACHABLE", "no")],
    ["without a word", () => ""],
    ["refusing", () => '{"STATUS":[{"STATUS":"E","Code":45,"Msg":"Access denied"}],"id":1}'],
  ])("that is %s is left alone for five minutes, and the page is read", async (_, socket) => {
    const { driver, link } = miner(LOW_CONFIG, { socket });

    for (let poll = 0; poll < 3; poll++) {
      expect(await driver.read(link, never)).toMatchObject({
        powerW: null,
        powerSource: null,
        hashrateThs: 76.05623,
      });
    }
    expect(count(link.asked)).toBe(1);
    link.pace.slept += 300_000;
    await driver.read(link, never);
    expect(count(link.asked)).toBe(2);
  });

  it("that is closed while the mining process starts is asked again at the next poll", async () => {
    const down = unreachableError("MINER_BACKEND_DOWN", "no");
    let isUp = false;
    const { driver, link } = miner(LOW_CONFIG, {
      special: (request) => (request.includes("stats") && !isUp ? down : undefined),
      socket: () =>
        isUp
          ? fixture("antminer/s19-230311/stats.new_api.json")
          : unreachableError("MINER_UNREACHABLE", "no"),
    });

    await expect(driver.read(link, never)).rejects.toMatchObject({ code: "MINER_BACKEND_DOWN" });
    isUp = true;
    expect((await driver.read(link, never)).powerW).toBe(2412);
  });

  it("that answers garbage once is asked again at the next poll", async () => {
    const { driver, link } = miner(LOW_CONFIG, { socket: () => unreachableError("MINER_BAD_ANSWER", "no") });

    await driver.read(link, never);
    await driver.read(link, never);
    expect(count(link.asked)).toBe(2);
  });
});
