import { Bonjour } from "bonjour-service";
import { describe, expect, it } from "vitest";
import { addressOf, browseMdns } from "#src/net/mdns.ts";

/** A group and port of its own on loopback: the real ones belong to this computer's network. */
const multicast = { port: 45_353, ip: "239.255.73.19", interface: "127.0.0.1", bind: "0.0.0.0" };
const board = { board: "601", family: "Gamma", asic: "BM1370", asic_count: "1", fw_version: "v2.15.0" };

describe("a service", () => {
  const service = (txt: object, name = "x", addresses = ["fe80::1", "192.168.1.44"]) =>
    addressOf({ txt, name, addresses, referer: { address: "192.168.1.99" } } as never);

  it("is a miner by its TXT record or its name, at the IPv4 address that it tells", () => {
    expect(service(board)).toBe("192.168.1.44");
    expect(service({}, "Bitaxe Gamma 601 (1A2B)")).toBe("192.168.1.44");
    expect(service(board, "x", [])).toBe("192.168.1.99");
  });

  it("is none when it is a printer", () => {
    expect(service({ ty: "LaserJet", rp: "ipp" }, "LaserJet")).toBeNull();
    expect(addressOf({ txt: null, name: "x" } as never)).toBeNull();
  });
});

describe("browsing", () => {
  it("hears an AxeOS board and not the printer beside it", async () => {
    const publisher = new Bonjour(multicast as never, () => undefined);
    publisher.publish({ name: "Bitaxe Gamma 601 (1A2B)", type: "http", port: 80, txt: board, probe: false });
    publisher.publish({ name: "LaserJet", type: "http", port: 80, txt: { ty: "LaserJet" }, probe: false });
    const stop = new AbortController();
    const heard: string[] = [];
    const timer = setTimeout(() => stop.abort(), 3_000);

    const warning = await browseMdns(
      (host) => {
        heard.push(host);
        stop.abort();
      },
      stop.signal,
      { multicast },
    );
    clearTimeout(timer);
    await new Promise<void>((resolve) => publisher.unpublishAll(() => publisher.destroy(() => resolve())));

    expect(warning).toBeNull();
    expect(heard).toHaveLength(1);
  });
});
