import { describe, expect, it } from "vitest";
import { type Evidence, judge, WEB_PROBES } from "#src/miners/evidence.ts";

const page = (body: string, status = 200, headers: Record<string, string> = {}): Evidence => ({
  http: { status, headers, body },
  socket: null,
  frames: null,
});
const socket = (product: string): Evidence => ({ http: null, socket: `[{"${product}":"1"}]`, frames: null });

describe("the decision table (miners.md §2.4)", () => {
  it.each([
    [
      "the realm of a stock Antminer",
      page("", 401, { "www-authenticate": 'Digest realm="antMiner Configuration"' }),
      "antminer",
    ],
    ["AnthillOS", page("<title>AnthillOS</title>"), "vnish"],
    ["Braiins OS", page("<title>Braiins OS+</title>"), "braiins"],
    ["Luxor Firmware", page("Luxor Firmware"), "luxos"],
    ["AxeOS", page("<title>AxeOS</title>"), "axeos"],
    ["a Nerd page", page("<title>NerdQAxe++</title> based on AxeOS"), "nerdqaxe"],
    ["Avalon", page("<title>Avalon Device</title>"), "avalon"],
    [
      "the redirect of a Whatsminer",
      page("", 307, { location: "https://192.0.2.1/cgi-bin/luci" }),
      "whatsminer",
    ],
    ["BOSminer", socket("BOSminer+"), "braiins"],
    ["BOSer", socket("BOSer"), "braiins"],
    ["BTMiner", socket("BTMiner"), "whatsminer"],
    ["LUXminer", socket("LUXminer"), "luxos"],
    ["Avalon on the socket", socket("PROD Avalon Q"), "avalon"],
    ["VNish on the socket", socket("Antminer S19 VNish 1.2"), "vnish"],
    ["Antminer alone", socket("Antminer S19"), "antminer"],
  ] as [string, Evidence, string][])("%s", (_, evidence, first) => expect(judge(evidence)[0]).toBe(first));

  it("lets the page win over the socket", () => {
    expect(judge({ ...page("AnthillOS"), socket: "Antminer S19" })[0]).toBe("vnish");
  });

  it.each([
    page("<html>Router</html>"),
    page("", 404),
    socket("Xminer"),
    { http: null, socket: null, frames: null },
  ])("knows nothing of %j", (evidence) => expect(judge(evidence)).toEqual([]));
});

describe("the questions where a page says nothing", () => {
  const families = (
    path: string,
    answer: { status?: number; headers?: Record<string, string>; body?: unknown },
  ) =>
    WEB_PROBES.find((probe) => probe.path === path)?.families({
      status: 200,
      headers: {},
      body: null,
      ...answer,
    });

  it.each([
    ["/api/system/info", { body: { ASICModel: "BM1370" } }, "axeos"],
    ["/api/system/info", { body: { ASICModel: "BM1370", deviceModel: "NerdQAxe++" } }, "nerdqaxe"],
    ["/api/v1/info", { body: { fw_name: "Vnish" } }, "vnish"],
    ["/api/v1/miner/details", { status: 401 }, "braiins"],
    [
      "/cgi-bin/get_system_info.cgi",
      { headers: { "www-authenticate": 'Digest realm="antMiner Configuration"' } },
      "antminer",
    ],
    ["/graphql", { status: 400 }, "bosminer"],
  ] as [string, object, string][])("%s with %j is %s", (path, answer, first) => {
    expect(families(path, answer)?.[0]).toBe(first);
  });

  it("are answered by none with a page that greets everything", () => {
    for (const { path } of WEB_PROBES) expect(families(path, { status: 200, body: null })).toEqual([]);
  });
});
