import type { DashboardView } from "../model/view.ts";

/** The newest of a stream of views; those in between are never drawn. */
export interface LatestView {
  current(): DashboardView;
  /** Settles when the stream ends; rejects when it fails. */
  finished: Promise<void>;
  /** Asks the stream to end and takes nothing more from it. */
  close(): void;
}

/** Reads a stream to its end and keeps only the newest view. */
export function latestOf(first: DashboardView, views: AsyncIterator<DashboardView>): LatestView {
  let newest = first;
  let isClosed = false;
  const finished = readAll();
  return {
    current: () => newest,
    finished,
    close() {
      isClosed = true;
      // Not awaited: a generator that waits for its next value answers only then.
      views.return?.().catch(() => undefined);
      finished.catch(() => undefined);
    },
  };

  async function readAll(): Promise<void> {
    while (!isClosed) {
      const result = await views.next();
      if (result.done === true) return;
      newest = result.value;
    }
  }
}
