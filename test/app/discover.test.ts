import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { discoverMiners, type FoundMiner, identifyMiner } from "#src/app/discover.ts";
import { fixture } from "../miners/fixtures.ts";
import { startAnswering, startTcp, type TestServer } from "../net/tcp-server.ts";

const HOST = "127.0.0.1";

/** A Mini 3 that answers its recorded reads. */
const startMini3 = () =>
  startTcp((socket, request) => {
    const name = /version|estats|pools/.exec(request)?.[0];
    const text =
      name === undefined
        ? '{"STATUS":[{"STATUS":"E","Code":14,"Msg":"Invalid command"}],"id":1}'
        : fixture(`avalon/mini3-25022401/${name}.json`);
    socket.end(`${text}\0`);
  });

async function startWeb(pages: Record<string, string>, status = 200, headers: Record<string, string> = {}) {
  const server = createServer((request, response) => {
    const page = pages[request.url ?? ""];
    response.writeHead(page === undefined ? 404 : status, headers);
    response.end(page ?? "");
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const startAxe = () =>
  startWeb({
    "/api/system/info": fixture("axeos/2.15.0/info.json"),
    "/api/system/asic": fixture("axeos/2.15.0/asic.json"),
  });

describe("addresses named by a person", () => {
  it("find both families on any port, each told as soon as it is known", async () => {
    await using mini = await startMini3();
    await using axe = await startAxe();
    const told: FoundMiner[] = [];

    const found = await discoverMiners({
      hosts: [`${HOST}:${mini.port}`, `${HOST}:${axe.port}`],
      onFound: (miner) => told.push(miner),
    });

    expect(found.map(({ identity }) => identity.firmware).sort()).toEqual(["avalon", "axeos"]);
    expect(told).toEqual(found);
    expect(found.every(({ isSupported }) => isSupported)).toBe(true);
  });

  it("that do not answer, or are no miner, are left out", async () => {
    await using printer = await startWeb({ "/": "<html>Printer</html>" });
    await using gone = await startAnswering("x");
    const { port } = gone;
    await gone[Symbol.asyncDispose]();

    await expect(discoverMiners({ hosts: [`${HOST}:${printer.port}`, `${HOST}:${port}`] })).resolves.toEqual(
      [],
    );
  });

  it("count one device at two addresses once", async () => {
    await using one = await startMini3();
    await using two = await startMini3();

    await expect(
      discoverMiners({ hosts: [`${HOST}:${one.port}`, `${HOST}:${two.port}`] }),
    ).resolves.toHaveLength(1);
  });

  it("are refused for a scan, and nothing is sent", async () => {
    await using mini = await startMini3();

    for (const range of ["127.0.0.1/32", "8.8.8.0/24", "10.0.0.0/8"]) {
      await expect(discoverMiners({ subnets: [range] })).rejects.toMatchObject({
        code: "SCAN_RANGE_REFUSED",
        exit: 4,
      });
    }
    expect(mini.connections).toBe(0);
  });

  it("end at once when called off", async () => {
    await using tarPit = await startTcp(() => undefined);
    const stop = new AbortController();
    const pending = discoverMiners({ hosts: [`${HOST}:${tarPit.port}`], signal: stop.signal });
    setImmediate(() => stop.abort(new Error("enough")));

    await expect(pending).rejects.toThrow("enough");
  });
});

describe("other families", () => {
  const version = (product: string) =>
    startAnswering(`{"STATUS":[{"STATUS":"S","Code":22,"Msg":"v"}],"VERSION":[{"${product}":"1"}],"id":1}\0`);

  it.each([
    ["BOSminer+", "braiins"],
    ["LUXminer", "luxos"],
    ["BTMiner", "whatsminer"],
    ["Antminer S19", "antminer"],
  ])("%s is named and not supported", async (product, firmware) => {
    await using server = await version(product);

    const found = await identifyMiner({ host: HOST, port: server.port });

    expect(found).toMatchObject({
      isSupported: false,
      identity: { firmware },
      capabilities: { actions: {} },
    });
  });

  it.each([
    ["AnthillOS", { "/": "<title>AnthillOS</title>" }, 200, {}, "vnish"],
    ["Braiins OS", { "/": "<title>Braiins OS+</title>" }, 200, {}, "braiins"],
    [
      "a Nerd fork",
      {
        "/": "AxeOS",
        "/api/system/info":
          '{"deviceModel":"NerdQAxe++","macAddr":"AA:BB:CC:DD:EE:FF","ASICModel":"BM1370","version":"v1"}',
      },
      200,
      {},
      "nerdqaxe",
    ],
    [
      "a stock Antminer",
      { "/": "", "/api/system/info": "" },
      401,
      { "www-authenticate": 'Digest realm="antMiner Configuration"' },
      "antminer",
    ],
    [
      "a Whatsminer",
      { "/": "", "/api/system/info": "" },
      307,
      { location: "https://192.0.2.1/cgi-bin/luci" },
      "whatsminer",
    ],
  ] as [string, Record<string, string>, number, Record<string, string>, string][])(
    "%s is known by its page",
    async (_, pages, status, headers, firmware) => {
      await using server = await startWeb(pages, status, headers);

      const found = await identifyMiner({ host: HOST, port: server.port });

      expect(found).toMatchObject({ isSupported: false, identity: { firmware } });
    },
  );

  it.each([
    [
      "a login page",
      () => startWeb({ "/": "x", "/api/system/info": '<html><input type="password"></html>' }),
      "MINER_AUTH_REQUIRED",
      5,
    ],
    ["a router", () => startWeb({ "/": "<html>Router</html>" }), "MINER_UNSUPPORTED", 1],
    ["words of no dialect", () => startAnswering("220 mail ready\r\n"), "MINER_UNSUPPORTED", 1],
    ["a tar pit", () => startTcp(() => undefined), "MINER_TIMEOUT", 3],
  ] as [string, () => Promise<TestServer | Awaited<ReturnType<typeof startWeb>>>, string, number][])(
    "%s is told by its error",
    async (_, start, code, exit) => {
      await using server = await start();

      await expect(identifyMiner({ host: HOST, port: server.port }, undefined, 800)).rejects.toMatchObject({
        code,
        exit,
      });
    },
  );
});
