import type { MinerCapabilities, MinerIdentity } from "../model/miner.ts";
import { mechanismOf } from "../model/split-mechanism.ts";
import type { EventView, SplitLegProof, SplitProof } from "../model/view.ts";
import { pairLines, tableLines } from "./columns.ts";
import { formatDifficulty, formatMeasuredPpm, formatPpm, formatWatts, UNKNOWN } from "./format.ts";
import { formatDate, formatTime } from "./time.ts";
import { screenText } from "./width.ts";
import { eventAsk, eventOutcome, verdictLabel } from "./words.ts";

export { settlementLines } from "./settlement-lines.ts";

/** A miner as a search finds it. Capabilities are null where it could not be asked for them. */
export interface DiscoveredMiner {
  host: string;
  port: number;
  identity: MinerIdentity;
  /** Null: not adopted. */
  name?: string | null;
  capabilities: Pick<
    MinerCapabilities,
    "canPause" | "power" | "split" | "minW" | "maxW" | "steps" | "actions"
  > | null;
}

/** All that `hearth discover` shows. */
export interface DiscoveryList {
  miners: readonly DiscoveredMiner[];
  offline: readonly { name: string; host: string; port: number; lastSeenAt: string | null }[];
  locked: readonly { host: string; port: number | null; error: { message: string; hint: string | null } }[];
}

/** `hearth discover`: found miners as a table, then what is known and off, then what could not be asked. */
export function discoverTable({ miners, offline, locked }: DiscoveryList): string[] {
  const found =
    miners.length > 0 ? minerTable(miners) : ["No miner answered. Try: hearth discover --host HOST[:PORT]"];
  return [
    ...found,
    ...offline.map(({ name, host, port, lastSeenAt }) => {
      const since = lastSeenAt === null ? "offline" : `offline since ${lastSeenAt}`;
      return `${screenText(name, 40)} at ${screenText(host, 80)}:${port}: ${since}`;
    }),
    ...locked.map(({ error: { message, hint } }) =>
      screenText(hint === null ? message : `${message} Try: ${hint}`, 400),
    ),
  ];
}

function minerTable(miners: readonly DiscoveredMiner[]): string[] {
  return tableLines(
    [
      { title: "ADDRESS" },
      { title: "NAME" },
      { title: "MODEL" },
      { title: "FIRMWARE" },
      { title: "POWER" },
      { title: "SPLIT" },
      { title: "ID" },
    ],
    miners.map(({ host, port, identity, capabilities, name = null }) => [
      screenText(`${host}:${port}`, 80),
      name === null ? "new" : screenText(name, 32),
      screenText([identity.make, identity.model].filter(Boolean).join(" "), 40),
      screenText(`${identity.firmware} ${identity.firmwareVersion}`, 40),
      powerWords(capabilities),
      splitWords(capabilities),
      screenText(identity.id, 40),
    ]),
  );
}

/** Table of `hearth event list`, times in the home's zone. */
export function eventTable(events: readonly EventView[], tz: string): string[] {
  if (events.length === 0) return ["No co-op events."];
  return tableLines(
    [
      { title: "DAY" },
      { title: "FROM" },
      { title: "TO" },
      { title: "KIND" },
      { title: "ASKS" },
      { title: "STATE" },
      { title: "RESULT" },
      { title: "ID" },
    ],
    events.map((event) => [
      formatDate(event.start, tz),
      formatTime(event.start, tz),
      event.end === null ? "open" : formatTime(event.end, tz),
      event.priority,
      eventAsk(event),
      event.state,
      eventOutcome(event),
      screenText(event.id, 64),
    ]),
  );
}

/** `hearth split verify` for people: a table of the legs, the verdict, the window, drift line by line. */
export function splitLines(proof: SplitProof, tz = "UTC"): string[] {
  const mechanisms = Object.entries(proof.mechanisms);
  return [
    ...tableLines(
      [
        { title: "LEG" },
        { title: "TARGET", align: "right" },
        { title: "MEASURED", align: "right" },
        { title: "95 % RANGE" },
        { title: "ACCEPTED WORK", align: "right" },
      ],
      proof.legs.map((leg) => [
        leg.role,
        formatPpm(leg.targetPpm),
        formatMeasuredPpm(leg.measuredPpm),
        luckRange(leg),
        formatDifficulty(leg.acceptedDifficulty),
      ]),
    ),
    "",
    ...pairLines([
      ["Verdict", verdictLabel(proof.verdict)],
      ["Shares", `${proof.shares} accepted`],
      ["Window", windowWords(proof, tz)],
      ...mechanisms.map(([name, mechanism]): [string, string] => [
        "Mechanism",
        `${screenText(name, 40)}: ${screenText(mechanism, 60)}`,
      ]),
      ...proof.drift.map((line): [string, string] => ["Drift", screenText(line)]),
    ]),
  ];
}

/** The range that luck alone explains: `69.60 to 70.40 %`. */
export function luckRange(leg: SplitLegProof): string {
  if (leg.lowPpm === null || leg.highPpm === null) return UNKNOWN;
  return `${(leg.lowPpm / 10_000).toFixed(2)} to ${formatMeasuredPpm(leg.highPpm)}`;
}

function windowWords({ window }: SplitProof, tz: string): string {
  if (window === null) return UNKNOWN;
  const [startDay, endDay] = [formatDate(window.start, tz), formatDate(window.end, tz)];
  const end = endDay === startDay ? "" : `${endDay} `;
  return `${startDay} ${formatTime(window.start, tz)} to ${end}${formatTime(window.end, tz)}${tz === "UTC" ? " UTC" : ""}`;
}

function powerWords(capabilities: DiscoveredMiner["capabilities"]): string {
  if (capabilities === null) return UNKNOWN;
  const { power, steps, minW, maxW, canPause } = capabilities;
  const pause = canPause ? "" : ", no pause";
  if (power === "discrete") return `${steps.length} ${steps.length === 1 ? "step" : "steps"}${pause}`;
  if (power === "onoff") return "on or off";
  if (power === "none") return `fixed${pause}`;
  return `${formatWatts(minW)} to ${formatWatts(maxW)}${pause}`;
}

function splitWords(capabilities: DiscoveredMiner["capabilities"]): string {
  if (capabilities === null) return UNKNOWN;
  const mechanism = mechanismOf(capabilities);
  if (mechanism === "time-slice") return "by time";
  return mechanism === "none" ? "no" : mechanism;
}
