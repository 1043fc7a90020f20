import { requireHome } from "../app/home-files.ts";
import { EXIT, toHearthError } from "../model/errors.ts";
import type { StreamRecord } from "../model/stream.ts";
import type { DashboardView } from "../model/view.ts";
import { createSystemClock } from "../net/system-clock.ts";
import { streamLine } from "./local-api.ts";
import { type LoopEnd, type LoopHandle, startLoop } from "./loop.ts";
import { createServiceWatchdog } from "./service-watchdog.ts";
import { viewFeed } from "./view-feed.ts";

export interface RunHomeOptions {
  env: NodeJS.ProcessEnv;
  version: string;
  /** `screen` needs `show`; `ndjson` streams; `plain` writes one line per decision without any control sequence. */
  mode: "screen" | "ndjson" | "plain";
  /** Ctrl-C. */
  signal: AbortSignal;
  write: (text: string) => void;
  talk: (line: string) => void;
  show: (
    views: AsyncIterable<DashboardView>,
    onQuit: (how: "quit" | "interrupted") => void,
  ) => Promise<unknown>;
}

/** `hearth run`: the loop in real time until it is stopped; SIGTERM ends with 0, Ctrl-C with 130. */
export async function runHome(options: RunHomeOptions): Promise<LoopEnd> {
  const { paths, config, warnings } = requireHome(options.env);
  for (const warning of warnings) options.talk(`Warning: ${warning}`);
  const clock = createSystemClock();
  const line = options.mode === "ndjson" ? streamLine : plainLine;
  const write = (record: StreamRecord) => options.write(line(record));
  const ending = listenForEnd(options.signal);
  try {
    const loop = await clock.spawn(() =>
      startLoop({
        paths,
        config,
        clock,
        version: options.version,
        onTick: createServiceWatchdog(options.env) ?? undefined,
        ...(options.mode === "screen" ? {} : { onRecord: write }),
      }),
    );
    void ending.wanted.then(({ reason, exit }) => loop.stop(reason, exit));
    return options.mode === "screen" ? await onScreen(options, loop) : await loop.done;
  } finally {
    ending.close();
  }
}

/** Every way in which somebody ends the loop from outside, heard from before it starts. */
function listenForEnd(interrupted: AbortSignal): { wanted: Promise<LoopEnd>; close(): void } {
  const { promise, resolve } = Promise.withResolvers<LoopEnd>();
  const onTerm = () => resolve({ reason: "SIGTERM", exit: EXIT.done });
  const onClosed = () => resolve({ reason: "the terminal was closed", exit: EXIT.done });
  const onOutputClosed = () => resolve({ reason: "nobody reads the output any more", exit: EXIT.done });
  const onInterrupt = () => resolve({ reason: "Ctrl-C", exit: EXIT.interrupted });
  // What nobody caught: the miners are left as configured, and the service manager starts anew (control.md §12).
  const onBug = (error: unknown) => resolve({ reason: toHearthError(error).message, exit: EXIT.bug });
  process.on("uncaughtException", onBug);
  process.on("unhandledRejection", onBug);
  process.on("SIGTERM", onTerm);
  process.on("SIGHUP", onClosed);
  process.on("outputClosed", onOutputClosed);
  if (interrupted.aborted) onInterrupt();
  interrupted.addEventListener("abort", onInterrupt, { once: true });
  return {
    wanted: promise,
    close() {
      process.off("uncaughtException", onBug);
      process.off("unhandledRejection", onBug);
      process.off("SIGTERM", onTerm);
      process.off("SIGHUP", onClosed);
      process.off("outputClosed", onOutputClosed);
      interrupted.removeEventListener("abort", onInterrupt);
    },
  };
}

async function onScreen(options: RunHomeOptions, loop: LoopHandle): Promise<LoopEnd> {
  const ended = new AbortController();
  void loop.done.then(() => ended.abort());
  const views = viewFeed(() => loop.view(), ended.signal);
  await options.show(views, (how) => void loop.stop(how, how === "quit" ? EXIT.done : EXIT.interrupted));
  return loop.stop("the dashboard was closed", EXIT.done);
}

function plainLine(record: StreamRecord): string {
  if (record.type !== "decision") return "";
  const reason = record.data["reason"] as { text: string };
  return `${record.at}  ${record.data["totalW"]} W  ${reason.text}\n`;
}
