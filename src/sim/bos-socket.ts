import type { BosDevice } from "./bos-device.ts";
import { type CgminerAnswer, type CgminerSection, parseRequest, serialize } from "./cgminer-wire.ts";

const API_VERSION = "3.7";
/** Limits of the S9's and the S19's temperature control, degC. */
const TEMPERATURES = { Dangerous: 110, Hot: 100, Mode: "Automatic", Target: 75 };

/** The socket of Braiins OS on port 4028 (miners.md §7.7); `build` is the commit that `version` tells. */
export function answerBosSocket(device: BosDevice, build: string, bytes: string): string | null | undefined {
  const request = parseRequest(bytes);
  if (request === null) return undefined;
  const asked = request === "invalid" ? { isJson: true, commands: [""], parameter: "", body: {} } : request;
  const answers = new Map<string, CgminerAnswer>();
  for (const command of asked.commands) {
    const isKnown = Object.hasOwn(commands, command);
    const refusal = request === "invalid" ? error(23, "Invalid JSON") : error(14, "Invalid command");
    answers.set(command, isKnown ? (commands[command]?.(device, build) ?? refusal) : refusal);
  }
  const when = Math.floor(device.epochMs / 1000);
  return serialize(asked, answers, when, `BOSer boser-openwrt 0.1.0-${build}`);
}

type Handler = (device: BosDevice, build: string) => CgminerAnswer;

const commands: Record<string, Handler> = {
  version: (_, build) =>
    read(22, "BOSer versions", {
      name: "VERSION",
      rows: [{ API: API_VERSION, BOSer: `boser-openwrt 0.1.0-${build}` }],
    }),
  summary,
  tunerstatus,
  temps,
  fans,
  tempctrl: () => read(200, "Temperature control", { name: "TEMPCTRL", rows: [TEMPERATURES] }),
  pools,
  pause: (device) => change(device, true),
  resume: (device) => change(device, false),
};

function summary(device: BosDevice): CgminerAnswer {
  const mhs = (windowS: number) => (device.figures.hashrateThs[windowS] ?? 0) * 1e6;
  const sum = (value: (pool: (typeof device.pools)[number]) => number) =>
    device.pools.reduce((total, pool) => total + value(pool), 0);
  return read(11, "Summary", {
    name: "SUMMARY",
    rows: [
      {
        Accepted: sum(({ accepted }) => accepted),
        "Best Share": Math.max(0, ...device.pools.map(({ bestShare }) => bestShare)),
        "Difficulty Accepted": sum(({ acceptedDifficulty }) => acceptedDifficulty),
        "Difficulty Rejected": sum(({ rejectedDifficulty }) => rejectedDifficulty),
        "Difficulty Stale": 0,
        Elapsed: device.miningUptimeS,
        "Found Blocks": 0,
        "Hardware Errors": 442,
        "MHS 15m": mhs(900),
        "MHS 1m": mhs(60),
        "MHS 24h": mhs(86_400),
        "MHS 5m": mhs(300),
        "MHS 5s": mhs(5),
        "MHS av": mhs(3600),
        Rejected: sum(({ rejected }) => rejected),
        Stale: 0,
      },
    ],
  });
}

/** The tuner's own estimate; a paused miner reads 0 W, and no word for the pause is on record. */
function tunerstatus(device: BosDevice): CgminerAnswer {
  const { powerW } = device.figures;
  const boardsW = Math.max(0, Math.round(powerW * 0.94));
  return read(203, "Tuner Status", {
    name: "TUNERSTATUS",
    rows: [
      {
        ApproximateChainPowerConsumption: boardsW,
        ApproximateMinerPowerConsumption: powerW,
        DynamicPowerScaling: "Disabled",
        PowerLimit: device.targetW,
        TunerChainStatus: device.model.boards.map((board) => ({
          ApproximatePowerConsumptionWatt: Math.round(boardsW / device.model.boards.length),
          HashchainIndex: Number(board),
          Iteration: 0,
          PowerLimitWatt: Math.round((device.targetW * 0.94) / device.model.boards.length),
          Status: "Stable",
          TunerRunning: device.isHashing,
        })),
      },
    ],
  });
}

function temps(device: BosDevice): CgminerAnswer {
  const chipC = Math.round(device.chipC * 16) / 16;
  const rows = device.model.boards.map((board, index) => ({
    Board: chipC - 12,
    Chip: chipC,
    ID: Number(board),
    TEMP: index,
  }));
  return read(201, `${rows.length} Temp(s)`, { name: "TEMPS", rows });
}

function fans(device: BosDevice): CgminerAnswer {
  const rows = Array.from({ length: device.model.fanPlaces }, (_, index) => ({
    FAN: index,
    ID: index,
    RPM: device.fanRpm(index),
    Speed: device.fanPercent,
  }));
  return read(202, `${rows.length} Fan(s)`, { name: "FANS", rows });
}

/** The pools of all groups in one row. */
function pools(device: BosDevice): CgminerAnswer {
  const rows = device.pools
    .filter(({ entry }) => entry.url !== "")
    .map((pool, index) => ({
      Accepted: pool.accepted,
      "Best Share": pool.bestShare,
      "Difficulty Accepted": pool.acceptedDifficulty,
      "Difficulty Rejected": pool.rejectedDifficulty,
      "Difficulty Stale": pool.staleDifficulty,
      "Last Share Difficulty": pool.lastShareDifficulty,
      "Last Share Time": pool.lastShareMs === null ? 0 : Math.floor(pool.lastShareMs / 1000),
      POOL: index,
      Priority: index,
      Quota: 1,
      Rejected: pool.rejected,
      Stale: pool.stale,
      Status: pool.isAlive ? "Alive" : "Dead",
      "Stratum Active": pool.isActive,
      "Stratum Difficulty": pool.difficulty,
      "Stratum URL": pool.entry.url,
      URL: pool.entry.url,
      User: pool.entry.user,
      "Work Difficulty": pool.difficulty,
    }));
  return read(7, `${rows.length} Pool(s)`, { name: "POOLS", rows });
}

function change(device: BosDevice, isPaused: boolean): CgminerAnswer {
  device.pause(isPaused);
  const word = isPaused ? "Pause" : "Resume";
  return read(isPaused ? 204 : 205, word, { name: word.toUpperCase(), rows: [true] });
}

function read(code: number, message: string, section: CgminerSection): CgminerAnswer {
  return { status: "S", code, message, sections: [section] };
}

function error(code: number, message: string): CgminerAnswer {
  return { status: "E", code, message, sections: [] };
}
