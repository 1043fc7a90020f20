import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { Aedes } from "aedes";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SourceConfig } from "#src/model/source-config.ts";
import type { OpenSourceLinks } from "#src/net/source-links.ts";
import { createSource, type Source } from "#src/sources/registry.ts";
import { openLinks, sourceConfig } from "./support.ts";

const signal = new AbortController().signal;

let broker: Aedes;
let server: Server;
let links: OpenSourceLinks;

beforeEach(async () => {
  broker = await Aedes.createBroker();
  server = createServer(broker.handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  links = openLinks({ "file:mqtt": "right" });
});

afterEach(async () => {
  await links.close();
  await new Promise<void>((resolve) => broker.close(() => resolve()));
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

const host = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;

function source(
  mqtt: Partial<NonNullable<SourceConfig["mqtt"]>> = {},
  changes: Partial<SourceConfig> = {},
): Source {
  const config = { topic: "meter/power", ...mqtt } as NonNullable<SourceConfig["mqtt"]>;
  return createSource(
    sourceConfig({ kind: "mqtt", host: host(), timeout_s: 5, mqtt: config, ...changes }),
    links,
  );
}

/** By another client of the same broker. */
function publish(topic: string, payload: string, retain = false): Promise<void> {
  const packet = {
    cmd: "publish" as const,
    topic,
    payload: Buffer.from(payload),
    qos: 0 as const,
    retain,
    dup: false,
  };
  return new Promise((resolve, reject) =>
    broker.publish(packet, (error) => (error ? reject(error) : resolve())),
  );
}

/** Begins a read and tells the broker something as soon as the source listens. */
async function readAfter(one: Source, payload: string, topic = "meter/power") {
  const listening = new Promise<void>((resolve) => {
    broker.on("subscribe", (subscriptions) => {
      if (subscriptions.some((entry) => entry.topic === topic)) resolve();
    });
  });
  const reading = one.read(signal);
  await listening;
  await publish(topic, payload);
  return reading;
}

describe("a message", () => {
  it.each([
    ["a bare number", "-412.5", {}, -412.5],
    ["JSON", '{"em":{"kw":0.4}}', { select: "em.kw", unit: "kW" }, 400],
    ["text with its unit", "812.4 W", { regex: "([-\\d.]+) W" }, 812.4],
  ])("with %s is the value, as old as its receipt", async (_, payload, changes, value) => {
    const sample = await readAfter(source({}, changes), payload);

    expect(sample).toEqual({ value, reason: null, observedMono: expect.any(Number) });
  });

  it.each([
    ["nothing", "", "DEVICE_GONE"],
    ["null", '{"value":null}', "VALUE_MISSING"],
    ["another component's news", '{"method":"NotifyStatus","params":{"switch:0":{}}}', "VALUE_MISSING"],
    ["a cut JSON", '{"value":4', "VALUE_MISSING"],
    ["NaN", '{"value":"NaN"}', "VALUE_NOT_A_NUMBER"],
  ])("with %s is nothing, and never 0", async (_, payload, reason) => {
    const sample = await readAfter(source({}, { select: "value" }), payload);

    expect(sample).toMatchObject({ value: null, reason });
  });

  it("is the same news however often it is read, and new news when it comes again", async () => {
    const one = source();
    const first = await readAfter(one, "5");
    const again = await one.read(signal);
    await publish("meter/power", "5");
    const second = await vi.waitFor(async () => {
      const sample = await one.read(signal);
      expect(sample.observedMono).toBeGreaterThan(first.observedMono ?? 0);
      return sample;
    });

    expect(again.observedMono).toBe(first.observedMono);
    expect(second.value).toBe(5);
  });

  it("that the broker had kept is of unknown age, until a live one comes", async () => {
    await publish("meter/power", "5", true);
    const one = source();

    await expect(one.read(signal)).resolves.toMatchObject({ value: 5, isAgeUnknown: true });
    await publish("meter/power", "6");
    await vi.waitFor(async () => {
      const sample = await one.read(signal);
      expect(sample.value).toBe(6);
      expect(sample.isAgeUnknown).toBeUndefined();
    });
  });

  it("that the broker had kept has an age where it carries a time with a zone", async () => {
    const at = (time: string) => publish("meter/power", JSON.stringify({ w: 5, time }), true);
    const one = source({ time_select: "time" }, { select: "w" });
    await at(new Date(Date.now() - 60_000).toISOString());
    const sample = await one.read(signal);

    expect(sample.isAgeUnknown).toBeUndefined();
    expect(performance.now() - (sample.observedMono ?? 0)).toBeGreaterThan(59_000);
  });

  it("is missing when none came within its longest age", async () => {
    const one = source({ time_select: "time" }, { select: "w", max_age_s: 30 });
    await publish(
      "meter/power",
      JSON.stringify({ w: 5, time: new Date(Date.now() - 60_000).toISOString() }),
      true,
    );

    await expect(one.read(signal)).resolves.toEqual({ value: null, reason: "NO_MESSAGE" });
  });

  it("is not waited for longer than the source may take", async () => {
    await expect(source({}, { timeout_s: 0.3 }).read(signal)).resolves.toEqual({
      value: null,
      reason: "NO_MESSAGE",
    });
  });
});

describe("availability", () => {
  it.each(["offline", '{"state":"offline"}'])("told as %s makes the last value nothing", async (payload) => {
    const one = source({ availability_topic: "meter/availability" });
    await readAfter(one, "5");
    await publish("meter/availability", payload);

    await vi.waitFor(async () => {
      await expect(one.read(signal)).resolves.toEqual({ value: null, reason: "DEVICE_OFFLINE" });
    });
  });
});

describe("a broker", () => {
  it("has one connection for all sources on it", async () => {
    let clients = 0;
    broker.on("client", () => {
      clients += 1;
    });
    const [one, other] = [source(), source({ topic: "meter/other" })];
    await publish("meter/other", "2", true);
    await readAfter(one, "1");
    await other.read(signal);

    expect(clients).toBe(1);
  });

  it("that refuses the secret is an error of access, and is not asked again at once", async () => {
    let asked = 0;
    broker.authenticate = (_client, user, password, done) => {
      asked += 1;
      const isRight = user === "hearth" && String(password) === "wrong";
      done(isRight ? null : Object.assign(new Error("no"), { returnCode: 5 as const }), isRight);
    };
    const one = source({ user: "hearth" }, { secret_ref: "file:mqtt" });

    for (const _ of [1, 2]) {
      await expect(one.read(signal)).rejects.toMatchObject({ code: "SOURCE_ACCESS", exit: 5 });
    }
    expect(asked).toBe(1);
  });

  it("that goes away makes every read a miss, and is found again", async () => {
    const one = source();
    await readAfter(one, "5");
    for (const client of Object.values(
      (broker as unknown as { clients: Record<string, { conn: { destroy(): void } }> }).clients,
    )) {
      client.conn.destroy();
    }

    await vi.waitFor(() =>
      expect(one.read(signal)).rejects.toMatchObject({ code: "SOURCE_UNREACHABLE", exit: 3 }),
    );
    await vi.waitFor(() => one.read(signal), { timeout: 5000 });
  });

  it("that is none is a miss", async () => {
    const mute = source({ url: "mqtt://127.0.0.1:9" });

    await expect(mute.read(signal)).rejects.toMatchObject({ code: "SOURCE_UNREACHABLE", exit: 3 });
  });

  it("that sends without end is let go", async () => {
    const one = source();
    const big = "7".repeat(600_000);

    await expect(readAfter(one, big)).rejects.toMatchObject({ exit: 3 });
  });
});
