import type { ListedMiner, ReadingView } from "../model/miner-view.ts";
import type { MechanismName } from "../model/split-mechanism.ts";
import { pairLines, tableLines } from "./columns.ts";
import { formatPpm, formatWatts, UNKNOWN } from "./format.ts";
import { screenText } from "./width.ts";

/** Steps that are named one by one. */
const MOST_NAMED = 8;

/** `hearth miner list` for people. */
export function minerListLines(miners: readonly ListedMiner[]): string[] {
  if (miners.length === 0)
    return ["No miner is adopted. Try: hearth discover, then hearth pair --miner HOST[:PORT]"];
  return tableLines(
    [
      { title: "NAME" },
      { title: "STATE" },
      { title: "POWER", align: "right" },
      { title: "TARGET", align: "right" },
      { title: "ZONE" },
      { title: "CIRCUIT" },
      { title: "ADDRESS" },
      { title: "FIRMWARE" },
    ],
    miners.map((miner) => [
      screenText(miner.name, 32),
      miner.offlineSince === null ? miner.state : `offline since ${miner.offlineSince}`,
      formatWatts(miner.powerW),
      formatWatts(miner.targetW),
      screenText(miner.zone, 32),
      screenText(miner.circuit, 32),
      screenText(`${miner.host}:${miner.port}`, 80),
      screenText(miner.driver, 16),
    ]),
  );
}

/** `hearth miner read` for people: what is known, and what is not. */
export function readingLines(reading: ReadingView): string[] {
  const degrees = (celsius: number | null) => (celsius === null ? null : `${round(celsius)} °C`);
  const temperatures = [
    ["chip", degrees(reading.chipMaxC)],
    ["board", degrees(reading.boardC)],
    ["inlet", degrees(reading.inletC)],
    ["outlet", degrees(reading.outletC)],
  ].flatMap(([name, value]) => (value === null ? [] : [`${name} ${value}`]));
  return [
    ...pairLines([
      ["State", screenText([reading.state, reading.stateDetail].filter(Boolean).join(": "), 300)],
      ["Power", powerWords(reading)],
      ["Target", formatWatts(reading.powerTargetW)],
      ["Mode", screenText(reading.mode ?? UNKNOWN, 60)],
      ["Hash rate", reading.hashrateThs === null ? UNKNOWN : `${round(reading.hashrateThs)} TH/s`],
      ["Temperature", temperatures.join(", ") || UNKNOWN],
      ["Fans", fanWords(reading.fans)],
      ["Running for", reading.uptimeS === null ? UNKNOWN : spanWords(reading.uptimeS)],
    ]),
    ...poolLines(reading.pools),
  ];
}

/** What `hearth miner show` prints beside the reading. */
export interface MinerPage {
  name: string | null;
  host: string;
  port: number;
  identity: {
    id: string;
    make: string | null;
    model: string;
    firmware: string;
    firmwareVersion: string;
    serial: string | null;
  };
  driver: { title: string; tier: string; exemptions: readonly string[] };
  adopted: { zone: string; circuit: string } | null;
  capabilities: {
    pause: boolean;
    power: string;
    mechanism: MechanismName;
    minW: number | null;
    maxW: number | null;
    steps: readonly string[];
    stepsW: readonly number[] | null;
    locate: boolean;
  } | null;
  reading: ReadingView;
  backupAt: string | null;
}

/** `hearth miner show` for people. */
export function minerLines(miner: MinerPage): string[] {
  const { identity, driver, adopted } = miner;
  return [
    ...pairLines([
      ["Miner", screenText(miner.name ?? "not adopted", 40)],
      ["Model", screenText([identity.make, identity.model].filter(Boolean).join(" "), 60)],
      ["Firmware", screenText(`${identity.firmware} ${identity.firmwareVersion}`, 60)],
      ["Identity", screenText(identityWords(identity), 80)],
      ["Address", screenText(`${miner.host}:${miner.port}`, 80)],
      [
        "Heats",
        adopted === null ? UNKNOWN : screenText(`${adopted.zone}, on circuit ${adopted.circuit}`, 80),
      ],
      ["Can", miner.capabilities === null ? UNKNOWN : canWords(miner.capabilities)],
      ["Pools kept", miner.backupAt === null ? "no backup" : `since ${miner.backupAt}`],
      ["Driver", screenText(`${driver.title}, ${driver.tier}`, 80)],
      ...driver.exemptions.map((reason): [string, string] => ["  but", screenText(reason, 160)]),
    ]),
    "",
    ...readingLines(miner.reading),
  ];
}

function identityWords({ id, serial }: MinerPage["identity"]): string {
  return serial === null || id.endsWith(serial) ? id : `${id}, ${serial}`;
}

function canWords(capabilities: NonNullable<MinerPage["capabilities"]>): string {
  const { pause, power, mechanism, minW, maxW, steps, stepsW, locate } = capabilities;
  const lever = {
    continuous: `${formatWatts(minW)} to ${formatWatts(maxW)}`,
    discrete: stepWords(steps, stepsW),
    onoff: "on or off",
    none: "no change of power",
  }[power];
  const words = [
    pause ? "pause" : "no pause",
    lever ?? power,
    SPLIT_WORDS[mechanism],
    locate ? "show itself" : "not show itself",
  ];
  return screenText(words.join("; "), 240);
}

const SPLIT_WORDS: Record<MechanismName, string> = {
  groups: "split by pool groups",
  dual: "split by two pools at once",
  quota: "split by quotas",
  "time-slice": "split by time",
  none: "no split",
};

/** Few are named one by one; of many only the ends, which `--json` has all. */
function stepWords(labels: readonly string[], stepsW: readonly number[] | null): string {
  const ends = (values: readonly string[]) => `${values[0]} to ${values.at(-1)}`;
  const watts = stepsW && `${ends(stepsW.map(String))} W`;
  if (labels.length > MOST_NAMED)
    return [`${labels.length} steps, ${ends(labels)}`, watts].filter(Boolean).join(", ");
  const named = labels.map((label, index) => {
    const stepW = stepsW?.[index];
    return stepW === undefined || label.includes(String(stepW)) ? label : `${label} ${stepW} W`;
  });
  return named.join(", ");
}

function powerWords({ powerW, powerSource }: ReadingView): string {
  if (powerW === null) return UNKNOWN;
  return powerSource === "measured" ? formatWatts(powerW) : `${formatWatts(powerW)} (${powerSource})`;
}

function fanWords(fans: ReadingView["fans"]): string {
  const words = fans.map(({ rpm, percent }) =>
    [rpm === null ? null : `${Math.round(rpm)} rpm`, percent === null ? null : `${Math.round(percent)} %`]
      .filter(Boolean)
      .join(" at "),
  );
  return words.filter(Boolean).join(", ") || UNKNOWN;
}

function poolLines(pools: ReadingView["pools"]): string[] {
  if (pools.length === 0) return [];
  const hasShares = pools.some(({ sharePpm }) => sharePpm !== null);
  return [
    "",
    ...tableLines(
      [
        { title: "POOL" },
        { title: "USER" },
        { title: "ROLE" },
        ...(hasShares ? [{ title: "SHARE", align: "right" } as const] : []),
        { title: "STATE" },
        { title: "ACCEPTED", align: "right" },
        { title: "REJECTED", align: "right" },
      ],
      pools.map((pool) => [
        screenText(pool.url, 80),
        screenText(pool.user, 60),
        pool.role.replace("_", " "),
        ...(hasShares ? [formatPpm(pool.sharePpm)] : []),
        pool.state,
        pool.accepted === null ? UNKNOWN : String(pool.accepted),
        pool.rejected === null ? UNKNOWN : String(pool.rejected),
      ]),
    ),
  ];
}

/** `2 h 5 min`, `3 d 4 h`. */
function spanWords(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return `${Math.round(seconds)} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
