import type { WhatsminerDevice } from "./whatsminer-device.ts";
import type { PoolWork } from "./work.ts";

/** How a build names itself. */
export interface WhatsminerBuild {
  api: string;
  firmware: string;
  /**
   * API v1 knows fewer commands, and other names for some fields. On firmware with API v3 the old API tells the percent,
   * and of its pools no sums of difficulty.
   */
  style: "v1" | "v2" | "beside-v3";
}

/** JSON text of an answer; the device closes the connection behind it, without a NUL. */
export type ReadReply = (device: WhatsminerDevice, build: WhatsminerBuild) => string;

/** Status as bare words with the content in `Msg` (miners.md §3.3 row 19). */
export function bare(
  device: WhatsminerDevice,
  status: "S" | "E",
  code: number,
  message: unknown,
  description = "",
): string {
  const body = { STATUS: status, When: device.epochS, Code: code, Msg: message, Description: description };
  return JSON.stringify(body);
}

/** The reads of API v2 by their command. */
export const v2Reads: Record<string, ReadReply> = {
  get_version: (device, build) =>
    bare(device, "S", 131, {
      api_ver: build.api,
      fw_ver: build.firmware,
      platform: "H616",
      chip: "K62D-01 BINV04",
    }),
  get_miner_info: (device) =>
    bare(device, "S", 131, {
      ip: "192.168.1.61",
      proto: "dhcp",
      netmask: "255.255.255.0",
      gateway: "192.168.1.1",
      dns: "192.168.1.1",
      hostname: "WhatsMiner",
      mac: device.mac.toUpperCase(),
      ledstat: "auto",
      minersn: device.serial,
    }),
  devdetails,
  summary,
  status: (device, build) =>
    bare(device, "S", 131, {
      mineroff: String(device.isResting),
      mineroff_reason: device.isResting ? "by whatsminer api" : "",
      mineroff_time: "",
      FirmwareVersion: build.firmware,
      ...(build.style === "v2"
        ? { power_mode: "", hash_percent: "" }
        : {
            power_mode: device.powerMode,
            power_limit_set: String(device.limitW),
            hash_percent: "0",
            power_pct: device.percent,
          }),
    }),
  pools,
  get_psu: (device) =>
    bare(device, "S", 131, {
      name: "P221B",
      model: "P221B",
      enable: device.isHashing ? "1" : "0",
      iin: String(Math.round((device.stage.reportedW / 230) * 1000)),
      vin: "23000",
      pin: String(device.stage.reportedW),
      fan_speed: "6720",
      serial_no: `PSU${device.serial}`,
      vendor: "1",
      temp0: "36.0",
    }),
  get_error_code: (device) => {
    // An array that is written like an object (miners.md §3.3 row 10).
    const entries = device.errorCodes.map((code) => `"${code}":"${moment(device)}"`).join(",");
    return bare(device, "S", 131, { error_code: [] }).replace("[]", `[${entries}]`);
  },
};

/** Those of API v1: no owner's page, no list of errors, no token. */
export const v1Reads: Record<string, ReadReply> = {
  get_version: (device, build) =>
    bare(device, "S", 131, { api_ver: `whatsminer v${build.api}`, fw_ver: build.firmware }),
  version: (device) =>
    JSON.stringify({
      STATUS: [{ STATUS: "S", When: device.epochS, Code: 22, Msg: "BTMiner versions" }],
      VERSION: [{ BTMiner: "4.9.2", API: "3.7" }],
      id: 1,
    }),
  devdetails,
  summary,
  status: (device, build) =>
    bare(
      device,
      "S",
      131,
      { btmineroff: String(device.isResting), "Firmware Version": `'${build.firmware}'` },
      `whatsminer v${build.api}`,
    ),
  pools,
};

function devdetails(device: WhatsminerDevice): string {
  const row = (place: number) => ({
    ...{ DEVDETAILS: place, Name: "SM", ID: place, Driver: "bitmicro", Kernel: "", Model: device.model },
  });
  return list(device, 69, "Device Details", "DEVDETAILS", [row(0), row(1), row(2)]);
}

/** Rates in MH/s, `Factory GHS` in GH/s. */
function summary(device: WhatsminerDevice, build: WhatsminerBuild): string {
  const mhs = Math.round(device.hashrateThs * 1e8) / 100;
  const chipC = device.isHashing || device.isFaulty ? Math.round(device.chipC * 100) / 100 : 0;
  const sum = (value: (pool: PoolWork) => number) =>
    device.pools.reduce((total, pool) => total + value(pool), 0);
  const row = {
    ...{
      Elapsed: device.miningS,
      "MHS av": mhs,
      "MHS 5s": mhs,
      "MHS 1m": mhs,
      "MHS 5m": mhs,
      "MHS 15m": mhs,
    },
    "HS RT": mhs,
    Accepted: sum((pool) => pool.accepted),
    Rejected: sum((pool) => pool.rejected),
    "Total MH": mhs * device.miningS,
    Temperature: chipC === 0 ? 0 : chipC - 12,
    freq_avg: device.isHashing ? 646 : 0,
    "Fan Speed In": device.fanRpm.inlet,
    "Fan Speed Out": device.fanRpm.outlet,
    Power: device.stage.reportedW,
    "Power Rate": device.hashrateThs > 0 ? device.stage.reportedW / device.hashrateThs : 0,
    "Pool Rejected%": 0,
    "Pool Stale%": 0,
    "Last getwork": 0,
    Uptime: device.uptimeS + 60,
    "Security Mode": 0,
    "Hash Stable": device.isHashing,
    "Target Freq": 574,
    "Target MHS": device.nominalThs * 1e6,
    "Env Temp": device.inletC,
    "Power Mode": device.powerMode.replace(/^./, (letter) => letter.toUpperCase()),
    ...(build.style === "v1"
      ? { "Firmware Version": `'${build.firmware}'`, "CB Platform": "ALLWINNER_H3" }
      : {}),
    MAC: device.mac.toUpperCase(),
    "Factory GHS": Math.round(device.nominalThs * 1000),
    "Power Limit": device.limitW,
    "Chip Temp Min": chipC === 0 ? 0 : chipC - 20,
    "Chip Temp Max": chipC,
    "Chip Temp Avg": chipC === 0 ? 0 : chipC - 8,
    Debug: "-0.0_100.0_354",
    "Btminer Fast Boot": device.isFastBoot ? "enable" : "disable",
    "Upfreq Complete": device.isWaking ? 0 : 1,
    ...(build.style === "v1" ? numberedErrors(device) : {}),
  };
  if (build.style === "beside-v3") return bare(device, "S", 131, row);
  const status = [{ STATUS: "S", Msg: "Summary" }];
  // A comma too many behind the last field (miners.md §3.3 row 4).
  return JSON.stringify({ STATUS: status, SUMMARY: [row], id: 1 }).replace('}],"id"', ',}],"id"');
}

function numberedErrors({ errorCodes }: WhatsminerDevice): Record<string, number> {
  const codes = errorCodes.map((code, place) => [`Error Code ${place}`, code] as const);
  return { ...Object.fromEntries(codes), "Error Code Count": errorCodes.length };
}

/** Counted from 1; `Quota` is always 1 and means nothing. */
function pools(device: WhatsminerDevice, { style }: WhatsminerBuild): string {
  const rows = device.pools.map((pool, place) => ({
    POOL: place + 1,
    URL: pool.entry.url,
    Status: pool.isAlive ? "Alive" : "Dead",
    Priority: place,
    Quota: 1,
    Getworks: pool.accepted,
    Accepted: pool.accepted,
    Rejected: pool.rejected,
    Works: pool.accepted,
    Discarded: 0,
    Stale: pool.stale,
    "Get Failures": 0,
    "Remote Failures": 0,
    User: pool.entry.user,
    "Last Share Time": pool.lastShareMs === null ? 0 : Math.floor(pool.lastShareMs / 1000),
    ...(style === "beside-v3"
      ? {}
      : {
          "Difficulty Accepted": pool.acceptedDifficulty,
          "Difficulty Rejected": pool.rejectedDifficulty,
          "Difficulty Stale": pool.staleDifficulty,
          "Last Share Difficulty": pool.lastShareDifficulty,
        }),
    "Stratum Active": pool.isActive,
    "Stratum Difficulty": pool.isActive ? pool.difficulty : 0,
    "Pool Rejected%": 0,
    "Pool Stale%": 0,
  }));
  return list(device, 7, `${rows.length} Pool(s)`, "POOLS", rows);
}

function list(
  device: WhatsminerDevice,
  code: number,
  message: string,
  name: string,
  rows: unknown[],
): string {
  const status = [{ STATUS: "S", When: device.epochS, Code: code, Msg: message, Description: "" }];
  return JSON.stringify({ STATUS: status, [name]: rows, id: 1 });
}

/** The device's own way to write a moment. */
export function moment({ epochS }: WhatsminerDevice): string {
  return new Date(epochS * 1000).toISOString().slice(0, 19).replace("T", " ");
}
