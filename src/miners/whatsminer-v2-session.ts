import { minerBadAnswer, minerBusy } from "../model/miner-errors.ts";
import type { CgminerReply, DeviceLink } from "../model/miner-link.ts";
import { field, number, text } from "../model/parse.ts";
import { checked, isSuccess, rawText } from "./cgminer.ts";
import { type Access, apiSwitchOff } from "./whatsminer-access.ts";
import { seal, unseal, type WriteToken, writeToken } from "./whatsminer-token.ts";

/** Writes of API v2: a token, good for half an hour, and a sealed request (miners.md §11.1). */
export interface V2Session {
  /**
   * Signs in where that is needed. Throws `MINER_PASSWORD_WRONG`, `MINER_WRITES_OFF`, `MINER_BUSY`, and whatever a
   * read throws: then nothing was sent.
   */
  signIn(link: DeviceLink, signal: AbortSignal): Promise<V2Teller>;
}

/** One write; the reply opened. Throws as `signIn` does: then the device did not carry it out. */
export type V2Teller = (command: string, fields?: Readonly<Record<string, string>>) => Promise<CgminerReply>;

/** A token is used for so long, ms; it is good for 30 min, and a device gives out 32 of them. */
const TOKEN_MS = 25 * 60_000;
const BAD_TOKEN = 135;
const TOO_MANY_TOKENS = 136;
/** What a device makes of text that it cannot open. */
const INVALID_JSON = 23;
const NOT_ALLOWED = 45;

export function createV2Session(access: Access): V2Session {
  let current: { token: WriteToken; mono: number } | null = null;
  const tokenFor = async (link: DeviceLink, signal: AbortSignal): Promise<WriteToken> => {
    if (current !== null && link.pace.monoMs() - current.mono < TOKEN_MS) return current.token;
    current = { token: await askToken(link, access, signal), mono: link.pace.monoMs() };
    return current.token;
  };
  const tell = async (
    link: DeviceLink,
    request: Readonly<Record<string, string>>,
    isFresh: boolean,
    signal: AbortSignal,
  ): Promise<CgminerReply> => {
    const reply = await tellOnce(link, await tokenFor(link, signal), request, signal);
    if (reply !== null && !isTokenProblem(reply)) return withoutProblem(link, reply);
    current = null;
    // It may have forgotten a token; one that it gave a moment ago shows that the password is another.
    if (isFresh) throw access.refused(link);
    return tell(link, request, true, signal);
  };
  return {
    async signIn(link, signal) {
      access.check(link);
      const before = current;
      await tokenFor(link, signal);
      const isFresh = current !== before;
      return (command, fields = {}) => tell(link, { cmd: command, ...fields }, isFresh, signal);
    },
  };
}

async function askToken(link: DeviceLink, access: Access, signal: AbortSignal): Promise<WriteToken> {
  const reply = withoutProblem(link, await link.cgminer.ask({ cmd: "get_token" }, signal));
  const seeds = field(checked(link, "get_token", reply).sections, "Msg");
  // The moment comes as text, and as a number on some firmware.
  const time = text(seeds, "time") ?? number(seeds, "time")?.toString();
  const [salt, newsalt] = [text(seeds, "salt"), text(seeds, "newsalt")];
  if (time === undefined || salt === null || newsalt === null) {
    throw minerBadAnswer(link.where, "gave no token for changes", "");
  }
  return writeToken(access.password, { time, salt, newsalt });
}

/** The reply; null for one that was sealed with another key, which shows that the request could not be opened. */
async function tellOnce(
  link: DeviceLink,
  token: WriteToken,
  request: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<CgminerReply | null> {
  const plainRequest = JSON.stringify({ ...request, token: token.sign });
  const wire = { enc: 1, data: seal(token.key, plainRequest) };
  const reply = await link.cgminer.tell(wire, signal);
  if (reply.status !== "SEALED") return reply;
  const plain = unseal(token.key, rawText(reply.sections, "enc") ?? "");
  return plain?.startsWith("{") ? link.cgminer.parse(plain) : null;
}

function isTokenProblem({ code }: CgminerReply): boolean {
  return code === BAD_TOKEN || code === INVALID_JSON;
}

/** Throws what the device says of access; other refusals are the caller's business. */
function withoutProblem(link: DeviceLink, reply: CgminerReply): CgminerReply {
  if (isSuccess(reply)) return reply;
  if (/can'?t access write/i.test(reply.message) || reply.code === NOT_ALLOWED) throw apiSwitchOff(link);
  if (reply.code === TOO_MANY_TOKENS) {
    throw minerBusy(link.where, "it has given out all its tokens for changes, each for half an hour");
  }
  return reply;
}
