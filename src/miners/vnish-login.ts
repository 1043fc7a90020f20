import { minerBadAnswer, minerBusy } from "../model/miner-errors.ts";
import type { DeviceLink, DriverMemory, DriverOptions, HttpReply } from "../model/miner-link.ts";
import { number, text, toNumber } from "../model/parse.ts";
import { createLogin, type LoginHeaders, type LoginLink, passwordOf, passwordWrong } from "./login.ts";

const UNLOCK = "/api/v1/unlock";
const FACTORY_PASSWORD = "admin";
/** Note of the time until which the device takes no password, ms of the wall clock. */
const LOCKED_UNTIL = "lockedUntilMs";
/** A lock that is told longer than this is a mistake, s. */
const LONGEST_LOCK_S = 86_400;

/**
 * Requests with the token of `/unlock`, which is asked for when it is first needed. A wrong password is tried once;
 * while the device counts down after too many (429) nothing is sent to it (miners.md §9): `MINER_BUSY`, exit 3.
 */
export function createVnishLogin(options: DriverOptions, memory: DriverMemory): LoginLink {
  const { password, isFactory } = passwordOf(options, FACTORY_PASSWORD);
  return createLogin(async (link, signal) => {
    checkLock(link, memory);
    const reply = await link.http.exchange({ method: "POST", path: UNLOCK, body: { pw: password } }, signal);
    if (reply.status === 403 || reply.status === 401) {
      noteLock(link, memory, reply);
      throw passwordWrong(link, isFactory);
    }
    if (reply.status === 429) {
      noteLock(link, memory, reply);
      checkLock(link, memory);
      throw minerBusy(link.where, "it takes no password now, after too many wrong ones");
    }
    return toHeaders(link, reply);
  });
}

function toHeaders(link: DeviceLink, reply: HttpReply): LoginHeaders {
  const token = text(reply.body, "token");
  // A header takes no blanks or line feeds, whatever the device sends.
  if (reply.status === 200 && token !== null && /^[\x21-\x7e]+$/.test(token)) {
    return { authorization: `Bearer ${token}` };
  }
  throw minerBadAnswer(
    link.where,
    `answered a login with HTTP status ${reply.status} and without a token`,
    "",
  );
}

function noteLock(link: DeviceLink, memory: DriverMemory, reply: HttpReply): void {
  const timeoutS = number(reply.body, "unlock_timeout", { min: 1, max: LONGEST_LOCK_S });
  if (timeoutS !== null) memory.set(LOCKED_UNTIL, link.pace.nowMs() + timeoutS * 1000);
}

function checkLock(link: DeviceLink, memory: DriverMemory): void {
  const leftS = Math.ceil(((toNumber(memory.get(LOCKED_UNTIL)) ?? 0) - link.pace.nowMs()) / 1000);
  // More than the longest lock is left only when this computer's clock was set back.
  if (leftS <= 0 || leftS > LONGEST_LOCK_S) return;
  throw minerBusy(link.where, `after too many wrong passwords it takes none for another ${leftS} s`);
}
