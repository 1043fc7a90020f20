import { createHash } from "node:crypto";
import type { Clock } from "../model/clock.ts";
import type { WebReply, WebRequest } from "./device-port.ts";
import type { Random } from "./random.ts";

export interface DigestGateOptions {
  clock: Clock;
  random: Random;
  realm: string;
  user: string;
  password: string;
}

/** How long a nonce may be used, ms of the clock: the web server of these devices forgets it after ten minutes. */
const NONCE_MS = 600_000;

/** Digest access with MD5 and `qop=auth` (RFC 7616 §3.4): challenge, check of the answer, stale nonces. */
export class DigestGate {
  readonly #options: DigestGateOptions;
  #issued = new Map<string, number>();

  constructor(options: DigestGateOptions) {
    this.#options = options;
  }

  /** Null for a request that may pass, else the challenge that it is answered with. */
  challenge(request: WebRequest): WebReply | null {
    const { user, realm } = this.#options;
    const given = digestFields(request.headers["authorization"] ?? "");
    const nonce = given.get("nonce") ?? "";
    const isWhole =
      given.get("username") === user &&
      given.get("realm") === realm &&
      given.get("uri")?.split("?")[0] === request.path;
    if (!isWhole || given.get("response") !== this.#expected(request.method, given))
      return this.#refuse(false);
    const issuedMs = this.#issued.get(nonce);
    const isFresh = issuedMs !== undefined && this.#options.clock.nowMs() - issuedMs < NONCE_MS;
    return isFresh ? null : this.#refuse(true);
  }

  #expected(method: string, given: ReadonlyMap<string, string>): string {
    const { user, realm, password } = this.#options;
    const secret = md5(`${user}:${realm}:${password}`);
    const asked = md5(`${method}:${given.get("uri") ?? ""}`);
    const parts = ["nonce", "nc", "cnonce", "qop"].map((name) => given.get(name) ?? "");
    return md5([secret, ...parts, asked].join(":"));
  }

  #refuse(isStale: boolean): WebReply {
    const { clock, random, realm } = this.#options;
    const nowMs = clock.nowMs();
    this.#issued = new Map([...this.#issued].filter(([, issuedMs]) => nowMs - issuedMs < NONCE_MS));
    const nonce = md5(`${nowMs} ${random.next()}`);
    this.#issued.set(nonce, nowMs);
    const stale = isStale ? ", stale=true" : "";
    return {
      status: 401,
      type: "text/html",
      headers: { "www-authenticate": `Digest realm="${realm}", nonce="${nonce}", qop="auth"${stale}` },
      body: "<html><head><title>401 Unauthorized</title></head><body><h1>401 Unauthorized</h1></body></html>",
    };
  }
}

/** Names and values of `Digest name="value", name=value`; empty for another scheme. */
function digestFields(header: string): Map<string, string> {
  const [, fields] = /^Digest\s+(.*)$/i.exec(header) ?? [];
  const pairs = (fields ?? "").matchAll(/([a-z]+)=(?:"([^"]*)"|([^,\s]*))/gi);
  return new Map([...pairs].map(([, name, quoted, bare]) => [name ?? "", quoted ?? bare ?? ""]));
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
