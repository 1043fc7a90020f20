import type { AvalonDevice } from "./avalon-device.ts";
import { read } from "./avalon-replies.ts";
import type { CgminerAnswer } from "./cgminer-wire.ts";

/** `estats`, `stats`, `litestats`: the summary of `KEY[value]` words (miners.md §6.2), in the shape of the model. */
export function statsAnswer(device: AvalonDevice, isShort: boolean): CgminerAnswer {
  const { facts, uptimeS } = device;
  const keys = isShort ? facts.keys.filter((key) => SHORT_KEYS.has(key)) : facts.keys;
  const words = uptimeS < facts.emptySummaryS ? "" : summaryOf(device, keys);
  const row = {
    STATS: 0,
    ID: facts.statsId,
    Elapsed: uptimeS,
    Calls: 0,
    Wait: 0,
    Max: 0,
    Min: 99_999_999,
    ...(facts.isWrapped
      ? { "MM ID0:Summary": words && `'STATS':{${words}}`, HBinfo: words && boardInfo(device) }
      : { "MM ID0": words }),
  };
  return read(70, "CGMiner stats", { name: "STATS", rows: [row] });
}

/** The supply as it tells it: only its last place, or the last but one, is the draw. */
export function powerSupply(device: AvalonDevice): string {
  const { facts, boardW, toldW } = device;
  const ownV = boardW > 0 ? 27.6 : 28.1;
  const ownA = Math.floor(toldW / ownV);
  if (facts.supply === "adapter") return `0 0 ${ownV * 1000} ${ownA} 0 3756 ${toldW}`;
  if (facts.supply === "early-watts") return `0 0 0 ${ownA} ${Math.round(ownV * 100)} ${toldW} 344`;
  const railV = boardW > 0 ? 20.83 : 0.04;
  const amps = boardW > 0 ? Math.round(boardW / railV) : 0;
  return `0 1210 ${Math.round(railV * 100)} ${amps} ${boardW} 2085 ${toldW}`;
}

const SHORT_KEYS = new Set(
  "Ver|SYSTEMSTATU|STATE|Elapsed|ITemp|OTemp|TMax|TAvg|FanR|PS|GHSspd|GHSavg|SoftOFF|WORKMODE|WORKLEVEL|MPO|ADJ".split(
    "|",
  ),
);

function summaryOf(device: AvalonDevice, keys: readonly string[]): string {
  const { constants } = device.facts;
  return keys
    .flatMap((key) => {
      if (key === "ATA") return tuningOf(device);
      const value = constants[key] ?? VALUES[key]?.(device, heatOf(device)) ?? "";
      return [`${key}[${value}]`];
    })
    .join(" ");
}

/** `ATA<n>` of each mode, or of the present one. */
function tuningOf({ facts, mode, level, lever }: AvalonDevice): string[] {
  if (!facts.tellsAllTargets) return [`ATA${mode}[${lever.targetW}-${facts.tuning}]`];
  return Object.entries(facts.levers[mode] ?? { [level]: lever }).map(
    ([number, { targetW }]) => `ATA${number}[${targetW}-${facts.tuning}]`,
  );
}

/** Draw as a part of the largest; 0 at rest. */
function heatOf(device: AvalonDevice): number {
  return device.isHashing ? device.stage.powerW / device.peakW : 0;
}

/** Values of the words, from the device and its heat. */
const VALUES: Record<string, (device: AvalonDevice, heat: number) => string | number> = {
  Ver: ({ facts }) => `${facts.word}-${facts.build}`,
  LVer: ({ facts }) => facts.build,
  BVer: ({ facts }) => facts.build,
  HVer: ({ facts }) => facts.version["HVERSION"] ?? "",
  FW: () => "Release",
  DNA: ({ dna }) => dna,
  HDNA: ({ dna }) => dna,
  MEMFREE: () => 64_584,
  NETFAIL: () => "0 0 0 0 0 0 0 0",
  SSID: () => "",
  RSSI: () => 0,
  STATE: (device) => RUN_STATES.indexOf(runState(device)),
  SYSTEMSTATU: (device) => `Work: ${runState(device)}, Hash Board: 1`,
  // The inner clock runs some seconds beside the outer one.
  Elapsed: ({ uptimeS }) => uptimeS + 13,
  BOOTBY: () => "0x02.00000000",
  MH: () => 62,
  DHW: () => 0,
  HW: () => 62,
  DH: () => "1.768%",
  Temp: (device, heat) => inletOf(device, heat),
  ITemp: (device, heat) => inletOf(device, heat),
  OTemp: (device, heat) => Math.round(inletOf(device, heat) + 24 * heat),
  HBTemp: (device, heat) => Math.round(inletOf(device, heat) + 36 * heat),
  HBITemp: (device, heat) => inletOf(device, heat) + 1,
  HBOTemp: (device, heat) => Math.round(inletOf(device, heat) + 1 + 20 * heat),
  TMax: (device) => chipOf(device),
  TAvg: (device) => Math.max(0, chipOf(device) - 4),
  Fan1: fanOf,
  Fan2: fanOf,
  Fan3: fanOf,
  Fan4: fanOf,
  FanErr: ({ faults }) => (faults.active("fan") ? 1 : 0),
  FanR: (_, heat) => `${Math.min(100, Math.round(100 * Math.sqrt(heat)))}%`,
  SoftOffTime: ({ softTimes }) => softTimes.off,
  SoftOnTime: ({ softTimes }) => softTimes.on,
  Filter: ({ uptimeS }) => Math.floor(uptimeS / 3600),
  PS: powerSupply,
  GHSspd: ({ hashrateThs }) => (hashrateThs * 1000).toFixed(2),
  DHspd: () => "1.701%",
  GHSmm: ({ nominalThs }) => (nominalThs * 1000).toFixed(2),
  GHSavg: ({ averageGhs }) => averageGhs.toFixed(2),
  MGHS: ({ averageGhs }) => averageGhs.toFixed(2),
  WU: ({ hashrateThs }) => (hashrateThs * 13_580).toFixed(2),
  Freq: (_, heat) => (200 + 288 * heat).toFixed(2),
  PING: () => 31,
  // 4 is what an order over the network leaves there.
  SoftOFF: ({ isResting }) => (isResting ? 4 : 0),
  ECHU: () => 0,
  ECMM: () => 0,
  SF0: () => "498 516 537 558",
  LcdOnoff: () => 1,
  WORKMODE: ({ mode }) => mode,
  WORKLEVEL: ({ level }) => level,
  MPO: ({ lever }) => lever.targetW,
  CALIALL: ({ isCalibrating }) => (isCalibrating ? 0 : 7),
  ADJ: ({ isCalibrating }) => (isCalibrating ? 0 : 1),
  "Nonce Mask": () => 25,
};

const RUN_STATES = ["In Init", "In Work", "In Idle", "In Fault"];

function runState(device: AvalonDevice): string {
  if (device.isFaulty) return "In Fault";
  if (device.isResting) return "In Idle";
  return device.stage.state === "running" ? "In Work" : "In Init";
}

function inletOf({ inletC }: AvalonDevice, heat: number): number {
  return Math.round(inletC + 19 * heat);
}

function chipOf({ isResting, chipC }: AvalonDevice): number {
  return isResting ? 0 : Math.round(chipC);
}

function fanOf({ faults }: AvalonDevice, heat: number): number {
  return faults.active("fan") ? 0 : Math.round(3000 * Math.sqrt(heat));
}

/** Temperatures and voltages of single chips, padded as the firmware does it. */
function boardInfo(device: AvalonDevice): string {
  const chips = [-7, -2, 0].map((offset) => Math.max(0, chipOf(device) + offset));
  return `'HB0':{PVT_T0[${chips.map((chipC) => String(chipC).padStart(3)).join(" ")}] PVT_V0[302 301 299] MW0[321 338 337]}`;
}
