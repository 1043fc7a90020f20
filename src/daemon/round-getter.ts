import type { Clock } from "../model/clock.ts";
import { unreachableError } from "../model/errors.ts";
import type { Http } from "../net/http.ts";

/** Real-time deadline of one source, ms (sources.md: a meter answers at once or not at all). */
const TOTAL_MS = 3000;
/** Sources that ask for one address within this time get one answer. */
const SHARED_MS = 500;

/**
 * Reads a URL for the sources; several sources on one address share one request per moment, as a meter with
 * two clamps is one device.
 */
export function createRoundGetter(http: Http, clock: Clock) {
  const running = new Map<string, { mono: number; answer: Promise<unknown> }>();
  return (url: string, signal: AbortSignal): Promise<unknown> => {
    const mono = clock.monoMs();
    const shared = running.get(url);
    if (shared && mono - shared.mono < SHARED_MS) return shared.answer;
    const answer = http.json({ url, signal, totalMs: TOTAL_MS }).then(({ status, body }) => {
      if (status === 200) return body;
      throw unreachableError("SOURCE_REFUSED", `${url} answered with status ${status}`, {
        hint: "check the source's address",
      });
    });
    running.set(url, { mono, answer });
    return answer;
  };
}
