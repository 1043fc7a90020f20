import { createCipheriv, createDecipheriv, createHash } from "node:crypto";

/** How the device checks and opens what it is told, made from its own sources and not from the driver's. */

const LETTERS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Hash field of `$1$salt$hash`. */
export function cryptHash(password: string, salt: string): string {
  const md5 = (...parts: (Buffer | string)[]) => {
    const hash = createHash("md5");
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const word = Buffer.from(password, "utf8");
  const inner = md5(word, salt, word);
  const start: (Buffer | string)[] = [word, "$1$", salt];
  for (let index = 0; index < word.length; index++) start.push(inner.subarray(index % 16, (index % 16) + 1));
  for (let bits = word.length; bits > 0; bits >>>= 1) {
    start.push(bits & 1 ? Buffer.from([0]) : word.subarray(0, 1));
  }
  let hash = md5(...start);
  for (let round = 0; round < 1000; round++) {
    const [first, last] = round & 1 ? [word, hash] : [hash, word];
    hash = md5(first, round % 3 ? salt : "", round % 7 ? word : "", last);
  }
  return encode(hash);
}

/** SHA-256 of text. */
export function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Sealed text of a request; null for what is no base64 or no whole number of blocks. */
export function openSealed(key: Buffer, sealed: string): string | null {
  const bytes = Buffer.from(sealed, "base64");
  if (bytes.length === 0 || bytes.length % 16 !== 0 || !/^[A-Za-z0-9+/]+=*$/.test(sealed)) return null;
  const cipher = createDecipheriv("aes-256-ecb", key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(bytes), cipher.final()])
    .toString("utf8")
    .replace(/\0+$/, "");
}

export function sealText(key: Buffer, text: string): string {
  const bytes = Buffer.from(text, "utf8");
  const padded = Buffer.concat([bytes, Buffer.alloc((16 - (bytes.length % 16)) % 16)]);
  const cipher = createCipheriv("aes-256-ecb", key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(padded), cipher.final()]).toString("base64");
}

function encode(hash: Buffer): string {
  const order = [12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11];
  let text = "";
  for (let at = 0; at < order.length; at += 3) {
    const group = order.slice(at, at + 3);
    let value = group.reduce((sum, place, index) => sum + ((hash[place] ?? 0) << (8 * index)), 0);
    for (let count = group.length === 3 ? 4 : 2; count > 0; count--) {
      text += LETTERS[value & 63];
      value >>>= 6;
    }
  }
  return text;
}
