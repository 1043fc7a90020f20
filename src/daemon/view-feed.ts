import { setTimeout as wait } from "node:timers/promises";
import type { DashboardView } from "../model/view.ts";

/** Real time between two pictures. */
const PICTURE_MS = 250;

/** Pictures of a running loop in real time until the signal aborts; the last one is always sent. */
export async function* viewFeed(
  view: () => DashboardView,
  signal: AbortSignal,
): AsyncGenerator<DashboardView> {
  yield view();
  while (!signal.aborted) {
    await wait(PICTURE_MS, undefined, { signal }).catch(() => {});
    yield view();
  }
}
