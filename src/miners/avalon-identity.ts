import type { MinerIdentity } from "../model/miner.ts";
import { minerCutAnswer } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { list, text, toMac } from "../model/parse.ts";
import { toSummary } from "./avalon-fields.ts";
import { type AvalonModel, avalonModel } from "./avalon-models.ts";
import { askStats } from "./avalon-stats.ts";
import { ask } from "./cgminer.ts";

/** Pages that tell the MAC without a login; which one differs by build (miners.md §6.1, §6.6). */
const MAC_PAGES = ["/get_minerinfo.cgi", "/get_miner_info.cgi"];
/** In the JSONP answer of such a page; a login page has nothing of the kind. */
const PAGE_MAC = /^\s*\w+\s*\(\s*\{[^<]*?"mac"\s*:\s*"([0-9a-f:.-]{12,17})"/i;

/** Numbers by which a unit is known. */
interface OwnNumbers {
  mac: string | null;
  serial: string | null;
}

/** Who answers; null for other families and for units without any number of their own. */
export async function identifyAvalon(link: DeviceLink, signal: AbortSignal): Promise<MinerIdentity | null> {
  const version = (await ask(link, "version", signal)).sections;
  if (!isAvalon(version)) return null;
  return toIdentity(version) ?? toIdentity(version, await otherNumbers(link, signal));
}

/** Identity from the sections of `version`, by MAC, else by `DNA`; null when neither is there. */
export function toIdentity(version: unknown, others: OwnNumbers | null = null): MinerIdentity | null {
  const entry = list(version, "VERSION")[0];
  if (!isAvalon(version)) return null;
  const mac = toMac(text(entry, "MAC")) ?? others?.mac ?? null;
  const serial = serialOf(text(entry, "DNA")) ?? others?.serial ?? null;
  const id = mac ?? (serial === null ? null : `serial:${serial}`);
  if (id === null) return null;
  return {
    id,
    mac,
    serial,
    make: "Canaan",
    model: text(entry, "PROD") ?? "Avalon",
    firmware: "avalon",
    firmwareVersion: VERSION_KEYS.map((key) => text(entry, key)).find((build) => build !== null) ?? "",
  };
}

/** Which unit the sections of `version` are of; null for rack units and models that are not known here. */
export function toModel(version: unknown): AvalonModel | null {
  const entry = list(version, "VERSION")[0];
  return avalonModel(text(entry, "MODEL")) ?? avalonModel(text(entry, "PROD"));
}

const VERSION_KEYS = ["LVERSION", "CGVERSION", "BVERSION", "VERSION", "CGMiner"];

function isAvalon(version: unknown): boolean {
  return text(list(version, "VERSION")[0], "PROD")?.toUpperCase().includes("AVALON") === true;
}

/**
 * For a `version` without MAC and DNA, as of Nano 3 builds: the number of the control or hash board in `estats`, else
 * the MAC on a page. Always in this order, so that a unit does not change its name from one minute to the next.
 */
async function otherNumbers(link: DeviceLink, signal: AbortSignal): Promise<OwnNumbers> {
  const { fields } = toSummary((await askStats(link, signal)).sections);
  if (fields.size === 0) throw minerCutAnswer(link.where, "does not tell yet who it is");
  const serial = serialOf(fields.get("DNA") ?? null) ?? serialOf(fields.get("HDNA") ?? null);
  return serial === null ? { mac: await macOfPage(link, signal), serial } : { mac: null, serial };
}

async function macOfPage(link: DeviceLink, signal: AbortSignal): Promise<string | null> {
  for (const path of MAC_PAGES) {
    const page = await link.http.exchange({ method: "GET", path }, signal);
    const mac = toMac(PAGE_MAC.exec(page.text)?.[1]);
    if (mac !== null) return mac;
  }
  return null;
}

/** 16 or 32 hexadecimal digits (miners.md §6.1); `<DELETED>`, zeros and other placeholders are no serial. */
function serialOf(dna: string | null): string | null {
  if (dna === null || !/^(?:[0-9a-f]{16}){1,2}$/i.test(dna)) return null;
  return /^(.)\1*$/.test(dna) ? null : dna.toLowerCase();
}
