import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import nock from "nock";
import { afterEach, describe, expect, it } from "vitest";
import { formatHostPort, parseHostPort } from "#src/net/host-port.ts";
import { createHttp } from "#src/net/http.ts";
import { parseJson } from "#src/net/json.ts";
import { createLimiter } from "#src/net/limit.ts";
import { createSystemClock } from "#src/net/system-clock.ts";

afterEach(() => {
  nock.cleanAll();
  nock.restore();
});

describe("the HTTP client", () => {
  const withNock = () => {
    if (!nock.isActive()) nock.activate();
  };

  it("sends JSON and reads JSON", async () => {
    withNock();
    nock("http://coop.example").post("/v1/x", { a: 1 }).reply(201, { b: 2 }, { "X-Id": "7" });

    const answer = await createHttp().json({
      method: "POST",
      url: "http://coop.example/v1/x",
      json: { a: 1 },
    });

    expect(answer).toMatchObject({ status: 201, body: { b: 2 }, headers: { "x-id": "7" } });
  });

  it("follows no redirect", async () => {
    withNock();
    nock("http://coop.example").get("/").reply(302, "", { location: "http://192.0.2.1/" });

    await expect(createHttp().request({ url: "http://coop.example/" })).resolves.toMatchObject({
      status: 302,
    });
  });

  it("calls a page where JSON belongs by its name, and an error page null", async () => {
    withNock();
    nock("http://coop.example").get("/a?token=hunter2").reply(200, "<html>");
    nock("http://coop.example").get("/b").reply(502, "<html>");
    const http = createHttp();

    const page = http.json({ url: "http://coop.example/a?token=hunter2" });

    await expect(page).rejects.toMatchObject({
      code: "HTTP_NOT_JSON",
      message: expect.not.stringContaining("hunter2"),
    });
    await expect(http.json({ url: "http://coop.example/b" })).resolves.toMatchObject({
      status: 502,
      body: null,
    });
  });

  it("cuts what is too large and what takes too long", async () => {
    const server = createServer((request, response) => {
      if (request.url === "/large") response.end("x".repeat(5000));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const http = createHttp({ maxBytes: 1000, totalMs: 150 });

    await expect(http.request({ url: `${base}/large` })).rejects.toMatchObject({ code: "HTTP_TOO_LARGE" });
    await expect(http.request({ url: `${base}/slow` })).rejects.toMatchObject({ code: "HTTP_TIMEOUT" });
    http.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await expect(http.request({ url: base })).rejects.toMatchObject({ code: "HTTP_UNREACHABLE", exit: 3 });
  });

  it("serves libraries that want fetch", async () => {
    withNock();
    nock("http://coop.example").post("/token", "grant_type=x").reply(200, { access_token: "t" });

    const response = await createHttp().fetch("http://coop.example/token", {
      method: "POST",
      body: new URLSearchParams({ grant_type: "x" }),
    });

    expect(response.status).toBe(200);
    await expect(response.json()).resolves.toEqual({ access_token: "t" });
  });

  it("uses a connection again when it may, and survives that the server dropped it", async () => {
    let connections = 0;
    const server = createServer((_request, response) => response.end("{}"));
    server.on("connection", () => connections++);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const http = createHttp({ keepAlive: true });

    for (let i = 0; i < 5; i++) await http.request({ url });
    expect(connections).toBe(1);
    server.closeAllConnections();
    await expect(http.request({ url })).resolves.toMatchObject({ status: 200 });
    http.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("JSON", () => {
  it("reads back whatever was written", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 10 }), (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it("refuses what is too deep before it is built, and does not count brackets in text", () => {
    expect(() => parseJson("[".repeat(33))).toThrow(expect.objectContaining({ code: "JSON_TOO_DEEP" }));
    expect(parseJson(`["${"[".repeat(99)}\\"${"{".repeat(99)}"]`)).toHaveLength(1);
  });

  it("ends every text as a value or a typed error", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        try {
          parseJson(text);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^JSON_/) });
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe("addresses", () => {
  it.each([
    ["192.168.1.50", { host: "192.168.1.50", port: null }],
    ["miner-1.local:4028", { host: "miner-1.local", port: 4028 }],
    ["[::1]:80", { host: "::1", port: 80 }],
    ["::1", { host: "::1", port: null }],
  ])("reads %s", (text, expected) => expect(parseHostPort(text)).toEqual(expected));

  it.each([
    "",
    "a b",
    "host:0",
    "host:70000",
    "http://host/",
    "[zz]:1",
    "-x",
    "a:b",
    "host:",
    "fe80::1%eth0",
  ])("refuses %j", (text) => {
    expect(() => parseHostPort(text)).toThrow(expect.objectContaining({ code: "HOST_INVALID", exit: 2 }));
  });
});

it.each([
  ["192.168.1.44", "192.168.1.44:80"],
  ["fd00::5", "[fd00::5]:80"],
])("the place %s:80 is written so that it can be read back", (host, text) => {
  expect(formatHostPort(host, 80)).toBe(text);
  expect(parseHostPort(text)).toEqual({ host, port: 80 });
});

describe("the system clock", () => {
  it("sleeps, and wakes early with the reason of the signal", async () => {
    const clock = createSystemClock();
    const stop = new AbortController();
    const started = clock.monoMs();

    await clock.sleep(15);
    expect(clock.monoMs() - started).toBeGreaterThanOrEqual(14);
    const long = clock.sleep(1e12, stop.signal);
    stop.abort(new Error("enough"));
    await expect(long).rejects.toThrow("enough");
    await expect(clock.sleep(1, stop.signal)).rejects.toThrow("enough");
  });
});

describe("a limiter", () => {
  it("never runs more than its number at a time", async () => {
    const limit = createLimiter(3);
    let running = 0;
    let most = 0;

    await Promise.all(
      Array.from({ length: 20 }, () =>
        limit(async () => {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setImmediate(resolve));
          running--;
        }),
      ),
    );

    expect(most).toBe(3);
  });
});
