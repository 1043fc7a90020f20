import type { Clock } from "../model/clock.ts";
import type { Random } from "./random.ts";
import { cryptHash } from "./whatsminer-crypt.ts";

/** A token is good for so long, ms, and a client gets so many at a time (miners.md §11.1). */
const GOOD_MS = 30 * 60_000;
const MOST = 32;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** The tokens of API v2 that a device has given out. */
export class WhatsminerTokens {
  /** Hash of the password, from which the key of the sealed requests is made. */
  readonly key: string;
  readonly #salt: string;
  readonly #clock: Clock;
  readonly #random: Random;
  #given: { sign: string; mono: number }[] = [];

  constructor(password: string, clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    this.#salt = this.#word();
    this.key = cryptHash(password, this.#salt);
  }

  /** What `get_token` answers; null when too many are out. */
  give(): { time: string; salt: string; newsalt: string } | null {
    const nowMono = this.#clock.monoMs();
    this.#given = this.#given.filter(({ mono }) => nowMono - mono < GOOD_MS);
    if (this.#given.length >= MOST) return null;
    const time = String(Math.floor(this.#clock.nowMs() / 1000)).slice(-4);
    const newsalt = this.#word();
    this.#given.push({ sign: cryptHash(this.key + time, newsalt), mono: nowMono });
    return { time, salt: this.#salt, newsalt };
  }

  isGood(sign: unknown): boolean {
    const nowMono = this.#clock.monoMs();
    return this.#given.some((given) => given.sign === sign && nowMono - given.mono < GOOD_MS);
  }

  #word(): string {
    return Array.from({ length: 8 }, () => LETTERS[this.#random.integer(0, LETTERS.length - 1)]).join("");
  }
}
