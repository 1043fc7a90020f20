import { renderToString } from "ink";
import type { DashboardView } from "../model/view.ts";
import { toMs } from "../text/time.ts";
import { Dashboard } from "./dashboard.tsx";

export interface FrameRequest {
  columns: number;
  rows: number;
  isHelp?: boolean;
  /** False: no colours; without it the environment decides (FORCE_COLOR, a terminal). */
  hasColor?: boolean;
}

/** One frame as text, without a terminal: for docs, `--once` and snapshots. At most `rows` lines of `columns` cells. */
export function renderFrame(view: DashboardView, request: FrameRequest): string {
  const { columns, rows, isHelp = false, hasColor = true } = request;
  const now = toMs(view.status.at) ?? Number.NaN;
  return renderToString(
    <Dashboard view={view} columns={columns} rows={rows} now={now} isHelp={isHelp} hasColor={hasColor} />,
    { columns },
  );
}
