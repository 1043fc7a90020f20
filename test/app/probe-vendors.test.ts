import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addSource } from "#src/app/edit-sources.ts";
import { probeSource } from "#src/app/probe-source.ts";
import { recordSource } from "#src/app/record-source.ts";
import { selfSigned } from "../sources/self-signed.ts";
import { startWebDevice, type WebDevice } from "../sources/support.ts";

const signal = new AbortController().signal;
const pro3em = { id: "shellypro3em-a0dd6c9f1234", mac: "A0DD6C9F1234", gen: 2, model: "SPEM-003CEBEU" };

let device: WebDevice;
let folder: string;
let env: NodeJS.ProcessEnv;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hearth-probe-"));
  env = { HEARTH_HOME: folder };
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await device.close();
});

describe("hearth source probe", () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    [
      "its methods",
      { "/shelly": pro3em, "/rpc/Shelly.ListMethods": { methods: ["EM.GetStatus"] } },
      ["shelly-em"],
    ],
    [
      "no more than its generation",
      { "/shelly": pro3em },
      ["shelly-em", "shelly-em1", "shelly-pm1", "shelly-switch"],
    ],
    ["a P1", { "/api": { product_type: "HWE-P1", serial: "3c39e7", api_version: "v1" } }, ["homewizard"]],
    [
      "a power flow",
      {
        "/solar_api/v1/GetPowerFlowRealtimeData.fcgi": {
          Head: { Status: { Code: 0 } },
          Body: { Data: { Site: { Mode: "meter" } } },
        },
      },
      ["fronius"],
    ],
    [
      "a wish for a password as Tasmota has it",
      { "/cm?cmnd=Status%208": { WARNING: "Need user=<username>&password=<password>" } },
      ["tasmota", "tasmota-sml", "tasmota-temperature"],
    ],
    [
      "the page of ESPHome",
      { "/": "<!DOCTYPE html><html><body><esp-app></esp-app></body></html>" },
      ["esphome", "esphome-p1"],
    ],
  ])("knows a device by %s", async (_, paths, expected) => {
    device = await startWebDevice(paths);
    const found = await probeSource({ env, host: device.host, allowPublic: false, signal });

    expect(found.map(({ template }) => template).sort()).toEqual(expected);
    expect(device.heard.every((line) => line.startsWith("GET "))).toBe(true);
  });
});

describe("hearth source probe of a device with a certificate of its own", () => {
  it.each([
    [401, { error: "user:unauthorized" }, "homewizard-v2", null],
    [403, { code: 403, message: "User does not have adequate access rights" }, "powerwall", null],
    [
      200,
      "<envoy_info><device><sn>122012345678</sn><pn>800-1</pn></device></envoy_info>",
      "enphase",
      "122012345678",
    ],
  ])("knows it by its answer %s %j", async (status, body, template, id) => {
    const own = selfSigned();
    const server = createServer({ key: own.key, cert: own.cert }, (_, response) => {
      response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const close = () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    device = { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, heard: [], close };

    const found = await probeSource({ env, host: device.host, allowPublic: false, signal });
    expect(found).toEqual([expect.objectContaining({ template, id })]);
  });
});

describe("hearth source record", () => {
  it("keeps no serial number that a Shelly or a gateway tells", async () => {
    const body = `{"power":7,"src":"${pro3em.id}","UniqueID":"30188273","note":"<sn>122012345678</sn>"}`;
    device = await startWebDevice({ "/v1/json": body });
    const entry = { name: "main", role: "grid", kind: "everhome-ecotracker", host: device.host };
    await addSource({ env, secret: null, isUntested: false, dryRun: false, signal, entry });
    const kept = await recordSource({
      env,
      name: "main",
      folder: join(folder, "out"),
      dryRun: false,
      signal,
    });

    const texts = readdirSync(kept.folder).map((file) => readFileSync(join(kept.folder, file), "utf8"));
    expect(texts.join()).not.toMatch(/a0dd6c9f1234|30188273|122012345678/i);
    expect(texts.join()).toContain('"power":7');
  });
});
