import { render, useInput, useStdin, useWindowSize } from "ink";
import { useEffect, useState } from "react";
import type { DashboardView } from "../model/view.ts";
import { toMs } from "../text/time.ts";
import { Dashboard } from "./dashboard.tsx";
import { type LatestView, latestOf } from "./latest-view.ts";

/** How a dashboard ended: by `q`, because the views or the terminal ended, or by Ctrl-C. */
export type DashboardEnd = "quit" | "ended" | "interrupted";

export interface DashboardOptions {
  views: AsyncIterable<DashboardView>;
  stdout?: NodeJS.WriteStream;
  stdin?: NodeJS.ReadStream;
  /** Called once, as soon as a person leaves by `q` or Ctrl-C; the screen is restored after it. */
  onQuit?: (end: "quit" | "interrupted") => void;
  /** Environment to read NO_COLOR from; the process's own when left out. */
  env?: Record<string, string | undefined>;
}

/**
 * Shows the views on the alternate screen until they end or a person leaves. At most four frames a second; the old
 * screen and cursor are back before the promise settles, also when `views` throws, which rejects.
 */
export async function runDashboard(options: DashboardOptions): Promise<DashboardEnd> {
  const { views, stdout = process.stdout, stdin = process.stdin, onQuit, env = process.env } = options;
  const iterator = views[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) return "ended";
  const latest = latestOf(first.value, iterator);
  const { promise: left, resolve: leave } = Promise.withResolvers<DashboardEnd>();
  const onTerminalGone = () => leave("ended");
  stdout.once("error", onTerminalGone);
  stdin.once("end", onTerminalGone);
  const screen = render(
    <LiveDashboard
      latest={latest}
      hasColor={(env["NO_COLOR"] ?? "") === ""}
      onLeave={(end) => {
        onQuit?.(end);
        leave(end);
      }}
    />,
    {
      stdout,
      stdin,
      // Said outright: Ink would take a terminal for none when the variable CI is set.
      interactive: stdout.isTTY === true,
      alternateScreen: true,
      exitOnCtrlC: false,
      patchConsole: false,
      maxFps: 1000 / FRAME_MS,
      incrementalRendering: true,
    },
  );
  try {
    return await Promise.race([left, latest.finished.then((): DashboardEnd => "ended")]);
  } finally {
    latest.close();
    screen.unmount();
    await screen.waitUntilExit();
    screen.cleanup();
    stdout.off("error", onTerminalGone);
    stdin.off("end", onTerminalGone);
  }
}

interface LiveProps {
  latest: LatestView;
  hasColor: boolean;
  onLeave: (end: "quit" | "interrupted") => void;
}

/** Newest view, keys, size of the window. */
function LiveDashboard({ latest, hasColor, onLeave }: LiveProps) {
  const { columns, rows } = useWindowSize();
  const { isRawModeSupported } = useStdin();
  const { view, silentS } = useLatest(latest);
  const [isHelp, setIsHelp] = useState(false);
  useInput(
    (input, key) => {
      if (key.ctrl && input === "c") onLeave("interrupted");
      else if (input === "q" || input === "Q") onLeave("quit");
      else if (input === "?") setIsHelp((was) => !was);
      else if (key.escape) setIsHelp(false);
    },
    { isActive: isRawModeSupported },
  );
  return (
    <Dashboard
      view={view}
      columns={columns}
      rows={rows}
      now={toMs(view.status.at) ?? Number.NaN}
      isHelp={isHelp}
      hasColor={hasColor}
      silentS={silentS}
    />
  );
}

/** Draws the newest view at most every `FRAME_MS`, and counts how long none has come. */
function useLatest(latest: LatestView): { view: DashboardView; silentS: number | null } {
  const [shown, setShown] = useState({ view: latest.current(), silentS: 0 });
  useEffect(() => {
    const frames = setInterval(() => {
      const view = latest.current();
      setShown((was) => (was.view === view ? was : { view, silentS: 0 }));
    }, FRAME_MS);
    const silence = setInterval(
      () => setShown((was) => ({ ...was, silentS: was.silentS + SILENCE_STEP_S })),
      SILENCE_STEP_S * 1000,
    );
    return () => {
      clearInterval(frames);
      clearInterval(silence);
    };
  }, [latest]);
  return { view: shown.view, silentS: shown.silentS >= SILENCE_SHOWN_S ? shown.silentS : null };
}

const FRAME_MS = 250;
const SILENCE_STEP_S = 5;
const SILENCE_SHOWN_S = 15;
