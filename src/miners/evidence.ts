import type { FirmwareId } from "../model/miner.ts";
import { field, text } from "../model/parse.ts";

/** What a device showed of itself; null: nothing came by this protocol. */
export interface Evidence {
  /** Its start page. */
  http: { status: number; headers: Record<string, string>; body: string } | null;
  /** Its answer to the command `version`, all text of it. */
  socket: string | null;
  /** Its answer to `get.device.info` in the framed protocol. */
  frames: string | null;
}

/** A question that a family answers without a login, for devices whose page says nothing (miners.md §2.4). */
export interface WebProbe {
  path: string;
  /** Families to ask, best guess first; empty when the answer is of none. */
  families(answer: { status: number; headers: Record<string, string>; body: unknown }): FirmwareId[];
}

/** Families that have no driver, so that a person at least reads their name. */
export const OTHER_FAMILIES: readonly [path: string, key: string, title: string][] = [
  ["/21control/status", "operational", "a 21energy Ofen"],
  ["/21port/status/summary", "deviceCount", "a 21energy 21PORT"],
];

/** Words of a page, in this order (miners.md §2.4). A family may be one of several generations. */
const PAGE_WORDS: readonly [RegExp, FirmwareId[]][] = [
  [/AnthillOS/i, ["vnish"]],
  [/Braiins OS/i, ["braiins", "bosminer"]],
  [/Luxor Firmware/i, ["luxos"]],
  [/Nerd(?:Q?Axe|OCTAXE)/i, ["nerdqaxe", "axeos"]],
  [/AxeOS/i, ["axeos", "nerdqaxe"]],
  [/Avalon/i, ["avalon"]],
];

/** Words of an answer on the socket; the plain Antminer comes last, because others contain its name. */
const SOCKET_WORDS: readonly [RegExp, FirmwareId[]][] = [
  [/BOSMINER|BOSER/, ["braiins", "bosminer"]],
  [/BTMINER|BITMICRO|WHATSMINER/, ["whatsminer"]],
  [/LUXMINER/, ["luxos"]],
  [/AVALON/, ["avalon"]],
  [/VNISH/, ["vnish"]],
  [/ANTMINER/, ["antminer", "vnish"]],
];

/** Asked one after another where the page was no help. */
export const WEB_PROBES: readonly WebProbe[] = [
  {
    path: "/api/system/info",
    families: ({ body }) => {
      if (text(body, "ASICModel") === null && text(body, "deviceModel") === null) return [];
      return /^nerd/i.test(text(body, "deviceModel") ?? "") ? ["nerdqaxe"] : ["axeos", "nerdqaxe"];
    },
  },
  {
    path: "/api/v1/info",
    families: ({ body }) =>
      text(body, "fw_name") !== null || field(body, "system", "network_status") !== undefined
        ? ["vnish"]
        : [],
  },
  {
    path: "/api/v1/miner/details",
    families: ({ status, body }) =>
      status === 401 || field(body, "miner_identity") !== undefined ? ["braiins", "bosminer"] : [],
  },
  {
    path: "/cgi-bin/get_system_info.cgi",
    families: ({ headers, body }) =>
      isAntminerRealm(headers) || text(body, "minertype") !== null ? ["antminer"] : [],
  },
  { path: "/graphql", families: ({ status }) => (status === 400 || status === 405 ? ["bosminer"] : []) },
];

/** Families that the evidence points to, best first; the page wins over the socket. Empty: nothing that is known. */
export function judge(evidence: Evidence): FirmwareId[] {
  const found = [
    ...judgePage(evidence.http),
    ...(evidence.frames === null ? [] : (["whatsminer"] as const)),
    ...judgeSocket(evidence.socket),
  ];
  return [...new Set(found)];
}

function judgePage(http: Evidence["http"]): FirmwareId[] {
  if (http === null) return [];
  if (isAntminerRealm(http.headers)) return ["antminer"];
  const isRedirect = http.status >= 301 && http.status <= 308;
  if (isRedirect && /\/cgi-bin\/luci/.test(`${http.headers["location"] ?? ""}${http.body}`)) {
    return ["whatsminer"];
  }
  return PAGE_WORDS.find(([words]) => words.test(http.body))?.[1] ?? [];
}

function judgeSocket(socket: string | null): FirmwareId[] {
  const upper = socket?.toUpperCase() ?? "";
  return SOCKET_WORDS.find(([words]) => words.test(upper))?.[1] ?? [];
}

function isAntminerRealm(headers: Record<string, string>): boolean {
  return /realm="?antMiner/i.test(headers["www-authenticate"] ?? "");
}
