import { unreachableError } from "../model/errors.ts";
import { looksLikeHtml, minerBadAnswer } from "../model/miner-errors.ts";
import type { DeviceLink, DriverOptions, HttpReply } from "../model/miner-link.ts";
import { text } from "../model/parse.ts";
import { passwordOf } from "./login.ts";

const CGI = "/cgi-bin";
export const SYSTEM_INFO = `${CGI}/get_system_info.cgi`;
export const CONFIG = `${CGI}/get_miner_conf.cgi`;
export const SET_CONFIG = `${CGI}/set_miner_conf.cgi`;
export const SUMMARY = `${CGI}/summary.cgi`;
export const STATS = `${CGI}/stats.cgi`;
export const POOLS = `${CGI}/pools.cgi`;
export const REBOOT = `${CGI}/reboot.cgi`;
export const BLINK = `${CGI}/blink.cgi`;

const WEB_USER = "root";
const FACTORY_PASSWORD = "root";

/** The CGI pages of one miner, behind digest authentication (miners.md §10). */
export interface AntminerWeb {
  /** Parsed answer. Throws `MINER_PASSWORD_WRONG` and the errors of the link. */
  get(link: DeviceLink, path: string, signal: AbortSignal): Promise<unknown>;
  /** A write. Answers the parsed body, or null where there is none. */
  send(link: DeviceLink, path: string, body: unknown, signal: AbortSignal): Promise<unknown>;
  /**
   * The answer of `get_system_info.cgi`; null when something else stands there. Asked without a password first,
   * so that only a device that names the realm of this firmware is ever shown one.
   */
  systemInfo(link: DeviceLink, signal: AbortSignal): Promise<unknown>;
}

export function createAntminerWeb(options: DriverOptions): AntminerWeb {
  const digest = { user: WEB_USER, ...passwordOf(options, FACTORY_PASSWORD) };
  const get = (link: DeviceLink, path: string, signal: AbortSignal) =>
    link.http.get(path, signal, { digest });
  return {
    get,
    send: (link, path, body, signal) => link.http.send("POST", path, body, signal, { digest }),
    async systemInfo(link, signal) {
      const reply = await link.http.exchange({ method: "GET", path: SYSTEM_INFO }, signal);
      if (isLocked(reply)) return get(link, SYSTEM_INFO, signal);
      if (reply.status < 200 || reply.status > 299) return null;
      if (reply.body === null && !looksLikeHtml(reply.text)) {
        throw minerBadAnswer(link.where, "gave an answer that is not valid JSON", reply.text);
      }
      return text(reply.body, "minertype") === null ? null : reply.body;
    },
  };
}

/** `MINER_BAD_ANSWER` for an answer of the right form without any of the fields that it is asked for. */
export function missingFields(where: string, what: string) {
  return unreachableError("MINER_BAD_ANSWER", `The miner at ${where} answered without its ${what}.`, {
    hint: "Run it again in a minute; it may be starting, or have firmware that is not known here",
  });
}

function isLocked({ status, headers }: HttpReply): boolean {
  return status === 401 && /realm="?antMiner/i.test(headers["www-authenticate"] ?? "");
}
