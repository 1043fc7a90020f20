import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import type { SourceConfig } from "#src/model/source-config.ts";
import type { OpenSourceLinks } from "#src/net/source-links.ts";
import { createSource, type Source } from "#src/sources/registry.ts";
import { openLinks, sourceConfig } from "./support.ts";

const signal = new AbortController().signal;

interface Entity {
  state: string;
  attributes?: Record<string, unknown>;
  last_reported?: string;
}

/** Home Assistant as its REST and WebSocket interfaces answer (sources.md §3.1). */
let states: Record<string, Entity>;
let server: Server;
let sockets: WebSocketServer;
let links: OpenSourceLinks;
let asked: string[];
/** Subscriptions: socket, id of the command, entities. */
let subscribed: { socket: WebSocket; id: number; entities: string[] }[];
let logins: string[];

beforeEach(async () => {
  states = {};
  asked = [];
  subscribed = [];
  logins = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (request.headers.authorization !== "Bearer right") return response.writeHead(401).end();
    if (request.url === "/api/config")
      return response.end(JSON.stringify({ unit_system: { temperature: "°F" } }));
    const entity = states[request.url?.replace("/api/states/", "") ?? ""];
    return entity ? response.end(JSON.stringify(entity)) : response.writeHead(404).end("{}");
  });
  sockets = new WebSocketServer({ server, path: "/api/websocket" });
  sockets.on("connection", (socket) => {
    socket.send(JSON.stringify({ type: "auth_required", ha_version: "2026.4.1" }));
    socket.on("message", (data) => {
      const message = JSON.parse(String(data));
      if (message.type === "auth") {
        logins.push(message.access_token);
        socket.send(JSON.stringify({ type: message.access_token === "right" ? "auth_ok" : "auth_invalid" }));
      }
      if (message.type === "subscribe_entities") {
        subscribed.push({ socket, id: message.id, entities: message.entity_ids });
        socket.send(JSON.stringify({ id: message.id, type: "result", success: true, result: null }));
      }
      if (message.type === "ping") socket.send(JSON.stringify({ id: message.id, type: "pong" }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  links = openLinks({ "file:ha": "right", "file:old": "old" });
});

afterEach(async () => {
  await links.close();
  for (const socket of sockets.clients) socket.terminate();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  sockets.close();
});

function source(
  entity: string,
  changes: Partial<SourceConfig> = {},
  attribute: string | null = null,
): Source {
  const homeassistant = { entity, attribute } as NonNullable<SourceConfig["homeassistant"]>;
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = sourceConfig({
    kind: "homeassistant",
    host,
    secret_ref: "file:ha",
    homeassistant,
    ...changes,
  });
  return createSource(config, links);
}

/** Pushes a change to whoever subscribed to the entity. */
function push(entity: string, change: unknown): void {
  for (const { socket, id, entities } of subscribed) {
    if (entities.includes(entity))
      socket.send(JSON.stringify({ id, type: "event", event: { c: { [entity]: change } } }));
  }
}

const watts = { unit_of_measurement: "W", device_class: "power" };

describe("an entity", () => {
  it.each([
    ["grid", "W", "-412.5", -412.5],
    ["grid", "kW", "1.25", 1250],
    ["grid", "mW", "1500", 1.5],
    ["room", "°F", "68", 20],
    ["room", "°C", "20.9", 20.9],
    ["battery_soc", "%", "55", 55],
  ] as const)("for %s in %s is read as told", async (role, unit, state, value) => {
    states["sensor.one"] = { state, attributes: { unit_of_measurement: unit } };
    const zone = role === "room" ? "den" : null;

    await expect(source("sensor.one", { role, zone }).read(signal)).resolves.toMatchObject({
      value,
      reason: null,
    });
  });

  it.each([
    ["unavailable", watts, "ENTITY_UNAVAILABLE"],
    ["unknown", watts, "ENTITY_UNAVAILABLE"],
    ["", watts, "ENTITY_UNAVAILABLE"],
    ["None", watts, "ENTITY_UNAVAILABLE"],
    ["12", { ...watts, restored: true }, "ENTITY_RESTORED"],
    ["12", {}, "UNIT_MISSING"],
    ["12", { unit_of_measurement: "kWh" }, "UNIT_NOT_OF_THE_ROLE"],
    ["1.234,5", watts, "VALUE_NOT_A_NUMBER"],
    ["1234 W", watts, "VALUE_NOT_A_NUMBER"],
  ])("that says %j with %j is nothing, and never 0", async (state, attributes, reason) => {
    states["sensor.one"] = { state, attributes };

    await expect(source("sensor.one").read(signal)).resolves.toMatchObject({ value: null, reason });
  });

  it("that is not there is nothing", async () => {
    await expect(source("sensor.none").read(signal)).resolves.toMatchObject({
      value: null,
      reason: "ENTITY_MISSING",
    });
  });

  it("of a thermostat has the unit of the whole system", async () => {
    states["climate.den"] = { state: "heat", attributes: { current_temperature: 68 } };
    const one = source("climate.den", { role: "room", zone: "den" }, "current_temperature");

    await expect(one.read(signal)).resolves.toMatchObject({ value: 20, reason: null });
  });

  it("is as old as its last report by Home Assistant's own clock", async () => {
    states["sensor.one"] = {
      state: "5",
      attributes: watts,
      last_reported: new Date(Date.now() - 600_000).toISOString(),
    };
    const { observedMono = 0 } = await source("sensor.one").read(signal);

    expect(Math.abs(performance.now() - observedMono - 600_000)).toBeLessThan(5_000);
  });

  it("is pushed when it changes, and not asked for again", async () => {
    states["sensor.one"] = { state: "5", attributes: watts };
    const one = source("sensor.one");
    await one.read(signal);
    await vi.waitFor(() => expect(subscribed).toHaveLength(1));
    // Once more while the socket was not up yet, perhaps; from here on by push alone.
    await one.read(signal);
    const before = asked.length;
    push("sensor.one", { "+": { s: "0.5", a: { unit_of_measurement: "kW" } } });

    await vi.waitFor(async () => expect(await one.read(signal)).toMatchObject({ value: 500 }));
    expect(asked.length).toBe(before);
  });

  it("goes on by REST while the socket is broken", async () => {
    sockets.removeAllListeners("connection");
    sockets.on("connection", (socket) => socket.send("<html>no"));
    states["sensor.one"] = { state: "5", attributes: watts };
    const one = source("sensor.one");

    await expect(one.read(signal)).resolves.toMatchObject({ value: 5 });
    states["sensor.one"] = { state: "6", attributes: watts };
    await vi.waitFor(async () => expect(await one.read(signal)).toMatchObject({ value: 6 }), {
      timeout: 3000,
    });
  });
});

describe("a token", () => {
  it("that is refused is sent once, by REST alone", async () => {
    const one = source("sensor.one", { secret_ref: "file:old" });

    for (const _ of [1, 2])
      await expect(one.read(signal)).rejects.toMatchObject({ code: "SOURCE_ACCESS", exit: 5 });
    expect(asked).toHaveLength(1);
    expect(logins).toEqual([]);
  });
});
