import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ListedMiner, ReadingView } from "#src/model/miner-view.ts";
import { type MinerPage, minerLines, minerListLines, readingLines } from "#src/text/miner-lines.ts";

const reading: ReadingView = {
  state: "mining",
  stateDetail: null,
  powerW: 2906,
  powerSource: "estimated",
  hashrateThs: 121.731,
  chipMaxC: null,
  boardC: 58,
  inletC: null,
  outletC: null,
  fans: [
    { rpm: 4140, percent: 69 },
    { rpm: null, percent: null },
  ],
  uptimeS: 86_520,
  powerTargetW: 2906,
  mode: "default",
  pools: [pool("member", 700_000, 40), pool("coop", 300_000, null)],
};

const page = {
  name: "barn",
  host: "192.0.2.10",
  port: 4028,
  identity: {
    id: "02:00:00:00:00:07",
    make: "Bitmain",
    model: "Antminer S19",
    firmware: "luxos",
    firmwareVersion: "2025.4.8",
    serial: "HTH07",
  },
  driver: { title: "LuxOS (Antminer)", tier: "gold", exemptions: ["its own fee is not told"] },
  adopted: { zone: "shed", circuit: "dryer" },
  capabilities: {
    pause: true,
    power: "discrete",
    mechanism: "groups",
    minW: 784,
    maxW: 2906,
    steps: ["190MHz", "415MHz", "default"],
    stepsW: [784, 1837, 2906],
    locate: true,
  },
  reading,
  backupAt: "2026-01-16T08:00:00Z",
} satisfies MinerPage;

function pool(role: "member" | "coop", sharePpm: number | null, accepted: number | null) {
  const counters = {
    acceptedDifficulty: null,
    accepted,
    rejected: accepted === null ? null : 0,
    stale: null,
  };
  return {
    url: `stratum+tcp://${role}.example:3333`,
    user: "w",
    role,
    state: "alive" as const,
    sharePpm,
    ...counters,
  };
}

describe("one miner in words", () => {
  it("says who it is, what it can do and how it stands", () => {
    expect(minerLines(page).join("\n")).toMatchInlineSnapshot(`
      "Miner       barn
      Model       Bitmain Antminer S19
      Firmware    luxos 2025.4.8
      Identity    02:00:00:00:00:07, HTH07
      Address     192.0.2.10:4028
      Heats       shed, on circuit dryer
      Can         pause; 190MHz 784 W, 415MHz 1837 W, default 2906 W; split by pool groups; show itself
      Pools kept  since 2026-01-16T08:00:00Z
      Driver      LuxOS (Antminer), gold
        but       its own fee is not told

      State        mining
      Power        2906 W (estimated)
      Target       2906 W
      Mode         default
      Hash rate    121.73 TH/s
      Temperature  board 58 °C
      Fans         4140 rpm at 69 %
      Running for  24 h 2 min

      POOL                               USER  ROLE    SHARE  STATE  ACCEPTED  REJECTED
      stratum+tcp://member.example:3333  w     member   70 %  alive        40         0
      stratum+tcp://coop.example:3333    w     coop     30 %  alive         –         –"
    `);
  });

  it.each([
    ["few steps are named with their watts", {}, "190MHz 784 W, 415MHz 1837 W, default 2906 W"],
    [
      "a step named by its watts is named once",
      { steps: ["1080", "2480"], stepsW: [1080, 2480] },
      "1080, 2480",
    ],
    ["steps of unknown draw stay without it", { stepsW: null }, "190MHz, 415MHz, default"],
    [
      "of many only the ends are named",
      { steps: Array.from({ length: 9 }, (_, step) => `${step}00MHz`), stepsW: null },
      "9 steps, 000MHz to 800MHz",
    ],
    ["targets are a range", { power: "continuous" }, "784 W to 2906 W"],
    ["a device without a lever says so", { power: "none", pause: false }, "no change of power"],
  ])("%s", (_, change, words) => {
    const line = minerLines({ ...page, capabilities: { ...page.capabilities, ...change } }).join("\n");

    expect(line).toContain(words);
  });

  it("what it tells for its password alone is left open", () => {
    const lines = minerLines({ ...page, capabilities: null }).join("\n");

    expect(lines).toMatch(/^Can +–$/m);
  });

  it("does not name the same number twice", () => {
    const identity = { ...page.identity, id: "serial:HTH07" };

    expect(minerLines({ ...page, identity }).join("\n")).toMatch(/Identity +serial:HTH07\n/);
  });
});

describe("a reading in words", () => {
  it("shows nothing unknown as 0", () => {
    const unknown: ReadingView = {
      ...{ state: "unknown", stateDetail: "it names no state", powerW: null, powerSource: null },
      ...{ hashrateThs: null, chipMaxC: null, boardC: null, inletC: null, outletC: null },
      ...{ fans: [], uptimeS: null, powerTargetW: null, mode: null, pools: [] },
    };

    const lines = readingLines(unknown);

    expect(lines.join("\n")).not.toMatch(/\b0\b/);
    expect(lines).toContain("State        unknown: it names no state");
  });

  it("leaves the column of shares out where the firmware has none", () => {
    const plain = { ...reading, pools: [pool("member", null, 1)] };

    expect(readingLines(plain).join("\n")).not.toContain("SHARE");
  });

  it("lets no control byte of the device through", () => {
    const words = fc.string({ unit: "binary", maxLength: 60 });
    fc.assert(
      fc.property(words, words, words, (mode, url, detail) => {
        const spoilt = {
          ...reading,
          mode,
          stateDetail: detail,
          pools: [{ ...pool("coop", null, 1), url, user: url }],
        };
        const lines = [
          ...minerLines({ ...page, name: url, driver: { ...page.driver, title: mode }, reading: spoilt }),
          ...minerListLines([{ ...row, name: mode, host: url, driver: detail }]),
        ];
        expect(lines.join("")).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });
});

const row: ListedMiner = {
  ...{ name: "den", state: "mining", powerW: 835, targetW: 800, id: "02:00:00:00:00:07" },
  ...{ host: "192.0.2.10", port: 4028, driver: "avalon", zone: "home", circuit: "c1", offlineSince: null },
};

describe("the list of miners", () => {
  it("tells of one that is off since when", () => {
    const off: ListedMiner = {
      ...row,
      name: "barn",
      state: "unknown",
      powerW: null,
      offlineSince: "2026-01-16T08:00:00Z",
    };

    expect(minerListLines([row, off]).join("\n")).toMatchInlineSnapshot(`
      "NAME  STATE                               POWER  TARGET  ZONE  CIRCUIT  ADDRESS          FIRMWARE
      den   mining                              835 W   800 W  home  c1       192.0.2.10:4028  avalon
      barn  offline since 2026-01-16T08:00:00Z      –   800 W  home  c1       192.0.2.10:4028  avalon"
    `);
  });

  it("says how to begin when it is empty", () => {
    expect(minerListLines([])[0]).toContain("hearth discover");
  });
});
