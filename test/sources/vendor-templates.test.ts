import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { fillTemplate, findTemplate } from "#src/config/source-templates.ts";
import type { SourceRole } from "#src/model/config.ts";
import type { OpenSourceLinks } from "#src/net/source-links.ts";
import { createSource } from "#src/sources/registry.ts";
import { put, startModbusDevice } from "./modbus-server.ts";
import { selfSigned } from "./self-signed.ts";
import { openLinks, startWebDevice } from "./support.ts";

const signal = new AbortController().signal;
let links: OpenSourceLinks;
let stop: () => Promise<void>;
afterEach(async () => {
  await links.close();
  await stop();
});

type Params = Record<string, string | number>;

/** What a source of the template makes of the device at `host`. */
function readFrom(template: string, role: SourceRole, host: string, more: object = {}) {
  links = openLinks({ "file:s": "s3cret" });
  const choice = { name: "one", role, host, zone: "den", ...more };
  return createSource(fillTemplate(findTemplate(template), choice), links).read(signal);
}

async function readWeb(template: string, role: SourceRole, paths: Record<string, unknown>, params: Params) {
  const device = await startWebDevice(paths);
  stop = device.close;
  return readFrom(template, role, device.host, { params });
}

const em = (changes: object) => ({
  "/rpc/EM.GetStatus?id=0": {
    a_act_power: 100,
    b_act_power: -700.5,
    c_act_power: 0,
    n_current: null,
    ...changes,
  },
});
const em1 = (changes: object) => ({
  "/rpc/EM1.GetStatus?id=1": { act_power: -42.5, calibration: "factory", ...changes },
});
const plug = (changes: object) => ({
  "/rpc/Switch.GetStatus?id=0": { output: true, apower: -812.4, ...changes },
});
const tasmota = (sensors: object) => ({
  "/cm?cmnd=Status%208": { StatusSNS: { Time: "2026-11-24T12:00:00", ...sensors } },
});
const site = (changes: object, code = 0, states = [8]) => ({
  "/solar_api/v1/GetPowerFlowRealtimeData.fcgi": {
    Head: { Status: { Code: code, Reason: "" } },
    Body: {
      Data: {
        Inverters: { 1: { SOC: 71.5 } },
        Site: {
          ...{
            Mode: "bidirectional",
            Meter_Location: "grid",
            P_Grid: -1200,
            P_PV: 3000,
            P_Akku: -800,
            P_Load: -950,
          },
          ...changes,
        },
      },
    },
  },
  "/solar_api/v1/GetInverterInfo.cgi": {
    Body: { Data: Object.fromEntries(states.map((StatusCode, i) => [i + 1, { StatusCode, UniqueID: "1" }])) },
  },
});
const sonnen = { "/api/v1/status": { GridFeedIn_W: 420, Production_W: 900, Pac_total_W: -300 } };
const esp = (value: unknown, state: string) => ({ "/sensor/Grid%20Power": { id: "s", value, state } });
const p1 = (consumed: unknown, produced: unknown) => ({
  "/sensor/Power%20Consumed": { value: consumed, state: `${consumed} kW` },
  "/sensor/Power%20Produced": { value: produced, state: `${produced} kW` },
});

describe("a device on HTTP", () => {
  it.each<[string, SourceRole, Record<string, unknown>, number | null, Params?]>([
    ["shelly-em", "grid", em({ a_errors: [] }), -600.5],
    ["shelly-em", "grid", em({ b_act_power: null }), null],
    ["shelly-em", "grid", em({ errors: ["power_meter_failure"] }), null],
    ["shelly-em", "grid", em({ c_errors: ["out_of_range:current"] }), null],
    ["shelly-em1", "grid", em1({}), -42.5, { channel: 1 }],
    ["shelly-em1", "battery_power", em1({}), 42.5, { channel: 1 }],
    ["shelly-em1", "grid", em1({ errors: ["ct_type_not_set"] }), null, { channel: 1 }],
    ["shelly-em1", "grid", em1({ act_power: null }), null, { channel: 1 }],
    ["shelly-switch", "miner_power", plug({}), 812.4],
    ["shelly-switch", "pv", plug({ apower: null }), null],
    ["shelly-pm1", "load", { "/rpc/PM1.GetStatus?id=0": { apower: 55 } }, 55],
    ["shelly-temperature", "room", { "/rpc/Temperature.GetStatus?id=100": { id: 100, tC: 20.9 } }, 20.9],
    ["shelly-temperature", "room", { "/rpc/Temperature.GetStatus?id=100": { id: 100, tC: null } }, null],
    ["homewizard", "grid", { "/api/v1/data": { active_power_w: -543 } }, -543],
    ["homewizard", "pv", { "/api/v1/data": { active_power_w: -543 } }, 543],
    ["homewizard", "grid", { "/api/v1/data": { active_power_w: null } }, null],
    ["homewizard", "grid", { "/api/v1/data": { wifi_strength: 90 } }, null],
    ["tasmota", "miner_power", tasmota({ ENERGY: { Power: 812 } }), 812],
    ["tasmota", "load", tasmota({ ENERGY: { Power: [5, 7] } }), 7, { channel: 1 }],
    ["tasmota", "load", tasmota({}), null],
    [
      "tasmota",
      "load",
      { "/cm?cmnd=Status%208": { WARNING: "Need user=<username>&password=<password>" } },
      null,
    ],
    ["tasmota-sml", "grid", tasmota({ sml: { POWER_CURR: -310 } }), -310],
    ["tasmota-sml", "grid", tasmota({ SML: { Total_in: 5 } }), null],
    [
      "tasmota-temperature",
      "room",
      tasmota({ DS18B20: { Temperature: 20.5 }, TempUnit: "C" }),
      20.5,
      { sensor: "DS18B20" },
    ],
    [
      "tasmota-temperature",
      "room",
      tasmota({ DS18B20: { Temperature: 68 }, TempUnit: "F" }),
      20,
      { sensor: "DS18B20", unit: "F" },
    ],
    [
      "tasmota-temperature",
      "room",
      tasmota({ DS18B20: { Temperature: 68 }, TempUnit: "F" }),
      null,
      { sensor: "DS18B20" },
    ],
    [
      "tasmota-temperature",
      "room",
      tasmota({ DS18B20: { Temperature: 85 }, TempUnit: "C" }),
      null,
      { sensor: "DS18B20" },
    ],
    [
      "tasmota-temperature",
      "room",
      tasmota({ DS18B20: { Temperature: -127 }, TempUnit: "C" }),
      null,
      { sensor: "DS18B20" },
    ],
    ["esphome", "grid", esp(-812.4, "-812.4 W"), -812.4, { sensor: "Grid Power" }],
    ["esphome", "grid", esp(0.8, "0.8 kW"), null, { sensor: "Grid Power" }],
    ["esphome", "grid", esp("NaN", "NA"), null, { sensor: "Grid Power" }],
    ["esphome-p1", "grid", p1(0, 1.5), -1500],
    ["esphome-p1", "grid", p1(0, null), null],
    ["fronius", "grid", site({}), -1200],
    ["fronius", "grid", site({ P_Grid: null }), null],
    ["fronius", "grid", site({ Mode: "produce-only", P_Grid: 0 }), null],
    ["fronius", "grid", site({}, 255), null],
    ["fronius", "pv", site({}), 3000],
    ["fronius", "pv", site({ P_PV: null }), 0],
    ["fronius", "pv", site({ P_PV: null }, 0, [8, 7]), null],
    ["fronius", "pv", site({ P_PV: null }, 0, []), null],
    ["fronius", "battery_power", site({}), -800],
    ["fronius", "battery_soc", site({}), 71.5],
    ["fronius", "load", site({}), 950],
    ["sonnen", "grid", sonnen, -420],
    ["sonnen", "battery_power", sonnen, -300],
    ["everhome-ecotracker", "grid", { "/v1/json": { power: -12 } }, -12],
    ["amsleser", "grid", { "/data.json": { w: 0, e: 130 } }, -130],
    ["amsleser", "grid", { "/data.json": { w: 0 } }, null],
    ["youless", "grid", { "/e": [{ pwr: -5 }] }, -5],
    [
      "ada-p1",
      "grid",
      { "/json": { instantaneous_power_import: "0.5", instantaneous_power_export: "0.0" } },
      500,
    ],
    ["ada-p1", "grid", { "/json": { instantaneous_power_import: "0.5" } }, null],
    ["cozify-han", "grid", { "/meter/data": { pi: [3], pe: [8] } }, -5],
    ["iammeter", "grid", { "/api/monitorjson": { Datas: [[], [], [], [230, 1, -77]] } }, -77],
    ["stromleser", "grid", { "/v1/data": { "16.7.0": "-410 W" } }, -410],
    ["stromleser", "grid", { "/v1/data": { "16.7.0": "-0.41 kW" } }, null],
    ["opendtu", "pv", { "/api/livedata/status": { total: { Power: { v: 301.5, u: "W" } } } }, 301.5],
    ["ahoydtu", "pv", { "/api/inverter/id/0": { ch: [[230, 1, 88]] } }, 88],
    ["apsystems-ez1", "pv", { "/getOutputData": { data: { p1: 100, p2: 90 } } }, 190],
    [
      "iotawatt",
      "grid",
      { "/query?select=%5BMain.watts%5D&begin=s-10s&end=s&group=all": [[812.3]] },
      812.3,
      { series: "Main" },
    ],
    [
      "iotawatt",
      "grid",
      { "/query?select=%5BMain.watts%5D&begin=s-10s&end=s&group=all": [[null]] },
      null,
      { series: "Main" },
    ],
  ])("%s as %s is read from its own answers (%j: %j)", async (template, role, paths, value, params = {}) => {
    await expect(readWeb(template, role, paths, params)).resolves.toMatchObject({ value });
  });

  it.each(["shelly-em", "homewizard", "tasmota", "fronius", "youless"])(
    "%s with a login page in place of data is a miss",
    async (name) => {
      const page = "<html><form>Login</form></html>";
      const template = findTemplate(name);
      const role = Object.keys(template.roles)[0] as SourceRole;
      const path = String(template.entry["url"]).replace("http://{host}", "");

      await expect(readWeb(name, role, { [path]: page }, {})).rejects.toMatchObject({
        code: "SOURCE_BROKEN",
      });
    },
  );

  it("Tasmota gets its password in the address, where there is one", async () => {
    const path = "/cm?user=admin&password=s3cret&cmnd=Status%208";
    const device = await startWebDevice({ [path]: { StatusSNS: { ENERGY: { Power: 3 } } } });
    stop = device.close;

    await expect(readFrom("tasmota", "load", device.host, { secretRef: "file:s" })).resolves.toMatchObject({
      value: 3,
    });
  });

  it.each([
    ["21.499 kW", "Connected", 21_499],
    ["-1.732000", "Connected", -1732],
    ["", "Connected", null],
    ["1.5 kW", "Rejoining", null],
  ])("an EAGLE-200 that tells '%s' while %s", async (told, state, value) => {
    const device = await startWebDevice({
      "/cgi-bin/post_manager": `<Device><DeviceDetails><ConnectionStatus>${state}</ConnectionStatus></DeviceDetails><Components><Component><Variables><Variable><Name>zigbee:InstantaneousDemand</Name><Value>${told}</Value></Variable></Variables></Component></Components></Device>`,
    });
    stop = device.close;
    const params = { cloud_id: "00ab12", device: "0x00135001000123ab" };

    await expect(
      readFrom("eagle-200", "grid", device.host, { params, secretRef: "file:s" }),
    ).resolves.toMatchObject({ value });
  });
});

describe("a device on HTTPS with a pinned certificate", () => {
  const own = selfSigned();
  let heard: string[] = [];
  let good = "Bearer s3cret";

  async function readSecure(template: string, role: SourceRole, paths: Record<string, unknown>) {
    heard = [];
    const server: Server = createServer({ key: own.key, cert: own.cert }, (request, response) => {
      heard.push(`${request.method} ${request.url}`);
      const isLogin = request.method === "POST";
      if (!isLogin && request.headers.authorization !== good) {
        response.writeHead(401).end();
        return;
      }
      response.end(JSON.stringify(paths[request.url ?? ""] ?? {}));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    stop = () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const changes = { http: { fingerprint: own.fingerprint } };
    return readFrom(template, role, host, { secretRef: "file:s", changes });
  }

  const meters = (status: string) => ({
    "/ivp/meters": [
      { eid: 1, state: "enabled", measurementType: "production", meteringStatus: "normal" },
      { eid: 2, state: "enabled", measurementType: "net-consumption", meteringStatus: status },
    ],
    "/ivp/meters/readings": [
      { eid: 2, activePower: -830 },
      { eid: 1, activePower: 2100 },
      { activePower: 9 },
    ],
  });
  const powerwall = (grid: string, last = "2026-11-24T12:00:00Z") => ({
    "/api/login/Basic": { token: "t0ken", email: "" },
    "/api/meters/aggregates": { site: { instant_power: -210, last_communication_time: last } },
    "/api/system_status/grid_status": { grid_status: grid },
  });

  it.each<[string, SourceRole, Record<string, unknown>, number | null]>([
    ["enphase", "grid", meters("normal"), -830],
    ["enphase", "pv", meters("normal"), 2100],
    ["enphase", "grid", meters("check-wiring"), null],
    ["enphase", "load", meters("normal"), null],
    [
      "enphase-battery",
      "battery_power",
      {
        "/ivp/livedata/status": {
          connection: { sc_stream: "enabled" },
          meters: { storage: { agg_p_mw: 1_500_000 } },
        },
      },
      1500,
    ],
    [
      "enphase-battery",
      "battery_soc",
      { "/ivp/livedata/status": { connection: { sc_stream: "disabled" }, meters: { soc: 50 } } },
      null,
    ],
    ["homewizard-v2", "grid", { "/api/measurement": { power_w: -543 } }, -543],
    ["homewizard-v2", "battery_soc", { "/api/measurement": { state_of_charge_pct: 80 } }, 80],
    ["homewizard-v2", "grid", { "/api/measurement": { error: "telegram:no-telegram-received" } }, null],
  ])("%s as %s (%j: %j)", async (template, role, paths, value) => {
    good = "Bearer s3cret";
    await expect(readSecure(template, role, paths)).resolves.toMatchObject({ value });
  });

  it.each([
    ["on the grid", powerwall("SystemGridConnected"), -210],
    ["as an island", powerwall("SystemIslandedActive"), null],
    ["whose meter never spoke", powerwall("SystemGridConnected", "0001-01-01T00:00:00Z"), null],
  ])("a Powerwall %s is read after one login", async (_, paths, value) => {
    good = "Bearer t0ken";
    await expect(readSecure("powerwall", "grid", paths)).resolves.toMatchObject({ value });
    expect(heard.filter((line) => line.startsWith("POST"))).toEqual(["POST /api/login/Basic"]);
  });

  it("a Powerwall that gives no token is not asked again", async () => {
    await expect(
      readSecure("powerwall", "grid", { "/api/login/Basic": { error: "bad" } }),
    ).rejects.toMatchObject({
      code: "SOURCE_ACCESS",
    });
    expect(heard).toEqual(["POST /api/login/Basic"]);
  });
});

describe("a device on Modbus TCP", () => {
  it.each<[string, SourceRole, number, [number, number[]][], number | null, Params?]>([
    ["victron", "grid", 100, [[820, [0xffff, 100, 2]]], 101, { phases: 3 }],
    ["victron", "battery_power", 100, [[842, [500]]], -500],
    ["victron", "pv", 100, [[850, [0xffff]]], null],
    ["sma", "grid", 3, [[30_865, [0, 0, 0, 750]]], -750],
    ["sma", "pv", 3, [[30_775, [0x8000, 0]]], null],
    ["solaredge", "battery_soc", 1, [[62_852, [0, 0x4248]]], 50],
    ["solaredge", "battery_power", 1, [[62_836, [0, 0x4248]]], -50],
    ["solaredge", "battery_power", 1, [[62_836, [0, 0x7fc0]]], null],
  ])("%s as %s", async (template, role, unit, blocks, value, params = {}) => {
    const registers = new Map<number, number>();
    for (const [address, words] of blocks) put(registers, address, words);
    const device = await startModbusDevice(new Map([[unit, registers]]));
    stop = device.close;

    await expect(readFrom(template, role, device.host, { params })).resolves.toMatchObject({ value });
  });
});
