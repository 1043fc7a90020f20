import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { discoverMiners, type Listener } from "#src/app/discover.ts";
import { type FoundMiner, identifyMiner } from "#src/app/identify-miner.ts";
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
    "/api/system/info": fixture("axeos/2.15.0/api.system.info.json"),
    "/api/system/asic": fixture("axeos/2.15.0/api.system.asic.json"),
  });

describe("addresses named by a person", () => {
  it("find both families on any port, each told as soon as it is known", async () => {
    await using mini = await startMini3();
    await using axe = await startAxe();
    const told: FoundMiner[] = [];

    const { miners } = await discoverMiners({
      hosts: [`${HOST}:${mini.port}`, `${HOST}:${axe.port}`],
      onFound: (miner) => told.push(miner),
    });

    const byId = (all: FoundMiner[]) =>
      all.map(({ identity }) => identity).sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(miners.map(({ identity }) => identity.firmware).sort()).toEqual(["avalon", "axeos"]);
    expect(byId(told)).toEqual(byId(miners));
    expect(miners.every(({ capabilities }) => capabilities !== null)).toBe(true);
  });

  it("that do not answer, or are no miner, are left out", async () => {
    await using printer = await startWeb({ "/": "<html>Printer</html>" });
    await using gone = await startAnswering("x");
    const { port } = gone;
    await gone[Symbol.asyncDispose]();

    const found = await discoverMiners({ hosts: [`${HOST}:${printer.port}`, `${HOST}:${port}`] });

    expect(found).toMatchObject({ miners: [], locked: [] });
  });

  it("that want a password are told as such, with the way to give it", async () => {
    await using locked = await startWeb(
      { "/": "<html>401</html>", "/cgi-bin/get_system_info.cgi": "<html>401</html>" },
      401,
      { "www-authenticate": 'Digest realm="antMiner Configuration", nonce="1", qop="auth"' },
    );

    const found = await discoverMiners({ hosts: [`${HOST}:${locked.port}`] });

    expect(found.miners).toEqual([]);
    expect(found.locked).toMatchObject([
      { host: HOST, port: locked.port, error: { exit: 5, hint: expect.stringContaining("--password-file") } },
    ]);
  });

  it("count one device at two addresses once", async () => {
    await using one = await startMini3();
    await using two = await startMini3();

    const { miners, seenAt } = await discoverMiners({
      hosts: [`${HOST}:${one.port}`, `${HOST}:${two.port}`],
    });

    expect(miners).toHaveLength(1);
    expect(seenAt.get(miners[0]?.identity.id ?? "")).toHaveLength(2);
  });

  it("outside of home networks are refused, and nothing is sent to any of them", async () => {
    await using mini = await startMini3();

    await expect(discoverMiners({ hosts: [`${HOST}:${mini.port}`, "8.8.8.8"] })).rejects.toMatchObject({
      code: "MINER_ADDRESS_REFUSED",
      exit: 4,
    });
    expect(mini.connections).toBe(0);
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

describe("hosts that are heard of", () => {
  it("are asked in a number that lives in a home, however many are shouted", async () => {
    const started = performance.now();
    const shout: Listener = async (onHost) => {
      for (let index = 0; index < 60_000; index++) onHost(`10.${index >> 8}.${index & 255}.1`);
      return null;
    };

    await discoverMiners({ subnets: [], listeners: [shout] });

    expect(performance.now() - started).toBeLessThan(8_000);
  });
});

describe("what answers and is no miner", () => {
  it.each([
    [
      "a login page",
      () => startWeb({ "/": "AxeOS", "/api/system/info": '<html><input type="password"></html>' }),
      "MINER_AUTH_REQUIRED",
      5,
    ],
    ["a router", () => startWeb({ "/": "<html>Router</html>" }), "MINER_UNSUPPORTED", 1],
    [
      "a 21energy Ofen, by its name",
      () => startWeb({ "/": "<html></html>", "/21control/status": '{"operational":true}' }),
      "MINER_UNSUPPORTED",
      1,
    ],
    ["words of no dialect", () => startAnswering("220 mail ready\r\n"), "MINER_UNSUPPORTED", 1],
    ["a tar pit", () => startTcp(() => undefined), "MINER_TIMEOUT", 3],
  ] as [string, () => Promise<TestServer | Awaited<ReturnType<typeof startWeb>>>, string, number][])(
    "%s is told by its error",
    async (_, start, code, exit) => {
      await using server = await start();

      await expect(
        identifyMiner({ host: HOST, port: server.port }, { evidenceMs: 800 }),
      ).rejects.toMatchObject({ code, exit });
    },
  );
});
