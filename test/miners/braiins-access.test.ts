import { describe, expect, it } from "vitest";
import { toBosVersion } from "#src/miners/bos-graphql.ts";
import { createBosminerDriver } from "#src/miners/bosminer.ts";
import { createBraiinsDriver, toOldIdentity } from "#src/miners/braiins.ts";
import { unreachableError } from "#src/model/errors.ts";
import { DETAILS, miner, never } from "./braiins-in-memory.ts";
import { fixture, scripted } from "./fixtures.ts";

describe("its login", () => {
  it("uses the factory's empty password where none is given, and the bare token", async () => {
    const seen: string[] = [];
    const link = scripted({
      http(request, body, headers) {
        if (headers["authorization"] === undefined && request.startsWith("GET")) return { status: 401 };
        if (request.endsWith("login")) return { status: 200, body: { token: "abc", timeout_s: 1, ...body } };
        seen.push(headers["authorization"] ?? "");
        return DETAILS;
      },
    });

    await expect(createBraiinsDriver().identify(link, never)).resolves.toMatchObject({
      firmwareVersion: "26.04",
    });
    expect(link.asked[1]).toBe('POST /api/v1/auth/login {"username":"root","password":""}');
    expect(seen).toEqual(["abc"]);
  });

  it("is not tried again after a wrong password, and gives no second guess", async () => {
    const { link } = miner(undefined, "right");
    const driver = createBraiinsDriver({ password: "wrong" });

    for (let turn = 0; turn < 3; turn++) {
      await expect(driver.read(link, never)).rejects.toMatchObject({ code: "MINER_PASSWORD_WRONG", exit: 5 });
    }
    expect(link.asked.filter((line) => line.includes("login"))).toHaveLength(1);
  });

  it("is made anew once when the device has forgotten the token", async () => {
    const { link, driver, state } = miner();
    await driver.identify(link, never);
    state.token = 10;

    await expect(driver.identify(link, never)).resolves.toMatchObject({ mac: "02:00:00:00:00:01" });
    expect(link.asked.filter((line) => line.includes("login"))).toHaveLength(2);
  });

  it("that is not answered any more does not tell a new firmware to be updated to an older one", async () => {
    const { link, driver, state } = miner((request) =>
      request.endsWith("login") && state.token > 0 ? { status: 404, body: null } : undefined,
    );
    await driver.read(link, never);
    state.token = 10;

    await expect(driver.read(link, never)).rejects.toMatchObject({
      code: "MINER_NO_ROUTE",
      hint: expect.stringMatching(/again in a minute/),
    });
  });

  it.each([
    ["does not show the interface", { status: 404, body: null }],
    [
      "asks for another kind of login",
      { status: 401, headers: { "www-authenticate": 'Digest realm="antMiner Configuration"' }, body: null },
    ],
  ])("sends no password to a device that %s", async (_, answer) => {
    for (const create of [createBraiinsDriver, createBosminerDriver]) {
      const link = scripted({ http: () => answer });

      await expect(create({ password: "secret" }).identify(link, never)).resolves.toBeNull();
      expect(link.asked.join()).not.toContain("secret");
    }
  });
});

const noRoute = unreachableError("MINER_NO_ROUTE", "not known (404)");

describe("its readings", () => {
  it("cost five requests each while they follow each other, and all that is old after a minute", async () => {
    const { link, driver } = miner();
    const asked = async () => {
      const before = link.asked.length;
      const { powerTargetW, boardC } = await driver.read(link, never);
      expect([powerTargetW, boardC]).toEqual([1200, 47.25]);
      return link.asked.length - before;
    };

    // The first one asks for the interface and logs in too.
    expect(await asked()).toBe(9);
    link.pace.slept += 10_000;
    expect(await asked()).toBe(5);
    link.pace.slept += 10_000;
    expect(await asked()).toBe(5);
    link.pace.slept += 60_000;
    expect(await asked()).toBe(7);
  });

  it("believe the figures of a pause that is old at the first look, and not those of one that was seen to begin", async () => {
    const { link, driver, state } = miner();
    const pause = (agoS: number) => {
      const seconds = link.pace.nowMs() / 1000 - agoS;
      const detailed_status = {
        status: { stopped: { reason: { user_pause: {} } } },
        status_since: { seconds },
      };
      Object.assign(state.details, { status: 3, detailed_status });
    };
    pause(3_600);
    await expect(driver.read(link, never)).resolves.toMatchObject({ state: "paused", powerW: 1188 });

    state.details.status = 2;
    await driver.read(link, never);
    // The clock of the device is an hour late.
    pause(3_600);
    await expect(driver.read(link, never)).resolves.toMatchObject({ state: "paused", powerW: 20 });
  });

  it("go on without the parts that a release does not have", async () => {
    const later = ["errors", "tuner-state", "hashboards", "cooling/state"];
    const { link, driver, state } = miner((request) =>
      later.some((part) => request.endsWith(part)) ? noRoute : undefined,
    );
    state.details.status = 4;

    await expect(driver.read(link, never)).resolves.toMatchObject({
      ...{ state: "fault", powerW: 1188, powerTargetW: 1200, boardC: null, chipMaxC: null, fans: [] },
    });
    const without = miner((request) => (request.endsWith("miner/stats") ? noRoute : undefined));
    await expect(without.driver.read(without.link, never)).rejects.toMatchObject({ code: "MINER_NO_ROUTE" });
  });

  it("ask a miner that its firmware has stopped for the reason", async () => {
    const errors = { errors: [{ message: "Overheated", components: [] }] };
    const { link, driver, state } = miner((request) => (request.endsWith("errors") ? errors : undefined));
    await driver.read(link, never);
    state.details.status = 4;
    const before = link.asked.length;

    await expect(driver.read(link, never)).resolves.toMatchObject({
      ...{ state: "fault", stateDetail: "suspended by its firmware; Overheated" },
    });
    expect(link.asked.length - before).toBe(5);
  });
});

describe("a miner that has only half started", () => {
  it("is not taken for a stranger, nor named by half its identity", async () => {
    const { link, driver, state } = miner();
    Object.assign(state.details, { mac_address: "", serial_number: null, uid: "" });

    await expect(driver.identify(link, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE" });
  });

  it("and does not show its routes yet is not taken for an old release", async () => {
    const self = { bos: { hwid: "lAOJ0RbI6axyOyGf", info: { version: { full: "x-26.04-plus" } } } };
    const link = scripted({
      http: (request) =>
        request === "POST /graphql" ? { status: 200, body: { data: self } } : { status: 404, body: null },
    });
    const driver = createBraiinsDriver();

    await expect(driver.identify(link, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE" });
    await expect(driver.capabilities(link, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE" });
  });

  it("is not taken for one without a range", async () => {
    const { link, driver, state } = miner((request) => (request.endsWith("constraints") ? {} : undefined));
    state.details.status = 1;

    await expect(driver.capabilities(link, never)).rejects.toMatchObject({ code: "MINER_INCOMPLETE" });
  });
});

describe("a release before the REST interface", () => {
  const old = (self: unknown = JSON.parse(fixture("braiins/25.05/post.graphql.json"))) =>
    scripted({
      http: (request) =>
        request === "POST /graphql" ? { status: 200, body: self } : { status: 404, body: null },
      cgminer: () => fixture("braiins/25.05/summary+tunerstatus+temps+fans+tempctrl+pools.json"),
    });

  it("is known by its hardware number, read over the socket, and told what to do", async () => {
    const link = old();
    const driver = createBraiinsDriver();

    await expect(driver.identify(link, never)).resolves.toMatchObject({
      ...{ id: "serial:lAOJ0RbI6axyOyGf", mac: null, model: "Antminer S19 Pro", firmwareVersion: "25.05" },
    });
    await expect(driver.read(link, never)).resolves.toMatchObject({
      ...{
        state: "mining",
        powerW: 2088,
        powerSource: "estimated",
        powerTargetW: 2100,
        hashrateThs: 82_102_776.1 * 1e-6,
      },
      ...{ chipMaxC: 68, boardC: 53.75, uptimeS: 3720 },
      stateDetail: "only read: update Braiins OS to 25.07 or later and pair it again to control it from here",
      pools: [{ acceptedDifficulty: 54001664, sharePpm: null }],
    });
    await expect(driver.capabilities(link, never)).resolves.toMatchObject({
      ...{ canPause: false, power: "none", split: "none", actions: {} },
    });
    await expect(driver.backup(link, never)).resolves.toMatchObject({
      pools: [{ password: null }],
      settings: null,
    });
  });

  it("that shows the path and has no login behind it is read over the socket too", async () => {
    const half = scripted({
      http: (request) => ({ status: request.endsWith("login") ? 405 : 401, body: null }),
      cgminer: () => fixture("braiins/25.05/summary+tunerstatus+temps+fans+tempctrl+pools.json"),
    });

    await expect(createBraiinsDriver().read(half, never)).resolves.toMatchObject({ powerW: 2088 });
  });

  const self = (version: string | null, hardwareId: string | null = "abcdef123456") => ({
    hardwareId,
    model: "Antminer S9",
    version: toBosVersion(version),
  });

  it("of 22.08 or older is left to its own driver", () => {
    expect(toOldIdentity(self("22.08.1"))).toBeNull();
    expect(toOldIdentity(self("23.03"))).toMatchObject({ id: "serial:abcdef123456" });
    expect(toOldIdentity(self(null))).toMatchObject({ firmwareVersion: "" });
    expect(toOldIdentity(null)).toBeNull();
  });

  it("that tells no number of its own is named, with the update to make", async () => {
    const nameless = old({
      data: { bos: { info: { version: { full: "2024-09-11-0-aaaaaaaa-24.09-plus" } } } },
    });

    await expect(createBraiinsDriver().identify(nameless, never)).rejects.toMatchObject({
      code: "MINER_UNSUPPORTED",
      message: expect.stringContaining("Braiins OS 24.09"),
      hint: "Update Braiins OS to 25.07 or later",
    });
  });
});
