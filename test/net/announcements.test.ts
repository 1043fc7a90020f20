import { createSocket } from "node:dgram";
import { describe, expect, it } from "vitest";
import { listenForAnnouncements, parseAnnouncement } from "#src/net/announcements.ts";

const parse = (text: string) => parseAnnouncement(Buffer.from(text, "latin1"));

describe("an announcement", () => {
  it.each([
    ["192.168.1.44,AA:BB:CC:DD:EE:FF", "192.168.1.44", "aa:bb:cc:dd:ee:ff"],
    ["[192.168.1.44/24],AA:BB:CC:DD:EE:FF", "192.168.1.44", "aa:bb:cc:dd:ee:ff"],
    ["IP:192.168.1.61MAC:c4:08:28:00:a4:19\0", "192.168.1.61", "c4:08:28:00:a4:19"],
    ["IP:192.168.1.61MAC:c4:08:28:00:a4:19\n", "192.168.1.61", "c4:08:28:00:a4:19"],
    ["192.168.1.44,aabbccddeeff\0\0", "192.168.1.44", "aa:bb:cc:dd:ee:ff"],
  ])("%j is read", (text, host, mac) => expect(parse(text)).toEqual({ host, mac }));

  it.each([
    "OK\0\0\0\0\0\0\0\0\0",
    "",
    "hello",
    "192.168.1.444,AA:BB:CC:DD:EE:FF",
    "192.168.1.44",
    `${"x".repeat(600)}`,
  ])("%j is none", (text) => expect(parse(text)).toBeNull());
});

/** A free UDP port of this computer. */
async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

describe("the ear for announcements", () => {
  it("hears datagrams on both ports until it is called off", async () => {
    const ports = [await freePort(), await freePort()];
    const stop = new AbortController();
    const heard: string[] = [];
    const listening = listenForAnnouncements((host) => heard.push(host), stop.signal, ports);
    const sender = createSocket("udp4");

    for (let tries = 0; tries < 100 && heard.length < 2; tries++) {
      sender.send("192.168.1.44,AA:BB:CC:DD:EE:FF", ports[0], "127.0.0.1");
      sender.send("IP:192.168.1.61MAC:c4:08:28:00:a4:19\0", ports[1], "127.0.0.1");
      sender.send("OK\0\0\0\0\0\0\0\0\0", ports[0], "127.0.0.1");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    stop.abort();
    sender.close();

    await expect(listening).resolves.toBeNull();
    expect(new Set(heard)).toEqual(new Set(["192.168.1.44", "192.168.1.61"]));
  });

  it("says which port it cannot have", async () => {
    const taken = createSocket({ type: "udp4", reuseAddr: false });
    await new Promise<void>((resolve) => taken.bind(0, resolve));
    const { port } = taken.address();

    const warning = await listenForAnnouncements(() => undefined, AbortSignal.timeout(200), [port]);

    taken.close();
    expect(warning).toContain(String(port));
  });
});
