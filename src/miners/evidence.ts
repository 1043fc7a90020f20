import type { FirmwareId } from "../model/miner.ts";

/** What a device showed of itself: a web page, and its answer to the command `version`. */
export interface Evidence {
  /** Null: no web page. */
  http: { status: number; headers: Record<string, string>; body: string } | null;
  /** Null: no answer on the socket. All text of it, in any case. */
  socket: string | null;
}

/** A family seen, or the name of one that Hearth has no identifier for. */
export type Verdict = { firmware: FirmwareId; title: string } | { firmware: null; title: string };

const titles: Record<FirmwareId, string> = {
  avalon: "Canaan Avalon",
  axeos: "AxeOS",
  nerdqaxe: "NerdQAxe",
  braiins: "Braiins OS",
  bosminer: "Braiins OS (old)",
  luxos: "LuxOS",
  vnish: "VNish",
  antminer: "Bitmain Antminer",
  whatsminer: "Whatsminer",
};

/** Words of a page, in this order (miners.md §2.4). */
const PAGE_WORDS: readonly [RegExp, FirmwareId][] = [
  [/AnthillOS/i, "vnish"],
  [/Braiins OS/i, "braiins"],
  [/Luxor Firmware/i, "luxos"],
  [/"deviceModel"\s*:\s*"Nerd|Nerd(?:Q?Axe|OCTAXE)/i, "nerdqaxe"],
  [/AxeOS/i, "axeos"],
  [/Avalon/i, "avalon"],
];

/** Words of an answer on the socket; the plain Antminer comes last, because others contain its name. */
const SOCKET_WORDS: readonly [RegExp, FirmwareId][] = [
  [/BOSMINER|BOSER/, "braiins"],
  [/BTMINER|BITMICRO/, "whatsminer"],
  [/LUXMINER/, "luxos"],
  [/AVALON/, "avalon"],
  [/VNISH/, "vnish"],
  [/ANTMINER/, "antminer"],
];

/** The family that the evidence tells; the page wins over the socket. Null: not a miner that is known at all. */
export function judge(evidence: Evidence): Verdict | null {
  const firmware = judgePage(evidence.http) ?? judgeSocket(evidence.socket);
  return firmware === null ? null : { firmware, title: titles[firmware] };
}

function judgePage(http: Evidence["http"]): FirmwareId | null {
  if (http === null) return null;
  if (/realm="?antMiner/i.test(http.headers["www-authenticate"] ?? "")) return "antminer";
  const isRedirect = http.status >= 301 && http.status <= 308;
  if (isRedirect && /\/cgi-bin\/luci/.test(`${http.headers["location"] ?? ""}${http.body}`))
    return "whatsminer";
  return PAGE_WORDS.find(([words]) => words.test(http.body))?.[1] ?? null;
}

function judgeSocket(socket: string | null): FirmwareId | null {
  const upper = socket?.toUpperCase() ?? "";
  return SOCKET_WORDS.find(([words]) => words.test(upper))?.[1] ?? null;
}
