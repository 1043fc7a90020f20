import { describe, expect, it } from "vitest";
import { resolveDevice } from "#src/net/device-address.ts";
import { createDeviceLink } from "#src/net/device-link.ts";
import { startTcp } from "./tcp-server.ts";

const home = { allowPublic: false };
const never = new AbortController().signal;

describe("the address of a device", () => {
  it.each([
    "10.0.0.5",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.1.44",
    "100.64.0.7",
    "169.254.10.10",
    "127.0.0.1",
    "127.8.9.10",
    "::1",
    "fd12:3456::1",
    "fe80::1",
    "::ffff:192.168.1.44",
    "::ffff:10.0.0.5",
  ])("may be %s, as a person typed it", async (host) => {
    await expect(resolveDevice(host, home)).resolves.toBe(host);
  });

  it.each([
    "8.8.8.8",
    "172.32.0.1",
    "172.15.255.255",
    "192.169.0.1",
    "11.0.0.1",
    "100.128.0.1",
    "1.1.1.1",
    "2001:4860:4860::8888",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
  ])("may not be the public %s, unless somebody said so", async (host) => {
    await expect(resolveDevice(host, home)).rejects.toMatchObject({ code: "MINER_ADDRESS_REFUSED", exit: 4 });
    await expect(resolveDevice(host, { allowPublic: true })).resolves.toBe(host);
  });

  it.each([
    "169.254.169.254",
    "fd00:ec2::254",
    "0.0.0.0",
    "::",
    "255.255.255.255",
    "224.0.0.251",
    "ff02::fb",
  ])("is never %s, whoever says so", async (host) => {
    for (const allowPublic of [false, true]) {
      await expect(resolveDevice(host, { allowPublic })).rejects.toMatchObject({
        code: "MINER_ADDRESS_REFUSED",
      });
    }
  });

  it.each(["0177.0.0.1", "0x7f.1", "2130706433", "127.1", "0"])(
    "spelt %s does not slip through as this computer",
    async (host) => {
      await expect(resolveDevice(host, home)).rejects.toMatchObject({
        code: expect.stringMatching(/^MINER_(ADDRESS_REFUSED|UNREACHABLE)$/),
      });
    },
  );

  it("named localhost is this computer, for emulators", async () => {
    await expect(resolveDevice("localhost", home)).resolves.toBe("127.0.0.1");
  });

  it("is not waited for when the name server is down, nor after the caller has gone", async () => {
    const find = () => new Promise<never>(() => undefined);
    const callOff = new AbortController();
    const waiting = resolveDevice("den.local", { ...home, find, signal: callOff.signal });
    callOff.abort(new Error("called off"));

    await expect(waiting).rejects.toThrow("called off");
    await expect(resolveDevice("den.local", { ...home, find, withinMs: 20 })).rejects.toMatchObject({
      code: "MINER_UNREACHABLE",
    });
  });

  it("is refused when one of a name's addresses is public, whichever comes first", async () => {
    for (const addresses of [
      ["192.168.1.44", "8.8.8.8"],
      ["8.8.8.8", "192.168.1.44"],
    ]) {
      const find = async () => addresses.map((address) => ({ address }));

      await expect(resolveDevice("den.example", { ...home, find })).rejects.toMatchObject({
        code: "MINER_ADDRESS_REFUSED",
      });
    }
  });

  it("of an unknown name is unreachable", async () => {
    await expect(resolveDevice("no-such-miner.invalid", home)).rejects.toMatchObject({
      code: "MINER_UNREACHABLE",
    });
  });
});

describe("a link that was opened only to look", () => {
  it("sends no write in any protocol", async () => {
    await using server = await startTcp((socket) => socket.end("{}"));
    const link = createDeviceLink("127.0.0.1", server.port);
    const writes = [
      () => link.http.send("POST", "/x", {}, never),
      () => link.cgminer.tell("ascset|0,softoff,1:5", never),
      () => link.frames.tell({ cmd: "set.miner.service", param: "stop" }, never),
    ];

    for (const write of writes) {
      await expect(write()).rejects.toMatchObject({ code: "MINER_NOT_ADOPTED", exit: 4 });
    }
    expect(server.connections).toBe(0);
  });

  it("asks its guard before each write, and sends nothing when it says no", async () => {
    await using server = await startTcp((socket) => socket.end('{"STATUS":"S","Code":1}\0'));
    let asked = 0;
    const guard = async () => {
      asked += 1;
      if (asked > 1) throw new Error("another device");
    };
    const link = createDeviceLink("127.0.0.1", server.port, { guard });

    await link.cgminer.tell({ command: "a" }, never);
    await expect(link.cgminer.tell({ command: "b" }, never)).rejects.toThrow("another device");
    expect(server.connections).toBe(1);
  });

  it("uses each protocol's usual port when the device was found on one of them, and only the named one otherwise", () => {
    const ports = { http: 80, cgminer: 4028 };

    expect(createDeviceLink("192.0.2.7", 4028, { ports }).where).toBe("192.0.2.7:4028");
    expect(createDeviceLink("::1", 9, { ports }).where).toBe("[::1]:9");
  });
});
