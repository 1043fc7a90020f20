import { HearthError, unreachableError } from "../model/errors.ts";
import {
  looksLikeHtml,
  minerAuthRequired,
  minerBadAnswer,
  minerRefused,
  redact,
} from "../model/miner-errors.ts";
import type { DeviceLink, DriverOptions, HttpReply } from "../model/miner-link.ts";
import { field, list, safeText, text } from "../model/parse.ts";
import { createLogin, passwordOf, passwordWrong } from "./login.ts";

const PATH = "/graphql";
const USER = "root";
/** The factory sets no password (miners.md §7.1). */
const FACTORY_PASSWORD = "";
const LOGIN =
  "mutation ($username: String!, $password: String!) { auth { login(username: $username, password: $password) { ... on Error { message } __typename } } }";
const IDENTITY = "{ bos { hwid info { version { full } } } bosminer { info { modelName } } }";
/** Where the hardware number is not told, the version at least says what to advise. */
const VERSION = "{ bos { info { version { full } } } }";

/** One change: its text, its values, and where its result stands below `data`. */
export interface BosMutation {
  /** In a few words, for an error. */
  what: string;
  text: string;
  variables?: Readonly<Record<string, unknown>>;
  result: readonly string[];
}

/** GraphQL of Braiins OS (miners.md §7.7). */
export interface BosGraphql {
  /**
   * `data` of the answer. Asked without a login first: most questions need none. Throws `MINER_NO_ROUTE` where nobody
   * speaks it, `MINER_QUESTION_REFUSED` where the schema has no such field.
   */
  ask(link: DeviceLink, question: string, signal: AbortSignal): Promise<unknown>;
  /**
   * Throws `MINER_REFUSED` where the answer is one of the schema's error types, which come with status 200, and
   * `MINER_BAD_ANSWER` where nobody knows what came of it.
   */
  change(link: DeviceLink, mutation: BosMutation, signal: AbortSignal): Promise<void>;
}

/** What a device says of itself; what is not told is null. */
export interface BosSelf {
  /** Number of the hardware; it outlives an update and another address. */
  hardwareId: string | null;
  model: string | null;
  version: BosVersion | null;
}

export interface BosVersion {
  /** `22.08.1`: the last dotted part of `2022-09-27-0-26ba61b9-22.08.1-plus`. */
  text: string;
  /** Of this century. */
  year: number;
  month: number;
}

export function createBosGraphql(options: DriverOptions): BosGraphql {
  const { password, isFactory } = passwordOf(options, FACTORY_PASSWORD);
  const login = createLogin(async (link, signal) => {
    const body = { query: LOGIN, variables: { username: USER, password } };
    const reply = await link.http.exchange({ method: "POST", path: PATH, body }, signal);
    if (isLoginWanted(reply) && !isForeignDoor(reply)) throw passwordWrong(link, isFactory);
    const result = field(toData(reply, link.where), "auth", "login");
    const kind = text(result, "__typename");
    // A wrong password is an answer like any other (miners.md §7.7).
    if (kind?.endsWith("Error") || text(result, "message") !== null) throw passwordWrong(link, isFactory);
    const cookie = /^\s*([^=;,\s]+=[^;,\s]+)/.exec(sessionCookie(reply.headers["set-cookie"]))?.[1];
    return cookie === undefined ? {} : { cookie };
  });
  let needsLogin = false;
  const put = async (link: DeviceLink, question: string, signal: AbortSignal, headers = {}) =>
    toData(
      await link.http.exchange({ method: "POST", path: PATH, body: { query: question }, headers }, signal),
      link.where,
    );
  return {
    async ask(link, question, signal) {
      if (!needsLogin) {
        try {
          return await put(link, question, signal);
        } catch (error) {
          if (!isAuthRequired(error)) throw error;
          needsLogin = true;
        }
      }
      return login.run(link, signal, (headers) => put(link, question, signal, headers));
    },
    async change(link, { what, text: query, variables = {}, result }, signal) {
      const answer = await login.run(link, signal, async (headers) => {
        const body = await link.http.send("POST", PATH, { query, variables }, signal, { headers });
        if (isUnauthorized(body)) throw minerAuthRequired(link.where);
        return body;
      });
      checkResult(answer, link.where, what, result);
    },
  };
}

/** Who speaks GraphQL at the address; null when nobody does, or a stranger. */
export async function askSelf(
  graphql: BosGraphql,
  link: DeviceLink,
  signal: AbortSignal,
): Promise<BosSelf | null> {
  try {
    const data = await graphql.ask(link, IDENTITY, signal).catch((error: unknown) => {
      if (!isQuestionRefused(error)) throw error;
      return graphql.ask(link, VERSION, signal);
    });
    return toSelf(data);
  } catch (error) {
    if (error instanceof HearthError && error.code === "MINER_NO_ROUTE") return null;
    throw error;
  }
}

/** From the answer to the question for the identity; null when it is no Braiins OS that answers. */
export function toSelf(data: unknown): BosSelf | null {
  const bos = field(data, "bos");
  if (typeof bos !== "object" || bos === null) return null;
  const hardwareId = text(bos, "hwid");
  return {
    hardwareId: hardwareId !== null && /^[\w+/=-]{6,64}$/.test(hardwareId) ? hardwareId : null,
    model: text(field(data, "bosminer", "info"), "modelName"),
    version: toBosVersion(text(field(bos, "info", "version"), "full")),
  };
}

/** The last dotted part of a version text (miners.md §7); null when there is none. */
export function toBosVersion(full: string | null): BosVersion | null {
  const dotted = full?.split("-").findLast((part) => /^\d{2}\.\d{1,2}(\.\d{1,3})?$/.test(part));
  if (dotted === undefined) return null;
  const [year = 0, month = 0] = dotted.split(".").map(Number);
  return { text: dotted, year, month };
}

/** The schema has no such field, so that less may be asked for; not an answer that got lost or broken. */
export function isQuestionRefused(error: unknown): boolean {
  return error instanceof HearthError && error.code === "MINER_QUESTION_REFUSED";
}

/** Every cookie of the answer stands in one header; the session's own comes first in the search. */
function sessionCookie(header: string | undefined): string {
  const session = /session_id=[^;,\s]+/.exec(header ?? "")?.[0];
  return session ?? header ?? "";
}

/** `data` of an answer; errors beside it only say that a part is missing, as the summary of a miner that stands still. */
function toData(reply: HttpReply, where: string): unknown {
  const { status, body, text: answer } = reply;
  if (isForeignDoor(reply)) throw noGraphql(where);
  if (isLoginWanted(reply)) throw minerAuthRequired(where);
  if (status === 404 || status === 405 || looksLikeHtml(answer)) throw noGraphql(where);
  if (typeof body !== "object" || body === null) {
    throw minerBadAnswer(where, "gave an answer that is not valid JSON", answer);
  }
  const data = field(body, "data");
  if (typeof data === "object" && data !== null) return data;
  const [error] = list(body, "errors");
  if (error === undefined && field(body, "data") === undefined) throw noGraphql(where);
  const words = safeText(redact(text(error, "message") ?? ""), 120);
  throw unreachableError(
    "MINER_QUESTION_REFUSED",
    `The miner at ${where} could not answer a question${words === "" ? "" : `: ${words}`}.`,
    { hint: "Run it again in a minute; it may be starting" },
  );
}

function checkResult(answer: unknown, where: string, what: string, path: readonly string[]): void {
  const result = field(answer, "data", ...path);
  if (text(result, "__typename")?.endsWith("Error")) {
    throw minerRefused(where, what, text(result, "message") ?? "");
  }
  const [error] = list(answer, "errors");
  if (error === undefined && result !== undefined && result !== null) return;
  const words = text(error, "message") ?? "";
  if (error !== undefined && isNeverBegun(answer, words)) throw minerRefused(where, what, words);
  throw minerBadAnswer(where, `did not say what came of ${what}`, "");
}

/** A question that does not fit the schema is turned away whole; any other error may come after the change was made. */
function isNeverBegun(answer: unknown, words: string): boolean {
  return field(answer, "data") === undefined || /\b(unknown|syntax|invalid value|validation)\b/i.test(words);
}

/** A challenge of the web server itself is none of this firmware, so no password goes there. */
export function isForeignDoor({ status, headers }: HttpReply): boolean {
  return status === 401 && /^\s*(basic|digest)\b/i.test(headers["www-authenticate"] ?? "");
}

function isLoginWanted({ status, body }: HttpReply): boolean {
  return status === 401 || status === 403 || isUnauthorized(body);
}

function isUnauthorized(body: unknown): boolean {
  return list(body, "errors").some(
    (error) =>
      text(field(error, "extensions"), "code") === "UNAUTHORIZED" ||
      /unauthori[sz]ed/i.test(text(error, "message") ?? ""),
  );
}

function isAuthRequired(error: unknown): boolean {
  return error instanceof HearthError && error.code === "MINER_AUTH_REQUIRED";
}

function noGraphql(where: string): HearthError {
  return unreachableError("MINER_NO_ROUTE", `The device at ${where} does not speak GraphQL.`, {
    hint: "Check that this is the miner, and its firmware version",
  });
}
