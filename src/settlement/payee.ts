import { bech32, bech32m, createBase58check } from "@scure/base";
import { Address } from "@scure/btc-signer/payment.js";
import { NETWORK, sha256, TEST_NETWORK } from "@scure/btc-signer/utils.js";
import { usageError } from "../model/errors.ts";

export type BitcoinNetwork = "mainnet" | "testnet";
export type AddressType = "p2pkh" | "p2sh" | "p2wpkh" | "p2wsh" | "p2tr";

/** What is known about an address. A refused one shows no groups, since it may be a private key. */
export interface AddressCheck {
  valid: boolean;
  type: AddressType | null;
  /** The network that the text itself names; null when it names none. */
  network: BitcoinNetwork | null;
  /** The address in groups of four, first and last to be emphasised. */
  groups: string[];
  /** Why it is refused, without repeating it; null when it is valid. */
  reason: string | null;
}

/** Longest full user that every firmware family keeps (Avalon cuts here; settlement.md §7). */
export const LONGEST_USER = 63;

/**
 * Whether coins can be sent to an address: only the types of settlement.md §7, only on the network asked for,
 * checked here and never by a third party.
 */
export function checkAddress(address: string, network: BitcoinNetwork): AddressCheck {
  const text = address.trim();
  const foreign = foreignKind(text);
  if (foreign !== null) return refused(null, foreign);
  const found = /^(bc|tb|bcrt)1/i.test(text) ? readSegwit(text) : readBase58(text);
  if (found.reason !== null) return refused(found.network, found.reason);
  if (found.network !== network) {
    return refused(found.network, `This is an address of the ${found.network}, not of the ${network}`);
  }
  if (!isDecodable(text, network)) return refused(network, "This is no address that coins can be sent to");
  const groups = text.match(/.{1,4}/g) ?? [];
  return { valid: true, type: found.type, network, groups: [...groups], reason: null };
}

/**
 * `<pool user or address>.<worker>` as it goes into a device.
 *
 * @param maxLength Longest that the firmware keeps; 63 unless the family is known to take more.
 * @throws HearthError `USER_TOO_LONG`, exit 2: a firmware that cuts it would mine for nobody.
 */
export function fullUser(user: string, worker: string, maxLength: number = LONGEST_USER): string {
  const full = `${user}.${worker}`;
  if (full.length <= maxLength) return full;
  const text = `User and worker together have ${full.length} characters; this miner keeps ${maxLength}`;
  throw usageError("USER_TOO_LONG", text, {
    left: "No pool was changed",
    hint: "Use a shorter address: one that begins with bc1q and has 42 characters",
  });
}

type Found =
  | { reason: null; type: AddressType; network: BitcoinNetwork }
  | { reason: string; network: BitcoinNetwork | null };

const KINDS: [RegExp, string][] = [
  [/^$/, "There is no address"],
  [/^bitcoin:/i, "This is a payment link: give the address in it alone"],
  [/\s/, "An address has no blanks inside"],
  [/@/, "This looks like a Lightning or e-mail address, not a Bitcoin address"],
  [/^(lightning:)?ln(bc|tb|bcrt|tbs)\d*[munp]?1/i, "This is a Lightning invoice: it can be paid only once"],
  [/^lno1/i, "This is a Lightning offer, not a Bitcoin address"],
  [/^lnurl1/i, "This is a Lightning link, not a Bitcoin address"],
  [/^[xyztuv](pub|prv)[1-9A-HJ-NP-Za-km-z]{40,}$/i, "This is an extended key: give one address of it"],
  [/^(0x)?[0-9a-f]{64}$/i, "This looks like a private key: never give it to any program but your wallet"],
  [
    /^S[1-9A-HJ-NP-Za-km-z]{21,29}$/,
    "This looks like a private key: never give it to any program but your wallet",
  ],
];

function foreignKind(text: string): string | null {
  return KINDS.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}

/** Lengths of base58 texts before anything is decoded; addresses have 26 to 35, private keys 51 and 52. */
const LONGEST_BASE58 = 120;

function readBase58(text: string): Found {
  if (text.length > LONGEST_BASE58) return { reason: "This is too long for an address", network: null };
  const bytes = decodeBase58(text);
  if (bytes === null) return { reason: "Its checksum is wrong: a character may be mistyped", network: null };
  const [version] = bytes;
  if (version === 0x80 || version === 0xef) {
    const reason = "This is a private key: never give it to any program but your wallet";
    return { reason, network: null };
  }
  if (bytes.length === 21) {
    if (version === 0x00) return { reason: null, type: "p2pkh", network: "mainnet" };
    if (version === 0x05) return { reason: null, type: "p2sh", network: "mainnet" };
    if (version === 0x6f) return { reason: null, type: "p2pkh", network: "testnet" };
    if (version === 0xc4) return { reason: null, type: "p2sh", network: "testnet" };
  }
  return { reason: "This belongs to another network or is no address", network: null };
}

function decodeBase58(text: string): Uint8Array | null {
  try {
    return createBase58check(sha256).decode(text);
  } catch {
    return null;
  }
}

function readSegwit(text: string): Found {
  const prefix = text.slice(0, text.indexOf("1")).toLowerCase();
  if (prefix === "bcrt") return { reason: "This is an address of a local test network", network: null };
  const network = prefix === "bc" ? "mainnet" : "testnet";
  if (text !== text.toLowerCase() && text !== text.toUpperCase()) {
    return { reason: "It mixes upper and lower case", network };
  }
  const old = bech32.decodeUnsafe(text);
  const words = (old ?? bech32m.decodeUnsafe(text))?.words;
  if (words === undefined) return { reason: "Its checksum is wrong: a character may be mistyped", network };
  const [version, ...program] = words;
  const bytes = old ? bech32.fromWordsUnsafe(program) : bech32m.fromWordsUnsafe(program);
  return witnessFound(version ?? -1, bytes?.length ?? -1, Boolean(old), network);
}

function witnessFound(version: number, length: number, isBech32: boolean, network: BitcoinNetwork): Found {
  if (version < 0 || version > 16 || length < 2 || length > 40) {
    return { reason: "This is no address that coins can be sent to", network };
  }
  if ((version === 0) !== isBech32)
    return { reason: "Its checksum is of the wrong kind for its version", network };
  if (version >= 2) {
    return {
      reason: `Witness version ${version} is not defined: anybody could take coins sent there`,
      network,
    };
  }
  if (version === 0 && length === 20) return { reason: null, type: "p2wpkh", network };
  if (version === 0 && length === 32) return { reason: null, type: "p2wsh", network };
  if (version === 1 && length === 32) return { reason: null, type: "p2tr", network };
  return { reason: `Version ${version} with ${length} bytes is no payout address`, network };
}

/** The second opinion of the library that wallets build payments with. */
function isDecodable(text: string, network: BitcoinNetwork): boolean {
  try {
    return Address(network === "mainnet" ? NETWORK : TEST_NETWORK).decode(text) !== undefined;
  } catch {
    return false;
  }
}

function refused(network: BitcoinNetwork | null, reason: string): AddressCheck {
  return { valid: false, type: null, network, groups: [], reason };
}
