import { SLEEP_MODE } from "./antminer-config.ts";
import type { AntminerDevice } from "./antminer-device.ts";
import type { PoolWork } from "./work.ts";

const MINER_VERSION = "uart_trans.1.3";
const BOARDS = 3;
const FANS = 4;

/** `get_system_info.cgi`. */
export function systemInfoBody(device: AntminerDevice): Record<string, unknown> {
  const filesystem = device.build.filesystemVersion(device.model.shortName);
  return {
    minertype: device.model.minerType,
    nettype: "DHCP",
    netdevice: "eth0",
    macaddr: device.mac.toUpperCase(),
    hostname: "Antminer",
    ipaddress: "127.0.0.1",
    netmask: "255.255.255.0",
    gateway: "",
    dnsservers: "",
    system_mode: "GNU/Linux",
    system_kernel_version: "Linux 4.6.0-xilinx-gff8137b #1 SMP PREEMPT",
    system_filesystem_version: filesystem,
    firmware_type: "Release",
    serinum: device.serial,
  };
}

/** `summary.cgi`: rates, and what the firmware complains of. */
export function summaryBody(device: AntminerDevice): Record<string, unknown> {
  if (isSilent(device)) return envelope(device, "summary", "SUMMARY", []);
  const { faults } = device;
  const isRunning = device.runningMode !== SLEEP_MODE;
  const entries: [type: string, isBad: boolean, message: string][] = [
    ["rate", isRunning && !device.isHashing && device.uptimeS > 900, "hashrate too low"],
    ["network", !device.hasWork, "pool connect failed"],
    ["fans", faults.active("fan") !== null, "fan lost"],
    ["temp", faults.active("hot") !== null, "over max temp"],
  ];
  const status = entries.map(([type, isBad, message]) => ({
    ...{ type, status: isBad ? "e" : "s", code: isBad ? 1 : 0, msg: isBad ? message : "" },
  }));
  return envelope(device, "summary", "SUMMARY", [
    { elapsed: device.uptimeS, ...rates(device), hw_all: 12, bestshare: bestShare(device), status },
  ]);
}

/** `stats.cgi`, and with `watt` the new form of `stats` on port 4028. */
export function statsBody(device: AntminerDevice, hasWatts: boolean): Record<string, unknown> {
  if (isSilent(device)) return envelope(device, "stats", "STATS", []);
  const entry = {
    elapsed: device.uptimeS,
    ...rates(device),
    chain_num: BOARDS,
    fan_num: FANS,
    fan: fanSpeeds(device),
    hwp_total: 0.0006,
    "miner-mode": device.runningMode,
    "freq-level": 100,
    chain: Array.from({ length: BOARDS }, (_, index) => chain(device, index)),
    ...(hasWatts ? { watt: device.stage.reportedW } : {}),
  };
  return envelope(device, "stats", "STATS", [entry]);
}

/** `pools.cgi`; which pool is at work is not told. */
export function poolsBody(device: AntminerDevice): Record<string, unknown> {
  const rows = device.work.pools.map((pool, index) => ({
    index,
    url: pool.entry.url,
    user: pool.entry.user,
    status: pool.isAlive ? "Alive" : "Dead",
    priority: index,
    getworks: pool.accepted,
    accepted: pool.accepted,
    rejected: pool.rejected,
    discarded: 0,
    stale: pool.stale,
    diff: shortNumber(pool.difficulty),
    diff1: pool.acceptedDifficulty + pool.rejectedDifficulty,
    diffa: pool.acceptedDifficulty,
    diffr: pool.rejectedDifficulty,
    diffs: pool.staleDifficulty,
    lsdiff: pool.lastShareDifficulty,
    lstime: shareAge(device, pool),
  }));
  return envelope(device, "pools", "POOLS", rows);
}

/** Rates as both forms tell them, GH/s. */
export function rates(device: AntminerDevice) {
  return {
    rate_5s: round(device.hashrateThs * 1000),
    rate_30m: round(device.averages.halfHour),
    rate_avg: round(device.averages.sinceStart),
    rate_ideal: device.nominalGhs,
    rate_unit: "GH/s",
  };
}

/** Four places of each board: inlet side first; zeros while the chips have no power. */
export function boardTemperatures(device: AntminerDevice, board: number) {
  if (!device.isHashing && device.faults.active("hot") === null) {
    return { chip: [0, 0, 0, 0], pcb: [0, 0, 0, 0] };
  }
  const hottestC = Math.round(device.chipC) - board;
  const chip = [hottestC - 14, hottestC - 14, hottestC, hottestC];
  return { chip, pcb: chip.map((celsius) => celsius - 5) };
}

/** Turning with the heat; still in sleep, and one of them when it is broken. */
export function fanSpeeds(device: AntminerDevice): number[] {
  const rpm = device.isHashing || device.isFaulty ? 5_100 : device.runningMode === SLEEP_MODE ? 0 : 2_200;
  const isBroken = device.faults.active("fan") !== null;
  return Array.from({ length: FANS }, (_, index) => (index === 0 && isBroken ? 0 : rpm + 30 * index));
}

/** Age of the last share as `0:00:03`; `0` before the first. */
export function shareAge(device: AntminerDevice, { lastShareMs }: PoolWork): string {
  if (lastShareMs === null) return "0";
  const ageS = Math.max(0, device.epochS - Math.floor(lastShareMs / 1000));
  const part = (value: number) => String(Math.floor(value) % 60).padStart(2, "0");
  return `${Math.floor(ageS / 3600)}:${part(ageS / 60)}:${part(ageS)}`;
}

/** `65536` as `65.5K`. */
export function shortNumber(value: number): string {
  return value < 1000
    ? String(value)
    : value < 1e6
      ? `${round(value / 1e3, 1)}K`
      : `${round(value / 1e6, 1)}M`;
}

export function bestShare(device: AntminerDevice): number {
  return Math.max(0, ...device.work.pools.map((pool) => pool.bestShare));
}

export function round(value: number, digits = 2): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}

function isSilent({ build, runningMode }: AntminerDevice): boolean {
  return build.isSilentAsleep && runningMode === SLEEP_MODE;
}

function chain(device: AntminerDevice, index: number): Record<string, unknown> {
  const { chip, pcb } = boardTemperatures(device, index);
  return {
    index,
    freq_avg: device.isHashing ? 525 : 0,
    rate_ideal: round(device.nominalGhs / BOARDS),
    rate_real: round((device.hashrateThs * 1000) / BOARDS),
    asic_num: device.isHashing ? device.model.chipsPerBoard : 0,
    temp_pic: pcb.map((celsius) => Math.max(0, celsius - 10)),
    temp_pcb: pcb,
    temp_chip: chip,
    hw: 4,
    eeprom_loaded: true,
    sn: `${device.serial}B${index}`,
  };
}

function envelope(device: AntminerDevice, name: string, section: string, rows: unknown[]) {
  const { minerType } = device.model;
  return {
    STATUS: { STATUS: "S", when: device.epochS, Msg: name, api_version: "1.0.0" },
    INFO: { miner_version: MINER_VERSION, CompileTime: "Sat Mar 11 14:02:23 CST 2023", type: minerType },
    [section]: rows,
  };
}
