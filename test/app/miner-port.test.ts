import { describe, expect, it } from "vitest";
import { openMiner } from "#src/app/miner-port.ts";
import { fixture } from "../miners/fixtures.ts";
import { startTcp } from "../net/tcp-server.ts";

const MINI3 = "e0:e1:a9:0a:0b:0c";
const HELP = '{"STATUS":[{"STATUS":"I","Code":118,"Msg":"ASC 0 set info: help|workmode|worklevel|"}],"id":1}';

/** A Mini 3 on a socket without soft off; `mac` may change under way. */
async function startUnit() {
  const asked: string[] = [];
  const unit = { mac: "e0e1a90a0b0c", build: "", isBroken: false };
  const server = await startTcp((socket, request) => {
    asked.push(request);
    if (unit.isBroken) return socket.end("{{{");
    if (request.includes("help")) return socket.end(`${HELP}\0`);
    const name = /version|estats|pools/.exec(request)?.[0];
    if (name === undefined)
      return socket.end('{"STATUS":[{"STATUS":"E","Code":14,"Msg":"Invalid command"}]}\0');
    const text = fixture(`avalon/mini3-25022401/${name}.json`).replace("e0e1a90a0b0c", unit.mac);
    return socket.end(`${unit.build === "" ? text : text.replaceAll(/Mini3|25022401/g, unit.build)}\0`);
  });
  return { server, asked, unit };
}

const open = (port: number, id: string | null = MINI3) =>
  openMiner({ host: "127.0.0.1", port, driver: "avalon", id, name: "den" });
const writes = (asked: readonly string[]) =>
  asked.filter((line) => /,set,|soft|setpool/.test(line) && !line.includes('"check"'));

describe("an adopted miner", () => {
  it("asks for its identity before the first read and once more after a miss, not every time", async () => {
    const { server, asked, unit } = await startUnit();
    await using _ = server;
    const port = await open(server.port);
    const versions = () => asked.splice(0).filter((line) => line.includes('"version"')).length;

    await port.read();
    expect(versions()).toBe(1);
    await port.read();
    expect(versions()).toBe(0);
    unit.isBroken = true;
    await expect(port.read()).rejects.toMatchObject({ code: "MINER_BAD_ANSWER" });
    unit.isBroken = false;
    versions();
    await port.read();
    expect(versions()).toBe(1);
    expect(port.identity?.id).toBe(MINI3);
  });

  it("asks for its identity after a miss also when it was asked beside the read that failed", async () => {
    const { server, asked, unit } = await startUnit();
    await using _ = server;
    const port = await open(server.port);
    await port.read();
    const identified = port.identify();
    const missed = port.read();
    await identified;
    unit.isBroken = true;
    await expect(missed).rejects.toMatchObject({ code: "MINER_BAD_ANSWER" });
    unit.isBroken = false;
    asked.length = 0;

    await port.read();

    expect(asked[0]).toContain('"version"');
  });

  it("is not written to once another device answers in its place", async () => {
    const { server, asked, unit } = await startUnit();
    await using _ = server;
    const port = await open(server.port);
    await port.read();
    unit.mac = "e0e1a9ffffff";

    const written = port.setStep(0);

    await expect(written).rejects.toMatchObject({
      code: "MINER_IDENTITY_CHANGED",
      exit: 5,
      left: "Nothing was written",
    });
    expect(writes(asked)).toEqual([]);
  });

  it("takes no step by its place in the list of another firmware", async () => {
    const { server, asked, unit } = await startUnit();
    await using _ = server;
    const port = await open(server.port);
    await port.capabilities();
    unit.build = "Nano3s";

    await expect(port.setStep(2)).rejects.toMatchObject({ code: "MINER_BUSY", mayRetry: true });
    expect(writes(asked)).toEqual([]);
    await port.capabilities();
    await port.setStep(2).catch(() => undefined);
    expect(writes(asked).length).toBeGreaterThan(0);
  });

  it("refuses what its firmware lacks before anything is sent", async () => {
    const { server, asked } = await startUnit();
    await using _ = server;
    const port = await open(server.port);
    await port.capabilities();
    asked.length = 0;

    await expect(port.pause()).rejects.toMatchObject({ code: "MINER_PAUSE_UNSUPPORTED", exit: 1 });
    await expect(port.setTarget(500)).rejects.toMatchObject({ code: "MINER_TARGET_UNSUPPORTED", exit: 1 });
    expect(asked).toEqual([]);
  });

  it("may be looked at before it is adopted", async () => {
    const { server } = await startUnit();
    await using _ = server;
    const port = await open(server.port, null);

    await expect(port.identify()).resolves.toMatchObject({ id: MINI3 });
  });

  it("is called off by its caller and by closing", async () => {
    await using server = await startTcp(() => undefined);
    const port = await open(server.port);
    const stop = new AbortController();
    const called = port.read(stop.signal);
    setImmediate(() => stop.abort(new Error("enough")));
    await expect(called).rejects.toThrow("enough");

    const closed = port.read();
    port.close();
    await expect(closed).rejects.toThrow("closed");
    await expect(port.read()).rejects.toThrow("closed");
  });

  it("needs a driver that is there", async () => {
    await expect(
      openMiner({ host: "127.0.0.1", port: 1, driver: "toaster", id: null, name: "den" }),
    ).rejects.toMatchObject({ code: "DRIVER_UNKNOWN", exit: 2 });
  });
});
