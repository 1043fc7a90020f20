import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { viewFeed } from "../daemon/view-feed.ts";
import { differenceError, EXIT, HearthError } from "../model/errors.ts";
import type { DashboardView } from "../model/view.ts";
import type { DemoResult } from "./demo-result.ts";
import { runDemo } from "./journey.ts";

/** A cold clear day, then a day of broken cloud (product.md §7). */
const DEFAULT_DAYS = ["2022-01-02", "2012-05-17"];

export interface DemonstrateOptions {
  env: NodeJS.ProcessEnv;
  /** Folder of the program, with `templates`. */
  root: string;
  version: string;
  seed: number;
  days: readonly string[] | null;
  signal: AbortSignal;
  onProgress: (line: string) => void;
  /** Shows the dashboard; null where there is no screen. */
  show:
    | ((
        views: AsyncIterable<DashboardView>,
        onQuit: (how: "quit" | "interrupted") => void,
      ) => Promise<unknown>)
    | null;
}

/** `hearth demo`: a folder, the journey, and a problem when one of its promises was not kept. */
export async function demonstrate(
  options: DemonstrateOptions,
): Promise<{ data: DemoResult; problem: HearthError | null }> {
  const own = options.env["HEARTH_HOME"];
  const folder = own ?? mkdtempSync(join(tmpdir(), "hearth-demo-"));
  const quit = new AbortController();
  const over = new AbortController();
  const leave = () => quit.abort(new HearthError(EXIT.interrupted, "INTERRUPTED", "The demo was stopped"));
  let screen: Promise<unknown> = Promise.resolve();
  try {
    const data = await runDemo({
      folder,
      templatesDir: join(options.root, "templates"),
      seed: options.seed,
      days: options.days ?? DEFAULT_DAYS,
      version: options.version,
      signal: AbortSignal.any([options.signal, quit.signal]),
      onProgress: options.onProgress,
      onLoop: (view) => {
        if (options.show) screen = options.show(viewFeed(view, over.signal), leave);
      },
    });
    return { data, problem: problemOf(data) };
  } catch (error) {
    // A demo that did not get to its end leaves nothing behind in a folder of its own.
    if (own === undefined) rmSync(folder, { recursive: true, force: true });
    throw error;
  } finally {
    over.abort();
    await screen;
  }
}

/** The promises that the demo is there to keep; null when all were kept. */
function problemOf(data: DemoResult): HearthError | null {
  const broken: string[] = [];
  if (data.safety.floorBreachMin > 0)
    broken.push(`the room was below its floor for ${data.safety.floorBreachMin} min`);
  if (data.safety.overLimitWs > 0) broken.push("the circuit's limit was exceeded");
  if (!data.events.every((event) => event.met)) broken.push("an event was not met");
  if (!data.ledger.verified) broken.push("the ledger does not verify");
  if (data.split.verdict === "drift" || data.split.verdict === "skewed")
    broken.push(`the split is ${data.split.verdict}`);
  if (data.settlements.length < data.days.length) broken.push("not every day was settled");
  if (broken.length === 0) return null;
  return differenceError("DEMO_BROKEN", `The demo did not keep its promises: ${broken.join("; ")}`, {
    hint: "hearth explain and hearth settlement verify with HEARTH_HOME set to its folder",
  });
}
