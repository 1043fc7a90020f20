import type { ExplainView } from "../model/view.ts";
import { formatWatts } from "./format.ts";
import { reasonText } from "./reason.ts";
import { formatDuration, formatTime } from "./time.ts";

/** What a decision and its view have in common. */
export type Explainable = Pick<ExplainView, "totalW" | "reason" | "notHigher" | "notLower" | "next">;

/** The three lines of `hearth explain` for people (control.md §13): watts and reason, what stops more and less, next. */
export function explainLines(decision: Explainable): string[] {
  return [
    `${formatWatts(decision.totalW)}  ${reasonText(decision.reason)}`,
    `not more: ${notMore(decision)}     not less: ${notLess(decision)}`,
    `next: ${nextStep(decision)}`,
  ];
}

/** What stops more watts; says so when nothing does. */
export function notMore(decision: Explainable): string {
  return bound(unlessSaid(decision.notHigher, decision.reason)) ?? "the heaters have no more to give";
}

/** What stops fewer watts; says so when nothing does. */
export function notLess(decision: Explainable): string {
  const { notLower, reason } = decision;
  // The wish itself is what stops less; saying it again would explain nothing.
  if (notLower?.text === reason.text) return "that is what is wanted now";
  return bound(notLower) ?? "nothing stands in the way";
}

/** What happens next by itself. With `nowMs` and a zone, what is more than ten minutes away gets its local time. */
export function nextStep(decision: Explainable, nowMs: number | null = null, tz = "UTC"): string {
  const { next } = decision;
  if (next === null) return "nothing is planned";
  const text = reasonText(next);
  // Words with a time or a length of their own would say it twice.
  if (/\d/.test(text) || !Number.isFinite(next.inS)) return text;
  if (nowMs !== null && next.inS > 600) return `${text} at ${formatTime(nowMs + next.inS * 1000, tz)}`;
  return `${text} in ${formatDuration(next.inS)}`;
}

/** A bound that only says the reason again says instead that nobody wants more. */
function unlessSaid(
  limit: Explainable["notHigher"],
  reason: Explainable["reason"],
): Explainable["notHigher"] {
  if (limit === null || limit.code !== reason.code || !limit.text.startsWith(reason.text)) return limit;
  const isRestraint = /^(COOP|LIMIT|SAFE|SHAPE|COMFORT|MANUAL|FLOOR)_/.test(reason.code);
  if (isRestraint) return limit;
  return { ...limit, text: `nothing asks for more${limit.text.slice(reason.text.length)}` };
}

/** The words of a bound, with its watts unless the words name them already. */
function bound(limit: { code: string; atW: number; text: string } | null): string | null {
  if (limit === null) return null;
  const text = reasonText(limit);
  // A bound at nothing is the reason itself: "resting (0 W)" says no more than "resting".
  if (limit.atW === 0 || text.includes("(next:")) return text;
  const watts = formatWatts(limit.atW);
  return text.replaceAll(",", "").includes(watts.split(" ")[0] ?? watts) ? text : `${text} (${watts})`;
}
