import type { AvalonDevice } from "./avalon-device.ts";
import type { CgminerAnswer, CgminerSection } from "./cgminer-wire.ts";
import type { PoolWork } from "./work.ts";

const BUILD = "25022401_cb28ba7";

/** Answer of a read. */
export function read(code: number, message: string, ...sections: CgminerSection[]): CgminerAnswer {
  return { status: "S", code, message, sections };
}

/** `version`: who it is (miners.md §6.1). `id` is a MAC in colon form. */
export function versionAnswer(id: string): CgminerAnswer {
  const mac = id.replaceAll(":", "");
  return read(22, "CGMiner versions", {
    name: "VERSION",
    rows: [
      {
        CGMiner: "4.11.1",
        API: "3.7",
        PROD: "Avalon Mini3",
        MODEL: "Mini3",
        HWTYPE: "M_MM1v1_X1",
        SWTYPE: "MM319",
        LVERSION: BUILD,
        BVERSION: BUILD,
        CGVERSION: BUILD,
        MCUVERSION: "Mini3_hb_v1.0",
        DNA: dnaOf(mac),
        MAC: mac,
      },
    ],
  });
}

/** `summary`: rates in MH/s, sums over all pools. */
export function summaryAnswer(device: AvalonDevice): CgminerAnswer {
  const { pools } = device.work;
  const sum = (value: (pool: PoolWork) => number) => pools.reduce((total, pool) => total + value(pool), 0);
  const rejected = sum((pool) => pool.rejected);
  const judged = rejected + sum((pool) => pool.accepted);
  const row = {
    Elapsed: device.uptimeS,
    "MHS av": mhs(device.averageGhs),
    "MHS 5s": mhs(device.hashrateThs * 1000),
    "MHS 1m": mhs(device.recentGhs.oneMinute),
    "MHS 5m": mhs(device.recentGhs.fiveMinutes),
    "MHS 15m": mhs(device.recentGhs.quarterHour),
    "Found Blocks": 0,
    Getworks: sum((pool) => pool.accepted),
    Accepted: sum((pool) => pool.accepted),
    Rejected: rejected,
    "Hardware Errors": 62,
    Stale: sum((pool) => pool.stale),
    "Difficulty Accepted": sum((pool) => pool.acceptedDifficulty),
    "Difficulty Rejected": sum((pool) => pool.rejectedDifficulty),
    "Difficulty Stale": sum((pool) => pool.staleDifficulty),
    "Best Share": Math.max(0, ...pools.map((pool) => pool.bestShare)),
    "Pool Rejected%": percent(rejected, judged),
    "Pool Stale%": 0,
  };
  return read(11, "Summary", { name: "SUMMARY", rows: [row] });
}

/** `devs`: the one hash board. */
export function devsAnswer(device: AvalonDevice): CgminerAnswer {
  const row = {
    ASC: 0,
    Name: "AVALON",
    ID: 0,
    Enabled: "Y",
    Status: "Alive",
    Temperature: Math.round(device.chipC),
    "MHS av": mhs(device.averageGhs),
    "MHS 5s": mhs(device.hashrateThs * 1000),
    "MHS 1m": mhs(device.recentGhs.oneMinute),
    "Device Elapsed": device.uptimeS,
  };
  return read(9, "1 ASC(s)", { name: "DEVS", rows: [row] });
}

/** `pools`: with the settlement counter `Difficulty Accepted`, and the passwords in clear text as the device does. */
export function poolsAnswer(device: AvalonDevice): CgminerAnswer {
  const { pools } = device.work;
  const rows = pools.map((pool, index) => poolRow(device, pool, index));
  return read(7, `${pools.length} Pool(s)`, { name: "POOLS", rows });
}

function poolRow(device: AvalonDevice, pool: PoolWork, index: number): Record<string, unknown> {
  const isActive = device.work.active === index;
  const lastShare = pool.lastShareMs === null ? 0 : Math.floor(pool.lastShareMs / 1000);
  return {
    POOL: index,
    URL: pool.entry.url,
    Status: pool.isAlive ? "Alive" : "Dead",
    Priority: Math.max(0, device.work.order.indexOf(index)),
    Quota: 1,
    "Long Poll": "N",
    Getworks: pool.accepted,
    Accepted: pool.accepted,
    Rejected: pool.rejected,
    Works: pool.accepted,
    Discarded: 0,
    Stale: pool.stale,
    "Get Failures": 0,
    "Remote Failures": 0,
    User: pool.entry.user,
    Password: pool.entry.password,
    "Last Share Time": lastShare,
    "Diff1 Shares": pool.acceptedDifficulty + pool.rejectedDifficulty,
    "Difficulty Accepted": pool.acceptedDifficulty,
    "Difficulty Rejected": pool.rejectedDifficulty,
    "Difficulty Stale": pool.staleDifficulty,
    "Last Share Difficulty": pool.lastShareDifficulty,
    "Work Difficulty": isActive ? pool.difficulty : 0,
    "Has Stratum": true,
    "Stratum Active": isActive,
    "Stratum URL": isActive ? pool.entry.url : "",
    "Stratum Difficulty": isActive ? pool.difficulty : 0,
    "Best Share": pool.bestShare,
    "Pool Rejected%": percent(pool.rejected, pool.accepted + pool.rejected),
    "Pool Stale%": 0,
  };
}

/** `estats`, `stats`, `litestats`: the token string of miners.md §6.2. */
export function statsAnswer(device: AvalonDevice, isShort: boolean): CgminerAnswer {
  const tokens = statsTokens(device, device.mac.replaceAll(":", ""));
  const short = new Set(["Ver", "SYSTEMSTATU", "Elapsed", "ITemp", "OTemp", "TMax", "TAvg", "FanR", "PS"]);
  const kept = isShort ? tokens.filter(([key]) => short.has(key) || tokensAlwaysKept.has(key)) : tokens;
  const row = {
    STATS: 0,
    ID: "AVALON0",
    Elapsed: device.uptimeS,
    Calls: 0,
    Wait: 0,
    Max: 0,
    Min: 99_999_999,
    "MM ID0": kept.map(([key, value]) => `${key}[${value}]`).join(" "),
  };
  return read(70, "CGMiner stats", { name: "STATS", rows: [row] });
}

const tokensAlwaysKept = new Set(["GHSspd", "GHSavg", "SoftOFF", "WORKMODE", "WORKLEVEL", "MPO", "ADJ"]);

function statsTokens(device: AvalonDevice, mac: string): [string, string | number][] {
  const heat = device.isHashing ? device.stage.powerW / 820 : 0;
  const inletC = Math.round(device.inletC + 19 * heat);
  const chipC = device.isResting ? 0 : Math.round(device.chipC);
  const live = device.hashrateThs * 1000;
  return [
    ["HashStatus", 0],
    ["Ver", `Mini3-${BUILD}`],
    ["LVer", BUILD],
    ["BVer", BUILD],
    ["FW", "Release"],
    ["DNA", dnaOf(mac)],
    ["NETFAIL", "0 0 0 0 0 0 0 0"],
    ["SYSTEMSTATU", `Work: ${workWord(device)}, Hash Board: 1`],
    // The inner clock runs some seconds beside the outer one.
    ["Elapsed", device.uptimeS + 13],
    ["BOOTBY", "0x02.00000000"],
    ["MH", 62],
    ["DHW", 0],
    ["HW", 62],
    ["DH", "1.768%"],
    ["ITemp", inletC],
    ["OTemp", Math.round(inletC + 24 * heat)],
    ["HBTemp", Math.round(inletC + 36 * heat)],
    ["TMax", chipC],
    ["TAvg", chipC === 0 ? 0 : chipC - 4],
    ["TarT", 75],
    ["Fan1", device.faults.active("fan") ? 0 : Math.round(3000 * Math.sqrt(heat))],
    ["FanErr", device.faults.active("fan") ? 1 : 0],
    ["FanR", `${Math.min(100, Math.round(100 * Math.sqrt(heat)))}%`],
    ["PS", powerSupply(device)],
    ["GHSspd", live.toFixed(2)],
    ["DHspd", "1.701%"],
    ["GHSmm", (device.nominalThs * 1000).toFixed(2)],
    ["GHSavg", device.averageGhs.toFixed(2)],
    ["WU", (live * 13.58).toFixed(2)],
    ["Freq", (200 + 288 * heat).toFixed(2)],
    ["MGHS", device.averageGhs.toFixed(2)],
    ["TA", 48],
    ["PING", 31],
    ["SoftOFF", device.isResting ? 4 : 0],
    ["ECHU", 0],
    ["ECMM", 0],
    ["SF0", "498 516 537 558"],
    [`ATA${device.mode}`, `${device.boardTargetW}-75-2109-492-20`],
    ["LcdOnoff", 1],
    ["WORKMODE", device.mode],
    ["WORKLEVEL", device.level],
    ["MPO", device.boardTargetW],
    ["CALIALL", device.isCalibrating ? 0 : 7],
    ["ADJ", device.isCalibrating ? 0 : 1],
    ["SSID", ""],
    ["Nonce Mask", 25],
  ];
}

function workWord(device: AvalonDevice): string {
  if (device.isFaulty) return "In Fault";
  if (device.isResting) return "In Idle";
  return device.stage.state === "running" ? "In Work" : "In Init";
}

/** Error, control rail, hash rail, amps, board watts, set voltage, wall watts: only the last is the draw. */
function powerSupply(device: AvalonDevice): string {
  const boardW = device.boardW;
  const railV = boardW > 0 ? 20.83 : 0.04;
  const amps = boardW > 0 ? Math.round(boardW / railV) : 0;
  return `0 1210 ${Math.round(railV * 100)} ${amps} ${boardW} 2085 ${device.stage.reportedW}`;
}

function dnaOf(mac: string): string {
  return `0201${mac}`.slice(0, 16).padEnd(16, "0");
}

function mhs(ghs: number): number {
  return Math.round(ghs * 1e5) / 100;
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 1e6) / 1e4;
}
