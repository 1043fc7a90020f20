import { latestDays } from "../app/latest-days.ts";
import { type Clock, toInstant } from "../model/clock.ts";
import { toEventView } from "./event-book.ts";
import type { LocalApiOptions } from "./local-api.ts";
import { minerWrites } from "./miner-writes.ts";
import type { Parts } from "./parts.ts";

/** The readable documents of the loop (product.md §8). */
export function localRoutes(parts: Parts): LocalApiOptions["routes"] {
  const { picture, keepers, book, ledger, split } = parts;
  return {
    "/v1/status": { name: "status", read: () => picture.status() },
    "/v1/explain": { name: "explain", read: () => picture.explain() },
    "/v1/miners": {
      name: "miner.list",
      read: () => ({
        miners: picture.status().miners.map((miner, index) => {
          const keeper = keepers[index];
          const { id, driver, zone, circuit } = keeper?.config ?? {};
          const offlineSince = keeper && !keeper.live() ? (keeper.lastSeenMs() ?? null) : null;
          return {
            ...miner,
            ...{ id, ...keeper?.place(), driver, zone, circuit },
            offlineSince: offlineSince === null ? null : toInstant(offlineSince),
          };
        }),
      }),
    },
    "/v1/events": {
      name: "event.list",
      read: () => ({
        events: book.all().map((entry) => toEventView(entry, picture.nowMs())),
      }),
    },
    "/v1/settlements": { name: "settlement.list", read: () => ({ settlements: latestDays(ledger) }) },
    "/v1/split": { name: "split.verify", read: () => split?.proof() ?? null },
    // The dashboard of `hearth watch`; for our own program, not an interface for scripts.
    "/v1/view": { name: "watch", read: () => picture.dashboard(null) },
  };
}

/** The writes that exist so far: one miner, and leaving an event and coming back (product.md §5). */
export function localWrites(parts: Parts, clock: Clock): LocalApiOptions["writes"] {
  const change = (isOut: boolean) => ({
    name: isOut ? "event.opt-out" : "event.opt-in",
    write: ([id = ""]: string[]) => {
      const notice = parts.book.optOut(id, isOut);
      if (!notice)
        return {
          status: 404,
          code: "EVENT_UNKNOWN",
          message: `There is no running or coming event ${id.slice(0, 60)}`,
          hint: "hearth event list",
        };
      parts.bell.ring();
      const view = toEventView(notice.known, parts.picture.nowMs());
      parts.stream.emit("event", {
        ...view,
        change: notice.change,
        floorOverEventWh: Math.round(notice.known.floorOverEventWh),
      });
      parts.ledger.append(isOut ? "event.opted_out" : "event.opted_in", { id }, parts.picture.nowMs());
      return { data: { id, optedOut: isOut } };
    },
  });
  return [
    ...minerWrites(parts, clock),
    { pattern: /^\/v1\/events\/([^/]{1,128})\/opt-out$/, handler: change(true) },
    { pattern: /^\/v1\/events\/([^/]{1,128})\/opt-in$/, handler: change(false) },
  ];
}
