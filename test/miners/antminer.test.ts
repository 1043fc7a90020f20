import { describe, expect, it } from "vitest";
import { createAntminerDriver, toIdentity } from "#src/miners/antminer.ts";
import { unreachableError } from "#src/model/errors.ts";
import { CGI, LOW_CONFIG, memoryOf, miner, page } from "./antminer-in-memory.ts";
import { fixture, scripted } from "./fixtures.ts";

const never = new AbortController().signal;

describe("who it is", () => {
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

  it.each([
    ["Antminer S21 Hyd.", 5700],
    ["Antminer S19 Pro+ Hyd.", 5700],
    ["Antminer S19k Pro", 2760],
    ["Antminer X99", 3300],
  ])("of %s is planned with its own draw", async (minertype, wallW) => {
    const info = page("s19-230311", "get_system_info");
    const { capabilities } = miner(LOW_CONFIG, {
      special: (request) => (request.includes("system_info") ? { ...info, minertype } : undefined),
    });

    expect((await capabilities()).steps[1]).toMatchObject({ label: "normal", wallW });
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

  it("gives pools that stand there without a scheme as they can be written back", async () => {
    const bare = [{ url: "pool.example:3333", user: "a.w", pass: "p" }];
    const { driver, link, posted, capabilities } = miner({ ...LOW_CONFIG, pools: bare });

    const { pools } = await driver.backup(link, never);
    expect(pools).toMatchObject([{ url: "stratum+tcp://pool.example:3333", password: "p" }]);
    const targets = pools.map(({ url, user, password }) => ({ url, user, password: password ?? "" }));
    const restored = targets.map((target) => ({ ...target, role: "member" as const, sharePpm: null }));
    await expect((await capabilities()).actions.writePools?.(restored, never)).resolves.toBe("effective");
    expect(posted).toEqual([]);
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
