import type { HttpAnswer } from "./http.ts";
import { parseJson } from "./json.ts";

/** A login is not tried more often than this, ms: devices lock out who does (sources.md §1.9). */
const LOGIN_MS = 300_000;
/** What an expired token is answered with. */
const EXPIRED = new Set([401, 403]);

export interface LoginRound {
  /** Field of the login's answer that holds the token. */
  field: string;
  ask(token: string): Promise<HttpAnswer>;
  /** Sends the secret. */
  enter(): Promise<HttpAnswer>;
}

/** The token of one device, fetched when it is wanted and anew when it has expired. */
export interface LoginSession {
  /** The answer to the question, or to the login where that was refused. Throws the errors of the link. */
  run(round: LoginRound): Promise<HttpAnswer>;
}

/** A session without a token yet. */
export function createLoginSession(): LoginSession {
  let token: string | null = null;
  let enteredMono = Number.NEGATIVE_INFINITY;
  return {
    async run({ field, ask, enter }) {
      if (token !== null) {
        const answer = await ask(token);
        if (!EXPIRED.has(answer.status)) return answer;
        token = null;
        if (performance.now() - enteredMono < LOGIN_MS) return answer;
      }
      enteredMono = performance.now();
      const entered = await enter();
      token = entered.status === 200 ? tokenIn(entered.text, field) : null;
      if (token === null) return entered.status === 200 ? { ...entered, status: 401 } : entered;
      return ask(token);
    },
  };
}

function tokenIn(text: string, field: string): string | null {
  try {
    const body = parseJson(text) as Record<string, unknown> | null;
    const found = body?.[field];
    return typeof found === "string" && /^[\x21-\x7e]{1,4096}$/.test(found) ? found : null;
  } catch {
    return null;
  }
}
