import { setTimeout as wait } from "node:timers/promises";
import type { HearthPaths } from "../config/paths.ts";
import { differenceError, HearthError, staleError } from "../model/errors.ts";
import type { DashboardView, EventView, ExplainView, SplitProof, StatusView } from "../model/view.ts";
import { fromWire } from "../model/wire.ts";
import { askLoop } from "./local-client.ts";

/** What `hearth status` shows: the loop's picture, or the last stored one with `loop: false`. */
export async function readStatus(
  paths: HearthPaths,
): Promise<{ status: StatusView | null; isLive: boolean }> {
  const document = await askLoop(paths, "/v1/status");
  if (document) return { status: fromWire(document.data) as StatusView, isLive: true };
  const stored = await readStored<StatusView>(paths, "status");
  return { status: stored && { ...stored, loop: false }, isLive: false };
}

/** Why this many watts, from the running loop. Throws `NO_LOOP` (6), `NOT_DECIDED` (6). */
export async function readExplain(paths: HearthPaths): Promise<ExplainView> {
  const document = await askLoop(paths, "/v1/explain");
  if (!document) throw noLoop("There is nothing to explain");
  if (document.data === null) {
    throw staleError("NOT_DECIDED", "The loop has just started and has not decided yet", {
      hint: "hearth explain in a few seconds",
    });
  }
  return fromWire(document.data) as ExplainView;
}

/** Events from the loop, else from its last notes. */
export async function readEvents(paths: HearthPaths): Promise<{ events: EventView[]; isLive: boolean }> {
  const document = await askLoop(paths, "/v1/events");
  if (document) return { events: (fromWire(document.data) as { events: EventView[] }).events, isLive: true };
  return { events: (await readStored<EventView[]>(paths, "event-views")) ?? [], isLive: false };
}

/** The split's proof from the loop, else the last one stored; null when no split is agreed. */
export async function readSplitProof(paths: HearthPaths): Promise<SplitProof | null> {
  const document = await askLoop(paths, "/v1/split");
  if (document) return fromWire(document.data) as SplitProof | null;
  return readStored<SplitProof>(paths, "split-proof");
}

/** The dashboard of a loop that runs elsewhere on this machine, once a second until it ends. */
export async function* followViews(paths: HearthPaths, signal: AbortSignal): AsyncGenerator<DashboardView> {
  while (!signal.aborted) {
    const document = await askLoop(paths, "/v1/view");
    if (!document) return;
    yield fromWire(document.data) as DashboardView;
    await wait(1000, undefined, { signal }).catch(() => {});
  }
}

/** Error for commands that need a running loop. */
export function noLoop(what: string): HearthError {
  return staleError("NO_LOOP", `${what}: no loop runs for this home`, { hint: "hearth run" });
}

/** Loaded only when no loop answers: the store brings the whole settlement with it. */
async function readStored<T>(paths: HearthPaths, key: string): Promise<T | null> {
  const { openStateStore } = await import("../ledger/state-store.ts");
  try {
    const store = openStateStore(paths.state, { readOnly: true });
    try {
      return store.get<T>(key);
    } finally {
      store.close();
    }
  } catch (error) {
    if (error instanceof HearthError && error.code === "STATE_MISSING") return null;
    if (error instanceof HearthError) throw error;
    throw differenceError("STATE_BROKEN", `${paths.state} cannot be read`, {
      left: "The file was not changed",
      hint: "hearth run keeps it aside and begins a new one; the ledger is another file",
      cause: error,
    });
  }
}
