import { join, resolve } from "node:path";
import { type HearthError, usageError } from "../model/errors.ts";
import type { SourceExchange } from "../net/source-links.ts";
import { createSystemClock } from "../net/system-clock.ts";
import { requireHome } from "./home-files.ts";
import { withSources } from "./open-sources.ts";
import { createRedaction, recordingName } from "./recording.ts";
import { readOnce, type TriedSource, unknownSource } from "./test-source.ts";
import { writeRecordings } from "./write-recordings.ts";

export interface RecordSourceOptions {
  env: NodeJS.ProcessEnv;
  name: string;
  folder: string;
  dryRun: boolean;
  signal: AbortSignal;
}

export interface SourceRecording {
  /** `<folder>/<template or kind>/<name>`. */
  folder: string;
  files: string[];
  tried: TriedSource;
}

/** A serial number stands in 16 registers of its own (sources.md §1.6): its words are not kept. */
const SERIAL_QUESTION = /^holding \d+ 16$/;
/** Where a home is, and names that people gave. */
const PLACES = /"(latitude|longitude|elevation|radius|lat|lon)"\s*:\s*-?[\d.]+/gi;
const NAMES =
  /"(location_name|friendly_name|time_zone|internal_url|external_url|user_id|name)"\s*:\s*"[^"]*"/gi;

/** Serial numbers, keys and addresses of gateways that answer in XML, and in the words of inverters and meters. */
const XML_SERIALS = /<(sn|HardwareAddress|NetworkAddress|Manufacturer[A-Za-z]*Id|InstallCode)>[^<]*<\/\1>/gi;
const OWN_IDS =
  /"(UniqueID|unique_id|gas_unique_id|din|serial_num|gateway_serial|envoy_serial|email|firstname|lastname|CustomName)"\s*:\s*"[^"]*"/gi;
/** `shellypro3em-` and the twelve digits of its MAC. */
const ID_WITH_MAC = /-[0-9a-f]{12}\b/gi;

/**
 * Reads a configured source once and keeps what its device answered, without secrets and names. Only reads are sent.
 * Throws `SOURCE_UNKNOWN`, `FOLDER_NOT_WRITABLE` (2), `NOTHING_RECORDED` (2: it is no device).
 */
export async function recordSource(options: RecordSourceOptions): Promise<SourceRecording> {
  const { paths, config } = requireHome(options.env);
  const wanted = config.sources.find(({ name }) => name === options.name);
  if (!wanted)
    throw unknownSource(
      options.name,
      config.sources.map(({ name }) => name),
    );
  const heard: SourceExchange[] = [];
  const onExchange = (exchange: SourceExchange) => heard.push(exchange);
  const tried = await withSources({ paths, configs: config.sources, onExchange }, async ({ sources }) => {
    const source = sources.find(({ name }) => name === wanted.name);
    if (!source) throw unknownSource(options.name, []);
    return readOnce(source, createSystemClock().monoMs, options.signal);
  });
  const files = toFiles(heard);
  if (files.size === 0) throw tried.error ?? nothingHeard(wanted.name);
  const folder = join(resolve(options.folder), wanted.template ?? wanted.kind, wanted.name);
  if (!options.dryRun) writeRecordings(folder, files);
  return { folder, files: [...files.keys()], tried };
}

function toFiles(heard: readonly SourceExchange[]): Map<string, string> {
  const redact = createRedaction();
  const files = new Map<string, string>();
  for (const exchange of heard) {
    const name = nameOf(exchange, files.size);
    if (!files.has(name)) files.set(name, contentOf(exchange, redact));
  }
  return files;
}

function nameOf({ protocol, request }: SourceExchange, index: number): string {
  if (protocol === "http") return recordingName({ protocol, request });
  // A topic holds names that people gave.
  return protocol === "mqtt" ? `topic.${index}.json` : `${request.replaceAll(" ", ".")}.json`;
}

function contentOf({ protocol, request, text }: SourceExchange, redact: (text: string) => string): string {
  if (protocol === "modbus") return SERIAL_QUESTION.test(request) ? JSON.stringify(Array(16).fill(0)) : text;
  return redact(text)
    .replaceAll(XML_SERIALS, (_, tag) => `<${tag}>000000</${tag}>`)
    .replaceAll(OWN_IDS, (_, key) => `"${key}":"000000"`)
    .replaceAll(ID_WITH_MAC, "-020000000001")
    .replaceAll(PLACES, (_, key) => `"${key}":0`)
    .replaceAll(NAMES, (_, key) => `"${key}":"device"`);
}

function nothingHeard(name: string): HearthError {
  return usageError("NOTHING_RECORDED", `${name} asks no device, so there is nothing to keep`, {
    hint: "the name of a source that is read by HTTP, Modbus or MQTT",
  });
}
