import { ecb } from "@noble/ciphers/aes.js";
import { md5 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { withoutTail } from "../model/parse.ts";

/** How a Whatsminer wants to be told who changes it: tokens and sealed text (miners.md §11). */

const MAGIC = "$1$";
const ROUNDS = 1000;
const LONGEST_SALT = 8;
const BLOCK_BYTES = 16;
const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Bytes of the digest as they are taken together, three to four letters; the last one stands alone. */
const LETTER_GROUPS = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5], [11]] as const;

/** What an answer to `get_token` holds. */
export interface TokenSeeds {
  time: string;
  salt: string;
  newsalt: string;
}

/** A token of API v2: `sign` goes into each write, `key` seals it. Both are secrets. */
export interface WriteToken {
  sign: string;
  key: Uint8Array;
}

/** Last field of the classic MD5 `crypt` of a password: 22 letters. */
export function md5crypt(password: string, salt: string): string {
  const word = bytesOf(password);
  const shortSalt = salt.startsWith(MAGIC) ? salt.slice(MAGIC.length) : salt;
  const grain = bytesOf(shortSalt.split("$")[0]?.slice(0, LONGEST_SALT) ?? "");
  let digest = firstDigest(word, grain);
  for (let round = 0; round < ROUNDS; round++) {
    const isOdd = round % 2 === 1;
    const parts = [isOdd ? word : digest];
    if (round % 3 !== 0) parts.push(grain);
    if (round % 7 !== 0) parts.push(word);
    parts.push(isOdd ? digest : word);
    digest = md5(joined(parts));
  }
  return LETTER_GROUPS.map((group) => letters(group.map((place) => digest[place] ?? 0))).join("");
}

/** The token of API v2 from a password and what `get_token` answered. */
export function writeToken(password: string, seeds: TokenSeeds): WriteToken {
  const key = md5crypt(password, seeds.salt);
  return { sign: md5crypt(key + seeds.time, seeds.newsalt), key: sha256(bytesOf(key)) };
}

/** Token of one write of API v3, and the key that seals its parameter where it must be sealed. Both are secrets. */
export function frameToken(
  command: string,
  password: string,
  salt: string,
  timeS: number,
): { token: string; key: Uint8Array } {
  const key = sha256(bytesOf(`${command}${password}${salt}${timeS}`));
  return { token: toBase64(key).slice(0, 8), key };
}

/** AES-256-ECB with zeros up to a whole block, in base64. */
export function seal(key: Uint8Array, plain: string): string {
  const bytes = bytesOf(plain);
  const padded = new Uint8Array(Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_BYTES);
  padded.set(bytes);
  return toBase64(ecb(key, { disablePadding: true }).encrypt(padded));
}

/** The text in a sealed answer without its padding; null when it is no such thing. */
export function unseal(key: Uint8Array, sealed: string): string | null {
  try {
    const bytes = Uint8Array.from(atob(sealed.replaceAll(/\s/g, "")), (letter) => letter.charCodeAt(0));
    const plain = new TextDecoder().decode(ecb(key, { disablePadding: true }).decrypt(bytes));
    return withoutTail(plain);
  } catch {
    return null;
  }
}

function firstDigest(word: Uint8Array, grain: Uint8Array): Uint8Array {
  const twice = md5(joined([word, grain, word]));
  const parts = [word, bytesOf(MAGIC), grain];
  for (let left = word.length; left > 0; left -= twice.length) parts.push(twice.subarray(0, left));
  // One byte for each bit of the length: a zero for a one, the first letter for a zero.
  for (let length = word.length; length > 0; length >>= 1) {
    parts.push(length % 2 === 1 ? new Uint8Array(1) : word.subarray(0, 1));
  }
  return md5(joined(parts));
}

/** Six bits a letter, lowest first; the first byte of a group is its highest. */
function letters(group: readonly number[]): string {
  let bits = group.reduce((sum, byte) => sum * 256 + byte, 0);
  let text = "";
  for (let count = group.length + 1; count > 0; count--) {
    text += ALPHABET[bits % 64];
    bits = Math.floor(bits / 64);
  }
  return text;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
