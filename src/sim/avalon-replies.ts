import type { AvalonDevice } from "./avalon-device.ts";
import type { CgminerAnswer, CgminerSection } from "./cgminer-wire.ts";
import type { PoolWork } from "./work.ts";

/** Answer of a read. */
export function read(code: number, message: string, ...sections: CgminerSection[]): CgminerAnswer {
  return { status: "S", code, message, sections };
}

/** `version`: who it is (miners.md §6.1). */
export function versionAnswer({ facts, mac, dna }: AvalonDevice): CgminerAnswer {
  const { version, build } = facts;
  // The Nano 3 has one build only, under a name of its own.
  const builds =
    "HVERSION" in version ? { VERSION: build } : { LVERSION: build, BVERSION: build, CGVERSION: build };
  return read(22, "CGMiner versions", {
    name: "VERSION",
    rows: [
      {
        CGMiner: "4.11.1",
        API: "3.7",
        ...version,
        ...builds,
        ...(facts.hasDnaInVersion ? { DNA: dna } : {}),
        ...(facts.hasMacInVersion ? { MAC: mac.replaceAll(":", "") } : {}),
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
    Name: device.facts.statsId.replace(/0$/, ""),
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

function mhs(ghs: number): number {
  return Math.round(ghs * 1e5) / 100;
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 1e6) / 1e4;
}
