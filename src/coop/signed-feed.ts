import type { Clock } from "../model/clock.ts";
import type { CoopApi } from "./coop-api.ts";
import { type EventMemory, type EventRules, reviewEvents } from "./signed-event.ts";
import type { VenPoll } from "./ven.ts";

export interface SignedFeedOptions {
  api: CoopApi;
  clock: Clock;
  rules: EventRules;
  memory: EventMemory;
}

/**
 * The signed events of a co-op without a VTN, by `GET /v1/events` (requirements GRID-15); the same judgement as
 * for those that come through OpenADR. A failed poll throws and changes nothing.
 */
export function createSignedFeed({ api, clock, rules, memory }: SignedFeedOptions): {
  poll(): Promise<VenPoll>;
} {
  return {
    async poll() {
      // From the beginning of time: only a complete list can say that an event is gone.
      const list = await api.events(0);
      const contactAtMs = clock.nowMs();
      const { events, seen, refused } = await reviewEvents(list, rules, memory.read(), contactAtMs);
      memory.write(seen);
      return { events, contactAtMs, refused };
    },
  };
}
