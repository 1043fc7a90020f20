import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "../model/clock.ts";
import type { Random } from "./random.ts";

/** How a reply may go wrong on the wire (reliability.md §4, test tools). */
export type FaultKind = "delay" | "drop" | "truncate" | "html" | "silent";

/** A wire fault of an emulated device. */
export interface FaultPlan {
  kind: FaultKind;
  /** Part of the replies that it hits, 0 to 1; 1 when absent. */
  probability?: number;
  /** Real time of a delay, ms; 2000 when absent. */
  delayMs?: number;
  /** Times of the clock between which it acts; always when absent. */
  fromMs?: number;
  toMs?: number;
}

/** One reply on its way out, whatever protocol carries it. */
export interface ReplyChannel {
  /** Sends the whole reply and ends as the protocol does. */
  sendAll(): void;
  /** Sends a first part only and then breaks the connection. */
  sendPart(): void;
  /** Sends a page of somebody else (a captive portal, a login) in place of the reply. */
  sendPage(html: string): void;
  /** Breaks the connection without a word. */
  drop(): void;
}

/** Decides for each reply whether a fault hits it and carries it out; the only place that knows faults. */
export class FaultDesk {
  plan: FaultPlan | null;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #deafPart: number;
  #deafUntilMs = Number.NEGATIVE_INFINITY;

  /** `deafPart`: part of the polls after which the device answers nothing for 30 s (control.md §14). */
  constructor(options: { clock: Clock; random: Random; plan: FaultPlan | null; deafPart: number }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.plan = options.plan;
    this.#deafPart = options.deafPart;
  }

  async deliver(channel: ReplyChannel): Promise<void> {
    if (this.#isDeaf()) {
      channel.drop();
      return;
    }
    switch (this.#kindNow()) {
      case "drop":
        channel.drop();
        break;
      case "truncate":
        channel.sendPart();
        break;
      case "html":
        channel.sendPage(PORTAL_PAGE);
        break;
      case "delay":
        // Deadlines of sockets run in real time, so a delay does too.
        await wait(this.plan?.delayMs ?? 2000, undefined, { ref: false });
        channel.sendAll();
        break;
      case "silent":
        break;
      case null:
        channel.sendAll();
    }
  }

  #isDeaf(): boolean {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#deafUntilMs) return true;
    if (this.#deafPart <= 0 || !this.#random.chance(this.#deafPart)) return false;
    this.#deafUntilMs = nowMs + DEAF_MS;
    return true;
  }

  #kindNow(): FaultKind | null {
    const { plan } = this;
    if (plan === null) return null;
    const nowMs = this.#clock.nowMs();
    if (nowMs < (plan.fromMs ?? Number.NEGATIVE_INFINITY)) return null;
    if (nowMs >= (plan.toMs ?? Number.POSITIVE_INFINITY)) return null;
    return this.#random.chance(plan.probability ?? 1) ? plan.kind : null;
  }
}

const DEAF_MS = 30_000;
const PORTAL_PAGE =
  "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Welcome to the guest network</h1></body></html>";
