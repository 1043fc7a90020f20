import { createHash } from "node:crypto";
import { thumbprintWords } from "../coop/keys.ts";
import { type Answer, type Ask, formBody, Problem, type Route } from "./http-kit.ts";
import { decideCode, findUserCode } from "./oauth.ts";
import type { Office } from "./office.ts";

const STYLE =
  "body{font:1.1rem/1.5 system-ui,sans-serif;margin:0;background:#f4f1ec;color:#222}" +
  "main{max-width:34rem;margin:2rem auto;padding:1.5rem 2rem;background:#fff;border-radius:.6rem}" +
  "h1{margin-top:0}h2{font-size:1rem;color:#666}code{word-break:break-all}" +
  "input{font:inherit;letter-spacing:.1em;padding:.4rem .6rem;width:12ch}" +
  "button{font:inherit;padding:.5rem 1.2rem;border:1px solid #999;border-radius:.4rem;background:#fff}" +
  "button[value=approve]{background:#b4532a;border-color:#b4532a;color:#fff}";
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** No script, no style but our own, no framing: the page decides about money. */
const PAGE_HEADERS = {
  "content-security-policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  "referrer-policy": "no-referrer",
};
const WRONG_CODES_ALLOWED = 20;
const WRONG_CODES_WINDOW_MS = 900_000;

/** The enrolment page: type the code, see what is granted, approve or deny. Plain forms. */
export function pageRoutes(office: Office): Route[] {
  const guard = createGuessGuard(office);
  const lookUp = (typed: string) => {
    guard.check();
    const code = findUserCode(office, typed);
    if (code === null) guard.count();
    return code;
  };
  return [
    {
      method: "GET",
      pattern: "/",
      handle: ({ query }) => {
        const typed = query.get("user_code");
        if (typed === null || typed === "") return page(office, askForm(""));
        const code = lookUp(typed);
        return code === null
          ? page(office, askForm(NOT_FOUND), 404)
          : page(office, decisionForm(office, code));
      },
    },
    { method: "POST", pattern: "/", handle: (ask) => decide(office, ask, lookUp) },
  ];
}

const NOT_FOUND = "This code is not known or no longer valid. Look at your tool again.";

function decide(office: Office, ask: Ask, lookUp: (typed: string) => string | null): Answer {
  checkOrigin(office, ask);
  const form = formBody(ask);
  const decision = form.get("decision");
  const code = lookUp(form.get("user_code") ?? "");
  if (code === null) return page(office, askForm(NOT_FOUND), 404);
  if (decision !== "approve" && decision !== "deny") return page(office, decisionForm(office, code), 400);
  decideCode(office, code, decision === "approve" ? "approved" : "denied");
  const words =
    decision === "approve"
      ? "The home is approved. You can close this page; the tool goes on by itself."
      : "The home was denied. Nothing was granted.";
  return page(office, `<p>${words}</p>`);
}

/** A page elsewhere must not send this form for the person. */
function checkOrigin(office: Office, ask: Ask): void {
  const origin = ask.headers["origin"];
  if (origin !== undefined && origin !== "null" && origin !== new URL(office.url).origin) {
    throw new Problem(403, "wrong_origin", "This form must be sent from the co-op's own page.");
  }
}

function createGuessGuard(office: Office) {
  let wrong: number[] = [];
  return {
    check() {
      const fromMs = office.clock.nowMs() - WRONG_CODES_WINDOW_MS;
      wrong = wrong.filter((atMs) => atMs > fromMs);
      if (wrong.length < WRONG_CODES_ALLOWED) return;
      throw new Problem(429, "too_many_guesses", "Too many wrong codes; try again later.", {
        "retry-after": "900",
      });
    },
    count() {
      wrong.push(office.clock.nowMs());
    },
  };
}

function askForm(message: string): string {
  return `${message ? `<p><strong>${escapeHtml(message)}</strong></p>` : ""}
<form method="get" action="/">
<p><label>Code shown by the tool: <input name="user_code" autocomplete="off" autocapitalize="characters" required></label></p>
<p><button>Continue</button></p>
</form>`;
}

function decisionForm(office: Office, userCode: string): string {
  const { settings } = office;
  return `<p>A home asks to be paired with the code <strong>${escapeHtml(userCode)}</strong>. If you approve, it may:</p>
<ul>
<li>agree with ${escapeHtml(settings.name)} on a part of its mining payout, at most ${settings.maxSharePpm / 10_000} %, each time with its own signature;</li>
<li>receive this co-op's curtailment events; its heat floor up to ${settings.maxFloorC} degrees Celsius outranks them;</li>
<li>send energy readings and work counters, and read its own settlements.</li>
</ul>
<p>Approve only if the tool shows the same fingerprint as this page.</p>
<form method="post" action="/">
<input type="hidden" name="user_code" value="${escapeHtml(userCode)}">
<p><button name="decision" value="approve">Approve</button> <button name="decision" value="deny">Deny</button></p>
</form>`;
}

function page(office: Office, content: string, status = 200): Answer {
  const name = escapeHtml(office.settings.name);
  const { thumbprint } = office.key;
  const body = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${name}: pair a home</title><style>${STYLE}</style></head>
<body>
<main>
<h1>${name}</h1>
${content}
<h2>Key fingerprint</h2>
<p>${escapeHtml(thumbprintWords(thumbprint))}</p>
<p><code>${escapeHtml(thumbprint)}</code></p>
</main>
</body>
</html>
`;
  return { status, body, headers: PAGE_HEADERS };
}

function escapeHtml(value: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return value.replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? sign);
}
