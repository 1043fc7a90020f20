import { HearthError, unreachableError } from "../model/errors.ts";
import { minerBadAnswer } from "../model/miner-errors.ts";
import type { DeviceLink, DriverOptions } from "../model/miner-link.ts";
import { field, text } from "../model/parse.ts";
import { type BosVersion, isForeignDoor } from "./bos-graphql.ts";
import { BRAIINS_STATUS, type BraiinsAnswers, statusOf } from "./braiins-reading.ts";
import { createLogin, type LoginLink, passwordOf, passwordWrong } from "./login.ts";

const API = "/api/v1";
const USER = "root";
/** The factory sets no password (miners.md §7.1). */
const FACTORY_PASSWORD = "";
/** What changes seldom is asked in turn, and told for so long, ms. */
const KEPT_MS = 60_000;
/** Since this release the interface is there (miners.md §7). */
const FIRST_REST = { year: 25, month: 7 };

/** REST behind its token, which goes bare into the header, without `Bearer` (miners.md §7.1). */
export function createBraiinsRest(options: DriverOptions): LoginLink {
  const { password, isFactory } = passwordOf(options, FACTORY_PASSWORD);
  return createLogin(async (link, signal) => {
    const body = { username: USER, password };
    const reply = await link.http.exchange({ method: "POST", path: `${API}/auth/login`, body }, signal);
    const { status } = reply;
    if (status === 404 || status === 405) throw noRest(link);
    if (status === 429 || status >= 500) {
      throw minerBadAnswer(link.where, `answered its login with HTTP status ${status}`, reply.text);
    }
    if (status >= 400) throw passwordWrong(link, isFactory);
    const token = text(reply.body, "token");
    if (token === null) throw minerBadAnswer(link.where, "gave no token at its login", reply.text);
    return { authorization: token };
  });
}

/** Does the firmware at the address have the REST interface? Asked without a password, so that none goes to a stranger. */
export async function hasRest(link: DeviceLink, signal: AbortSignal): Promise<boolean> {
  const path = `${API}/miner/details`;
  const reply = await link.http.exchange({ method: "GET", path }, signal);
  const { status, body, text: answer } = reply;
  if (isForeignDoor(reply)) return false;
  if (status === 401 || status === 403) return true;
  if (status >= 500) throw minerBadAnswer(link.where, `answered with HTTP status ${status}`, answer);
  return ["miner_identity", "mac_address", "bos_version"].some((key) => field(body, key) !== undefined);
}

/** Releases before 25.07 may show the path and answer a login with 404 or 405 (miners.md §7): they have no interface. */
export async function hasLogin(rest: LoginLink, link: DeviceLink, signal: AbortSignal): Promise<boolean> {
  try {
    return await rest.run(link, signal, async () => true);
  } catch (error) {
    if (error instanceof HearthError && error.code === "MINER_NO_ROUTE") return false;
    throw error;
  }
}

/** Does a release of this version have the interface, whatever it shows while it starts? */
export function isRestRelease(version: BosVersion | null): boolean {
  if (version === null) return false;
  const { year, month } = FIRST_REST;
  return version.year > year || (version.year === year && version.month >= month);
}

/** Parts of a reading that change seldom, by the path that tells them. */
const SELDOM = {
  configuration: "configuration/miner",
  tuner: "performance/tuner-state",
  boards: "miner/hw/hashboards",
} as const;
type Seldom = keyof typeof SELDOM;

/** Answers for readings, five requests each while they follow each other closely. */
export interface BraiinsPolls {
  ask(link: DeviceLink, signal: AbortSignal): Promise<BraiinsAnswers>;
  /** What was kept is old after a change. */
  forget(): void;
}

/** State, hash rate, pools and fans each time; of what changes seldom the oldest one, and all that is too old. */
export function createBraiinsPolls(rest: LoginLink): BraiinsPolls {
  const kept = new Map<Seldom, { answer: unknown; mono: number }>();
  return {
    async ask(link, signal) {
      const get = (path: string) => rest.get(link, `${API}/${path}`, signal);
      const getIfKnown = (path: string) =>
        get(path).catch((error: unknown) => {
          if (error instanceof HearthError && error.code === "MINER_NO_ROUTE") return null;
          throw error;
        });
      const details = await get("miner/details");
      if (field(details, "status") === undefined && field(details, "bos_version") === undefined) {
        throw minerBadAnswer(link.where, "answered without any of the fields of Braiins OS", "");
      }
      const answers = {
        details,
        stats: await get("miner/stats"),
        pools: await get("pools/"),
        cooling: await getIfKnown("cooling/state"),
      };
      const isStopped = statusOf(details) === BRAIINS_STATUS.suspended;
      for (const part of due(kept, link.pace.monoMs(), isStopped)) {
        kept.set(part, { answer: await getIfKnown(SELDOM[part]), mono: link.pace.monoMs() });
      }
      const answerOf = (part: Seldom) => kept.get(part)?.answer ?? null;
      return {
        ...answers,
        configuration: answerOf("configuration"),
        tuner: answerOf("tuner"),
        boards: answerOf("boards"),
        // Its firmware then says why it stands.
        errors: isStopped ? await getIfKnown("miner/errors") : null,
      };
    },
    forget: () => kept.clear(),
  };
}

function due(
  kept: ReadonlyMap<Seldom, { mono: number }>,
  monoMs: number,
  hasOtherQuestion: boolean,
): Seldom[] {
  const ages = (Object.keys(SELDOM) as Seldom[]).map((part) => ({
    part,
    ageMs: monoMs - (kept.get(part)?.mono ?? Number.NEGATIVE_INFINITY),
  }));
  const tooOld = ages.filter(({ ageMs }) => ageMs >= KEPT_MS).map(({ part }) => part);
  if (tooOld.length > 0 || hasOtherQuestion) return tooOld;
  const [oldest] = ages.sort((one, other) => other.ageMs - one.ageMs);
  return oldest === undefined ? [] : [oldest.part];
}

function noRest(link: DeviceLink): HearthError {
  return unreachableError("MINER_NO_ROUTE", `The firmware at ${link.where} has no REST interface.`, {
    hint: "Run it again in a minute; if it stays so, update Braiins OS to 25.07 or later",
  });
}
