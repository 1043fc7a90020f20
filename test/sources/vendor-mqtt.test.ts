import { type AddressInfo, createServer, type Server } from "node:net";
import { Aedes } from "aedes";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fillTemplate, findTemplate } from "#src/config/source-templates.ts";
import type { SourceRole } from "#src/model/config.ts";
import { createSource } from "#src/sources/registry.ts";
import { openLinks } from "./support.ts";

let broker: Aedes;
let server: Server;

beforeAll(async () => {
  broker = await Aedes.createBroker();
  server = createServer(broker.handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  await new Promise<void>((resolve) => broker.close(() => resolve()));
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

/** Kept by the broker, so that the order of subscribing and telling does not matter. */
function tell(topic: string, payload: string): Promise<void> {
  const packet = { cmd: "publish" as const, topic, payload: Buffer.from(payload), qos: 0 as const };
  return new Promise((resolve, reject) =>
    broker.publish({ ...packet, retain: true, dup: false }, (error) => (error ? reject(error) : resolve())),
  );
}

async function read(template: string, role: SourceRole, params: Record<string, string>) {
  const links = openLinks();
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = fillTemplate(findTemplate(template), { name: "one", role, host, zone: "den", params });
  try {
    return await createSource(config, links).read(new AbortController().signal);
  } finally {
    await links.close();
  }
}

const ht = { prefix: "shellyhtg3-den" };
const plug = { topic: "tasmota_A1" };

describe("a device that tells a broker", () => {
  it.each<[string, SourceRole, Record<string, string>, string, string, number | null]>([
    [
      "shelly-ht-mqtt",
      "room",
      ht,
      "shellyhtg3-den/status/temperature:0",
      '{"id":0,"tC":20.9,"tF":69.6}',
      20.9,
    ],
    ["shelly-ht-mqtt", "room", ht, "shellyhtg3-den/status/temperature:0", '{"id":0,"tC":null}', null],
    ["shelly-ht-gen1-mqtt", "room", { id: "ht" }, "shellies/ht/sensor/temperature", "19.5", 19.5],
    ["zigbee2mqtt", "room", { name: "den" }, "zigbee2mqtt/den", '{"temperature":20.9,"battery":87}', 20.9],
    ["zigbee2mqtt", "room", { name: "den" }, "zigbee2mqtt/den", '{"battery":87}', null],
    ["tasmota-mqtt", "load", plug, "tele/tasmota_A1/SENSOR", '{"ENERGY":{"Power":812}}', 812],
    ["tasmota-mqtt", "load", plug, "tele/tasmota_A1/SENSOR", '{"Time":"2026-11-24T12:00:00"}', null],
    ["tasmota-sml-mqtt", "grid", plug, "tele/tasmota_A1/SENSOR", '{"SML":{"Power_curr":-310}}', -310],
    ["esphome-mqtt", "grid", { node: "m", sensor: "p" }, "m/sensor/p/state", "-412.5", -412.5],
    ["esphome-mqtt", "grid", { node: "m", sensor: "p" }, "m/sensor/p/state", "nan", null],
  ])("%s as %s (%j, %s: %s)", async (template, role, params, topic, payload, value) => {
    await tell(topic, payload);

    // What the broker had kept is of unknown age, so it is shown and raises nothing.
    const sample = await read(template, role, params);
    expect(sample).toMatchObject({ value, isAgeUnknown: true });
  });

  it("is missing once its will says that it is gone", async () => {
    await tell("tele/tasmota_A1/SENSOR", '{"ENERGY":{"Power":812}}');
    await tell("tele/tasmota_A1/LWT", "Offline");

    await expect(read("tasmota-mqtt", "load", plug)).resolves.toMatchObject({ reason: "DEVICE_OFFLINE" });
  });
});
