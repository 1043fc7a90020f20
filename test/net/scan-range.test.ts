import { describe, expect, it } from "vitest";
import { ownSubnets, scanHosts } from "#src/net/scan-range.ts";

const accepted: [string, number][] = [
  ["192.168.1.0/24", 254],
  ["192.168.1.77/24", 254],
  ["192.168.0.0/22", 1022],
  ["192.168.255.0/24", 254],
  ["10.0.0.0/24", 254],
  ["10.255.252.0/22", 1022],
  ["172.16.0.0/24", 254],
  ["172.31.255.0/24", 254],
  ["192.168.1.10/32", 1],
  ["192.168.1.10", 1],
  ["192.168.1.10/31", 2],
  ["10.1.2.0/30", 2],
  ["192.168.1.128/25", 126],
];

const refused = [
  "0.0.0.0/0",
  "0.0.0.0/24",
  "8.8.8.0/24",
  "1.1.1.1",
  "100.64.0.0/24",
  "127.0.0.1",
  "127.0.0.0/24",
  "169.254.1.0/24",
  "169.254.169.254",
  "172.15.255.0/24",
  "172.32.0.0/24",
  "192.167.255.0/24",
  "192.169.0.0/24",
  "9.255.255.0/24",
  "11.0.0.0/24",
  "192.0.2.0/24",
  "198.18.0.0/24",
  "203.0.113.7",
  "224.0.0.1",
  "239.255.255.0/24",
  "255.255.255.255",
  "192.168.0.0/21",
  "192.168.0.0/16",
  "10.0.0.0/8",
  "172.16.0.0/12",
];

const invalid = [
  "",
  "192.168.1",
  "192.168.1.0/33",
  "192.168.1.0/-1",
  "192.168.1.0/24/1",
  "fe80::1/64",
  "a.b.c.d/24",
];

describe("ranges that may be scanned", () => {
  it.each(accepted)("%s has %i hosts", (range, count) => {
    const hosts = scanHosts(range);

    expect(hosts).toHaveLength(count);
    expect(new Set(hosts).size).toBe(count);
  });

  it.each(refused)("%s is refused", (range) => {
    expect(() => scanHosts(range)).toThrow(expect.objectContaining({ code: "SCAN_RANGE_REFUSED", exit: 4 }));
  });

  it.each(invalid)("%j is no range", (range) => {
    expect(() => scanHosts(range)).toThrow(expect.objectContaining({ code: "SCAN_RANGE_INVALID", exit: 2 }));
  });

  it("leaves out the network's own two addresses", () => {
    expect(scanHosts("192.168.1.0/29")).toEqual([1, 2, 3, 4, 5, 6].map((host) => `192.168.1.${host}`));
  });

  it("takes the private networks of this computer, once each and without loopback", () => {
    const address = (text: string, internal = false) => ({
      ...{ address: text, internal, netmask: "255.255.255.0", family: "IPv4" as const },
      ...{ mac: "00:00:00:00:00:00", cidr: null },
    });

    expect(
      ownSubnets({
        lo: [address("127.0.0.1", true)],
        lan: [address("192.168.7.20"), address("192.168.7.21")],
        wan: [address("203.0.113.9")],
        vpn: [address("10.8.3.4")],
      }),
    ).toEqual(["192.168.7.0/24", "10.8.3.0/24"]);
  });
});
