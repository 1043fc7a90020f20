import type { MinerModel } from "./emulated-miner.ts";
import type { PowerFacts } from "./power-stage.ts";

/** One mode and level of a unit. */
export interface AvalonLever {
  /** Draw that it settles at, W, in the scale of the unit's own wall figure. */
  drawW: number;
  /** `MPO` and `ATA<n>`: target of the hash board, W. */
  targetW: number;
}

/** All that differs between the home units and their builds (miners.md §6). */
export interface AvalonFacts {
  /** Words of `version` beside those that every unit has. */
  version: Record<string, string>;
  hasMacInVersion: boolean;
  hasDnaInVersion: boolean;
  /** Firmware build, `YYMMDDNN_hash`. */
  build: string;
  /** Word of the model before the build in `Ver[…]`. */
  word: string;
  /** `ID` in the answer to `stats`. */
  statsId: string;
  /** `KEY[value]` words of the summary, in order, and values that never change. */
  keys: readonly string[];
  constants: Record<string, string | number>;
  /** The summary stands as `'STATS':{…}` under another name, beside `HBinfo`. */
  isWrapped: boolean;
  /** The summary is empty for so long after a start, s. */
  emptySummaryS: number;
  /** Shape of `PS[…]`: rails of a mains supply, or an external adapter with its millivolts, or with its watts early. */
  supply: "rails" | "adapter" | "early-watts";
  /** Rest of `ATA<n>` after the watts; all of its modes, or the present one only. */
  tuning: string;
  tellsAllTargets: boolean;
  /** By mode, then level. */
  levers: Record<number, Record<number, AvalonLever>>;
  firstMode: number;
  firstLevel: number;
  /** Words of `ascset|0,help`, in order. */
  verbs: readonly string[];
  canSwitchPool: boolean;
  /** `setpool` wants the voucher in the place of the password. */
  usesVoucher: boolean;
  fans: number;
  power: PowerFacts;
  /** Draw of fans and controller, W: it does not hash, so low modes are worse per terahash. */
  overheadW: number;
  peakThs: number;
  /** How the rate follows the power beyond the overhead: 1 in proportion, less where low modes are the better ones. */
  rateExponent: number;
  /** Without a pool the chips wait, W. */
  noWorkW: number;
  rebootS: readonly [low: number, high: number];
  calibrationS: number;
  /** Part of the draw at the wall that comes out of an external adapter. */
  adapterPart: number;
  /** Wall figure at rest where it is a stale one, W; null: it is true. */
  restTellsW: number | null;
}

const MINI3_KEYS =
  "HashStatus|Ver|LVer|BVer|FW|DNA|NETFAIL|SYSTEMSTATU|Elapsed|BOOTBY|MH|DHW|HW|DH|ITemp|OTemp|HBTemp|TMax|TAvg|TarT|Fan1|FanErr|FanR|PS|GHSspd|DHspd|GHSmm|GHSavg|WU|Freq|MGHS|TA|PING|SoftOFF|ECHU|ECMM|SF0|ATA|LcdOnoff|WORKMODE|WORKLEVEL|MPO|CALIALL|ADJ|SSID|Nonce Mask";
const Q_KEYS =
  "Ver|LVer|BVer|CPU|FW|DNA|STATE|MEMFREE|NETFAIL|SSID|RSSI|SYSTEMSTATU|Elapsed|BOOTBY|MH|DHW|HW|DH|ITemp|HBITemp|HBOTemp|TMax|TAvg|TarT|Fan1|Fan2|Fan3|Fan4|FanR|SoftOffTime|SoftOnTime|Filter|FanErr|PS|GHSspd|DHspd|GHSmm|GHSavg|WU|Freq|MGHS|TA|Core|PING|SoftOFF|ECHU|ECMM|SF0|ATA|LcdOnoff|WORKMODE|WORKLEVEL|MPO|CALIALL|ADJ|Nonce Mask";
const NANO3S_KEYS =
  "Ver|LVer|BVer|FW|LcdOnoff|DNA|MEMFREE|NETFAIL|SYSTEMSTATU|Elapsed|BOOTBY|MH|DHW|HW|DH|ITemp|OTemp|TMax|TAvg|TarT|Fan1|FanR|PS|GHSspd|DHspd|GHSmm|GHSavg|WU|Freq|MGHS|TA|Core|PING|SoftOFF|ECHU|ECMM|SF0|ATA|WORKMODE|WORKLEVEL|MPO|CALIALL|ADJ";
const NANO3_KEYS =
  "HashStatus|Ver|HVer|DNA|HDNA|NETFAIL|Elapsed|MH|DHW|HW|DH|Temp|OTemp|TMax|TAvg|TarT|Fan1|FanR|PS|GHSspd|DHspd|GHSmm|GHSavg|WU|Freq|Led|MGHS|TA|Core|PING|SoftOFF|ECHU|ECMM|SF0|ATA|WORKLEVEL|MPO|ADJ";

const MINI3: AvalonFacts = {
  version: { PROD: "Avalon Mini3", MODEL: "Mini3", HWTYPE: "M_MM1v1_X1", SWTYPE: "MM319" },
  hasMacInVersion: true,
  hasDnaInVersion: true,
  build: "25022401_cb28ba7",
  word: "Mini3",
  statsId: "AVALON0",
  keys: MINI3_KEYS.split("|"),
  constants: { HashStatus: 0, TarT: 75, TA: 48 },
  isWrapped: false,
  emptySummaryS: 0,
  supply: "rails",
  tuning: "75-2109-492-20",
  tellsAllTargets: false,
  levers: {
    0: { 0: { drawW: 820, targetW: 745 }, [-1]: { drawW: 640, targetW: 582 } },
    1: { 0: { drawW: 820, targetW: 745 }, [-1]: { drawW: 640, targetW: 582 } },
    2: { 0: { drawW: 550, targetW: 500 }, [-1]: { drawW: 410, targetW: 373 } },
  },
  firstMode: 1,
  firstLevel: 0,
  verbs:
    "help|voltage|fan-spd|target-temp|lcd|led|workmode|worklevel|work_mode_lvl|softon|softoff|reboot".split(
      "|",
    ),
  canSwitchPool: true,
  usesVoucher: false,
  fans: 1,
  power: {
    ...{ idleW: 15, wakeW: 150, wakeS: 60, acceptS: 2, tauS: 10 },
    ...{ rampUpWs: 20, rampDownWs: 100, noiseW: 8, gainDeviation: 0.015 },
  },
  overheadW: 72,
  peakThs: 38.9,
  rateExponent: 1,
  noWorkW: 120,
  rebootS: [40, 40],
  calibrationS: 180,
  adapterPart: 1,
  restTellsW: null,
};

const Q: AvalonFacts = {
  ...MINI3,
  version: { PROD: "Avalon Q", MODEL: "Q", HWTYPE: "Q_MM1v1_X1", SWTYPE: "MM319" },
  build: "25052801_14a19a2",
  word: "Q",
  keys: Q_KEYS.split("|"),
  constants: { CPU: "K230", TarT: 65, TA: 160, Core: "A3197S" },
  isWrapped: true,
  emptySummaryS: 45,
  tuning: "65-2264-258-20",
  levers: {
    0: { 0: { drawW: 840, targetW: 800 } },
    1: { 0: { drawW: 1365, targetW: 1300 } },
    2: { 0: { drawW: 1670, targetW: 1600 } },
  },
  firstMode: 0,
  verbs:
    "help|voltage|fan-spd|lcd|workmode|worklevel|work_mode_lvl|reboot|softon|softoff|filter-clean|frequency|loop|password|time".split(
      "|",
    ),
  fans: 4,
  power: { ...MINI3.power, wakeW: 200, rampUpWs: 40, rampDownWs: 200, noiseW: 12 },
  overheadW: 60,
  peakThs: 90,
  rateExponent: 0.7,
  noWorkW: 180,
  rebootS: [200, 240],
  restTellsW: 146,
};

const NANO3S: AvalonFacts = {
  ...MINI3,
  version: { PROD: "Avalon Nano3s", MODEL: "Nano3s", HWTYPE: "N_MM1v1_X1", SWTYPE: "MM319" },
  build: "25061101_7d2e9b4",
  word: "Nano3s",
  keys: NANO3S_KEYS.split("|"),
  constants: { ITemp: -273, TarT: 90, TA: 12, Core: "A3197S" },
  supply: "adapter",
  tuning: "90-3756-432-20",
  levers: {
    0: { 0: { drawW: 60, targetW: 60 } },
    1: { 0: { drawW: 95, targetW: 95 } },
    2: { 0: { drawW: 133, targetW: 133 } },
  },
  firstMode: 2,
  verbs:
    "help|voltage|fan-spd|ledmode|ledset|lcd|nightlamp|workmode|worklevel|work_mode_lvl|softon|softoff|reboot|filter-clean|frequency|loop|password".split(
      "|",
    ),
  power: {
    ...{ idleW: 5, wakeW: 25, wakeS: 60, acceptS: 2, tauS: 10 },
    ...{ rampUpWs: 4, rampDownWs: 20, noiseW: 1, gainDeviation: 0.015 },
  },
  overheadW: 10,
  peakThs: 6.4,
  rateExponent: 0.9,
  noWorkW: 20,
  adapterPart: 0.9,
};

const NANO3: AvalonFacts = {
  ...NANO3S,
  version: {
    ...{ PROD: "Avalonnano", MODEL: "nano3", HWTYPE: "PMMv1_X1", SWTYPE: "MM318_X2" },
    ...{ HVERSION: "25103101_b5d0e1a_6223731", UPAPI: "2" },
  },
  hasMacInVersion: false,
  build: "25103101_0a6c2f8",
  word: "nano3",
  statsId: "AVANANO0",
  keys: NANO3_KEYS.split("|"),
  constants: { HashStatus: 1, TarT: 90, TA: 10, Core: "A3198S", Led: 1 },
  supply: "early-watts",
  tuning: "90-344-100:568:588:608",
  tellsAllTargets: true,
  levers: {
    0: {
      0: { drawW: 60, targetW: 60 },
      1: { drawW: 90, targetW: 90 },
      2: { drawW: 125, targetW: 125 },
    },
  },
  firstMode: 0,
  firstLevel: 2,
  verbs: "help|voltage|fan-spd|led|worklevel|softon|softoff|reboot|password".split("|"),
  canSwitchPool: false,
  usesVoucher: true,
  peakThs: 4.1,
};

/** The units by model and build; the newest build is the one without a name. */
const UNITS: Partial<Record<MinerModel, Record<string, AvalonFacts>>> = {
  "avalon-mini3": { "": MINI3 },
  "avalon-q": { "": Q },
  "avalon-nano3s": {
    "": NANO3S,
    "25021401": {
      ...NANO3S,
      build: "25021401_56abae7",
      verbs: NANO3S.verbs.filter((verb) => !verb.startsWith("soft")),
    },
  },
  "avalon-nano3": {
    "": NANO3,
    "24071801": {
      ...NANO3,
      version: { ...NANO3.version, HVERSION: "24071801_b906c52_6223725" },
      hasDnaInVersion: false,
      build: "24071801_42c628d",
      constants: { ...NANO3.constants, DNA: "0".repeat(16) },
    },
  },
};

/** Facts of a model in a build; of its newest where that build is not known. */
export function avalonFacts(model: MinerModel, firmware = ""): AvalonFacts {
  const builds = UNITS[model] ?? {};
  return builds[firmware] ?? builds[""] ?? MINI3;
}
