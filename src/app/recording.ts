import type { RecordedExchange } from "../net/device-link.ts";

/**
 * Names and redaction of recorded answers (`hearth miner record`, test/fixtures). Text is changed in place, not parsed
 * and written anew, because its faults are what a recording is for.
 */

/** File of an answer: `api.system.info.json`, `post.unlock.json`, `ascset.0.help.txt`, `get.miner.status.summary.json`. */
export function recordingName({ protocol, request }: Pick<RecordedExchange, "protocol" | "request">): string {
  if (protocol === "http") {
    const [method = "GET", path = "/"] = request.split(" ");
    const words = path.replace(/^\/+|\/+$/g, "") || "index";
    return fileName([...(method === "GET" ? [] : [method.toLowerCase()]), words], "json");
  }
  if (!request.startsWith("{")) return fileName([request], "txt");
  const { command, cmd, parameter, param, ...rest } = JSON.parse(request) as Record<string, unknown>;
  const words = [
    command ?? cmd,
    parameter ?? param,
    ...Object.keys(rest).filter((key) => !PER_CALL.has(key)),
  ];
  return fileName(
    words.filter((word): word is string => typeof word === "string"),
    "json",
  );
}

/** Parts of a request that differ from call to call. */
const PER_CALL = new Set(["token", "ts", "account", "enc", "data"]);

function fileName(words: readonly string[], extension: string): string {
  const name = words
    .join(".")
    .toLowerCase()
    .replaceAll(/[^a-z0-9+_-]+/g, ".")
    .replaceAll(/^\.+|\.+$/g, "");
  return `${name.slice(0, 80)}.${extension}`;
}

/** One redaction for all answers of a device, so that the same thing has the same stand-in everywhere. */
export function createRedaction(): (text: string) => string {
  const macs = createStandIns((index) => `02:00:00:00:00:${index.toString(16).padStart(2, "0")}`);
  const addresses = createStandIns((index) => `192.0.2.${index}`);
  const users = createStandIns((index) => `account${index}.worker`);
  const hosts = createStandIns((index) => `pool${index}.example`);
  const addressesV6 = createStandIns((index) => `2001:db8::${index.toString(16)}`);
  const numbers = createStandIns((index) => String(index));
  return (text) => {
    let result = text;
    result = replaceValues(result, SECRET_KEYS, () => "***");
    result = replaceValues(result, USER_KEYS, (user) => (user === "" ? "" : users(user)));
    result = replaceValues(result, NAME_KEYS, (name) => (name === "" ? "" : "device"));
    result = replaceValues(result, SERIAL_KEYS, (serial) => sameShape(serial, numbers(serial)));
    result = replaceValues(result, MAC_KEYS, (mac) => toMacShape(mac, macs));
    result = result.replaceAll(MAC, (mac) => toMacShape(mac, macs));
    result = result.replaceAll(POOL_URL, (_, scheme, host, rest) => `${scheme}${hosts(host)}${rest}`);
    result = replaceValues(result, HOST_KEYS, (host) => toHostShape(host, hosts));
    // A fee pool has a name in place of an address, and drivers live on it.
    result = replaceValues(result, URL_KEYS, (url) => (/[.:]/.test(url) ? toHostShape(url, hosts) : url));
    for (const payee of PAYEES) result = result.replaceAll(payee, (found) => users(found));
    result = result.replaceAll(ADDRESS_V6, (address) => addressesV6(address));
    return result.replaceAll(ADDRESS, (address) => (KEPT.has(address) ? address : addresses(address)));
  };
}

const SECRET_KEYS =
  /pass|passw(?:or)?d|passwd|stratumPassword|fallbackStratumPassword|wifiPass|pw|token|salt|newsalt|secret|sign|auth|cookie|SessionID/;
const USER_KEYS = /user|account|worker\d?|stratumUser|fallbackStratumUser|username/;
const NAME_KEYS = /hostname|fullHostname|mdnsHostname|miner_name|ssid|wifi_ssid/;
const SERIAL_KEYS =
  /serial|serial_number|SerialNumber|serinum|H?DNA|uid|hwid|miner-sn|minersn|powersn|sn|pcb_sn|hash-sn/;
const MAC_KEYS = /mac|mac_address|macaddr|MACAddr|macAddr/;
const HOST_KEYS = /stratum ?URL|fallbackStratumURL|host/;
const URL_KEYS = /url/;
const MAC = /\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b/gi;
/** What stands before an `@` is a name and a password. */
const POOL_URL =
  /((?:stratum2?(?:\+(?:tcp|ssl|tls))?|https?):\\?\/\\?\/)(?:[^\s"'@/,|]*@)?([a-z0-9.-]+)((?::\d+)?)/gi;
/** Where rewards are paid: it names its owner. */
const PAYEES = [
  /\b(?:bc1|tb1|bcrt1)[02-9ac-hj-np-z]{20,80}\b/gi,
  /\b(?=\w*[A-Z])(?=\w*[a-z])[13][1-9A-HJ-NP-Za-km-z]{25,34}\b/g,
];
/** In full or with `::`, so that no time of day is taken for one; its end may be the MAC. */
const ADDRESS_V6 =
  /(?<![\w:])(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6})(?![\w:])/gi;
const ADDRESS = /\b(?:\d{1,3}\.){3}\d{1,3}\b/g;
const KEPT = new Set(["0.0.0.0", "127.0.0.1", "255.255.255.0"]);

/** Values of these keys in JSON (`"key":"value"`), in text (`key=value,`) and in brackets (`key[value]`). */
function replaceValues(text: string, keys: RegExp, standIn: (value: string) => string): string {
  const names = `(?:${keys.source})`;
  return text
    .replaceAll(new RegExp(`("${names}"\\s*:\\s*)"((?:[^"\\\\]|\\\\.)*)"`, "gi"), (_, head, value) => {
      return `${head}"${standIn(value)}"`;
    })
    .replaceAll(new RegExp(`([|,]${names}=)([^,|]*)`, "gi"), (_, head, value) => `${head}${standIn(value)}`)
    .replaceAll(new RegExp(`(\\b${names}\\[)([^\\]]*)(\\])`, "gi"), (_, head, value, tail) => {
      return `${head}${standIn(value)}${tail}`;
    });
}

function createStandIns(make: (index: number) => string): (value: string) => string {
  const known = new Map<string, string>();
  let count = 0;
  return (value) => {
    const key = value.toLowerCase();
    const found = known.get(key) ?? make(++count);
    known.set(key, found);
    // What is a stand-in already stays one when a second rule meets it.
    known.set(found.toLowerCase(), found);
    return found;
  };
}

/** The port stays, and an address that has its scheme has been replaced already. */
function toHostShape(host: string, standIn: (value: string) => string): string {
  if (host === "" || host.includes("://")) return host;
  const [, name = host, port = ""] = /^(.*?)(:\d+)?$/.exec(host) ?? [];
  return `${standIn(name)}${port}`;
}

/** Separators and letter case as the device writes them. */
function toMacShape(mac: string, standIn: (value: string) => string): string {
  const hex = mac.replaceAll(/[^0-9a-f]/gi, "").toLowerCase();
  if (hex.length !== 12) return mac === "" ? "" : "***";
  const separator = /[:-]/.exec(mac)?.[0] ?? "";
  const made = standIn(hex.match(/../g)?.join(":") ?? "").replaceAll(":", separator);
  return mac === mac.toUpperCase() ? made.toUpperCase() : made;
}

/** As long as the original, of digits only, ending in the stand-in's number. */
function sameShape(original: string, made: string): string {
  return original === "" || original.startsWith("<")
    ? original
    : made.padStart(original.length, "0").slice(-original.length);
}
