import { requireHome } from "../app/home-files.ts";
import { EXIT } from "../model/errors.ts";
import type { StreamRecord } from "../model/stream.ts";
import type { DashboardView } from "../model/view.ts";
import { createSystemClock } from "../net/system-clock.ts";
import { streamLine } from "./local-api.ts";
import { type LoopEnd, type LoopHandle, startLoop } from "./loop.ts";
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
  const loop = await clock.spawn(() =>
    startLoop({
      paths,
      config,
      clock,
      version: options.version,
      ...(options.mode === "screen" ? {} : { onRecord: write }),
    }),
  );
  const stop = (reason: string, exit: number) => void loop.stop(reason, exit);
  const onTerm = () => stop("SIGTERM", EXIT.done);
  const onInterrupt = () => stop("Ctrl-C", EXIT.interrupted);
  const onClosed = () => stop("the terminal was closed", EXIT.done);
  process.once("SIGTERM", onTerm);
  process.once("SIGHUP", onClosed);
  const onOutputClosed = () => stop("nobody reads the output any more", EXIT.done);
  process.on("outputClosed", onOutputClosed);
  if (options.signal.aborted) onInterrupt();
  else options.signal.addEventListener("abort", onInterrupt, { once: true });
  try {
    if (options.mode === "screen") return await onScreen(options, loop);
    return await loop.done;
  } finally {
    process.off("SIGTERM", onTerm);
    process.off("SIGHUP", onClosed);
    process.off("outputClosed", onOutputClosed);
    options.signal.removeEventListener("abort", onInterrupt);
  }
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
