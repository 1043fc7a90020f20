import type { CgminerAnswer, CgminerSection } from "./cgminer-wire.ts";
import type { LuxosDevice, StoredGroup } from "./luxos-device.ts";
import { luxosProfiles } from "./luxos-profiles.ts";
import type { PoolWork } from "./work.ts";

const BUILD = "2025.4.8.220305-57b389c7";
export const DESCRIPTION = `LUXminer ${BUILD}`;
const BOARDS = 3;
const FANS = 4;

/** Answer of a read. */
export function read(code: number, message: string, ...sections: CgminerSection[]): CgminerAnswer {
  return { status: "S", code, message, sections };
}

export function versionAnswer(): CgminerAnswer {
  const row = {
    API: "3.7",
    CompileTime: "Tue Apr  8 22:03:05 UTC 2025",
    LUXminer: BUILD,
    Miner: "2025.4.8.220305",
    Type: "Antminer S19",
  };
  return read(22, "LUXminer versions", { name: "VERSION", rows: [row] });
}

/** `config`: identity and the levers; `ProfileStep` is text (miners.md §17). */
export function configAnswer(device: LuxosDevice): CgminerAnswer {
  const { profile } = device;
  const row = {
    "ASC Count": BOARDS,
    CurtailMode: device.isResting ? "Sleep" : "None",
    FeeStatus: "Active",
    Hostname: "LuxOS",
    IsAtmEnabled: device.atm.isEnabled,
    IsPowerSupplyOn: !device.isFaulty && device.stage.state !== "rest" && device.stage.state !== "cut",
    IsPowerTargetEnabled: false,
    IsPowerTargetSupported: true,
    IsTuning: false,
    MACAddr: device.mac,
    Model: "Antminer S19",
    NameplateTHS: 121.7,
    OS: "LuxOS",
    PSULabel: "APW12",
    "Pool Count": device.stored.flatMap(({ pools }) => pools).length,
    Profile: profile.name,
    ProfileStep: String(profile.step),
    RedLed: device.redLed,
    SerialNumber: device.serial,
    SystemStatus: device.isFaulty ? "Panic" : device.isRamping ? "Ramping" : "Normal",
  };
  return read(33, "LUXminer config", { name: "CONFIG", rows: [row] });
}

/** `summary`: rates in GH/s. */
export function summaryAnswer(device: LuxosDevice): CgminerAnswer {
  const works = device.groups.flatMap(({ work }) => work.pools);
  const sum = (value: (pool: PoolWork) => number) => works.reduce((total, pool) => total + value(pool), 0);
  const ghs = round(device.hashrateThs * 1000, 2);
  const row = {
    Accepted: sum((pool) => pool.accepted),
    "Best Share": Math.max(0, ...works.map((pool) => pool.bestShare)),
    "Difficulty Accepted": sum((pool) => pool.acceptedDifficulty),
    "Difficulty Rejected": sum((pool) => pool.rejectedDifficulty),
    "Difficulty Stale": sum((pool) => pool.staleDifficulty),
    Elapsed: device.uptimeS,
    "GHS 5s": ghs,
    "GHS 1m": ghs,
    // Since the start: stays high for hours after a sleep.
    "GHS av": round(device.profile.hashrateThs * 990, 2),
    "Hardware Errors": 42,
    Rejected: sum((pool) => pool.rejected),
    Stale: sum((pool) => pool.stale),
  };
  return read(11, "Summary", { name: "SUMMARY", rows: [row] });
}

/** `devs`: rates in MH/s, and whether a board climbs. */
export function devsAnswer(device: LuxosDevice): CgminerAnswer {
  const isOff = device.isResting || device.isFaulty;
  const rows = Array.from({ length: BOARDS }, (_, board) => ({
    ASC: board,
    Board: `Board ${board}`,
    Enabled: "Y",
    IsRamping: device.isRamping,
    IsUserShutdown: device.isResting,
    "MHS 5s": round((device.hashrateThs * 1e6) / BOARDS, 2),
    "Nominal MHS": round((device.profile.hashrateThs * 1e6) / BOARDS, 0),
    Profile: device.profileName,
    Status: isOff ? "Dead" : "Alive",
    Temperature: boardC(device, board),
  }));
  return read(9, `${BOARDS} ASC(s)`, { name: "DEVS", rows });
}

/** `power`: this supply has no meter. */
export function powerAnswer(device: LuxosDevice): CgminerAnswer {
  return read(311, "Power usage", { name: "POWER", rows: [{ PSU: false, Watts: device.estimatedW }] });
}

/** `temps`: corners of the boards. */
export function tempsAnswer(device: LuxosDevice): CgminerAnswer {
  const rows = Array.from({ length: BOARDS }, (_, board) => {
    const exhaust = boardC(device, board);
    const intake = exhaust === 0 ? 0 : Math.round(device.inletC + 0.4 * (exhaust - device.inletC));
    return {
      ID: board,
      TEMP: board,
      TopLeft: intake,
      BottomLeft: intake === 0 ? 0 : intake + 1,
      TopRight: exhaust,
      BottomRight: exhaust === 0 ? 0 : exhaust - 1,
    };
  });
  return read(201, `${BOARDS} Temp(s)`, { name: "TEMPS", rows });
}

export function fansAnswer(device: LuxosDevice): CgminerAnswer {
  const percent = device.isHashing ? Math.min(100, 20 + Math.round(device.stage.powerW / 60)) : 10;
  const rows = Array.from({ length: FANS }, (_, fan) => ({
    FAN: fan,
    ID: fan,
    RPM: fan === 0 && device.faults.active("fan") ? 0 : percent * 60 + fan * 30,
    Speed: percent,
  }));
  return read(202, `${FANS} Fan(s)`, { name: "FANS", rows });
}

/** `pools`: with the group, its quota, and the age of the last share. */
export function poolsAnswer(device: LuxosDevice): CgminerAnswer {
  const rows = device.stored.flatMap((group) => group.pools.map((_, place) => poolRow(device, group, place)));
  return read(
    7,
    `${rows.length} Pool(s)`,
    ...[{ name: "POOLS", rows: rows.map((row, priority) => ({ ...row, Priority: priority })) }],
  );
}

export function groupsAnswer(device: LuxosDevice): CgminerAnswer {
  const rows = device.stored.map(({ id, name, quota }) => ({ GROUP: id, Name: name, Quota: quota }));
  return read(350, `${rows.length} Group(s)`, { name: "GROUPS", rows });
}

/** `atm`: steps are text here too. */
export function atmAnswer({ atm }: LuxosDevice): CgminerAnswer {
  const stepOf = (name: string) => String(luxosProfiles.find((profile) => profile.name === name)?.step ?? "");
  const row = {
    Enabled: atm.isEnabled,
    MaxProfile: atm.maxProfile,
    MaxProfileStep: stepOf(atm.maxProfile),
    MinProfile: atm.minProfile,
    MinProfileStep: stepOf(atm.minProfile),
    PostRampMinutes: atm.postRampMinutes,
    StartupMinutes: atm.startupMinutes,
    TempWindow: atm.tempWindow,
  };
  return read(339, "ATM configuration values", { name: "ATM", rows: [row] });
}

export function profilesAnswer(): CgminerAnswer {
  const rows = luxosProfiles.map((profile) => ({
    "Profile Name": profile.name,
    Step: String(profile.step),
    Frequency: profile.frequencyMhz,
    Hashrate: profile.hashrateThs,
    Voltage: profile.voltageV,
    Watts: profile.watts,
    IsDynamic: true,
    IsTuned: false,
    CanRestore: true,
    HasOverrides: false,
  }));
  return read(323, "List profiles", { name: "PROFILES", rows });
}

export function eventsAnswer(device: LuxosDevice): CgminerAnswer {
  const kind = device.faults.active("hot") ? "Overtemp" : device.faults.active("fan") ? "Fan lost" : null;
  const rows =
    kind === null ? [] : [{ Code: 900, Description: kind, Target: "system", CreatedAt: device.epochS }];
  return read(351, `${rows.length} Event(s)`, { name: "EVENTS", rows });
}

function poolRow(device: LuxosDevice, group: StoredGroup, place: number): Record<string, unknown> {
  const { id, entry } = group.pools[place] ?? { id: -1, entry: { url: "", user: "", password: "" } };
  const found = device.workOf(group, place);
  const work = found?.work ?? null;
  const isActive = found?.isActive === true && !device.isResting;
  return {
    POOL: id,
    GROUP: group.id,
    URL: entry.url,
    Status: work?.isAlive === false ? "Dead" : "Alive",
    Quota: group.quota,
    "Long Poll": "N",
    Accepted: work?.accepted ?? 0,
    Rejected: work?.rejected ?? 0,
    Stale: work?.stale ?? 0,
    User: entry.user,
    "Last Share Time": ageOf(device, work?.lastShareMs ?? null),
    "Difficulty Accepted": work?.acceptedDifficulty ?? 0,
    "Difficulty Rejected": work?.rejectedDifficulty ?? 0,
    "Difficulty Stale": work?.staleDifficulty ?? 0,
    "Last Share Difficulty": work?.lastShareDifficulty ?? 0,
    "Stratum Active": isActive,
    "Stratum URL": isActive ? entry.url.replace(/^.*:\/\//, "") : "",
    "Stratum Difficulty": isActive ? (work?.difficulty ?? 0) : 0,
    "Best Share": work?.bestShare ?? 0,
  };
}

/** `00:00:03`: an age, no time of the day (miners.md §3.4); `0` for never. */
function ageOf(device: LuxosDevice, lastShareMs: number | null): string {
  if (lastShareMs === null) return "0";
  const ageS = Math.max(0, device.epochS - Math.floor(lastShareMs / 1000));
  return [Math.floor(ageS / 3600), Math.floor(ageS / 60) % 60, ageS % 60]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

/** Sensors without power tell 0. */
function boardC(device: LuxosDevice, board: number): number {
  return device.isResting ? 0 : Math.round(device.chipC - 12 + board);
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
