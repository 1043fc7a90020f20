import { connect } from "node:net";
import { HearthError } from "../model/errors.ts";
import { minerBadAnswer, minerCutAnswer, minerTimeout, minerUnreachable } from "../model/miner-errors.ts";
import type { FrameLink, FrameReply } from "../model/miner-link.ts";
import { field, toNumber, withoutTail } from "../model/parse.ts";
import { DeadlineError, withDeadline } from "./deadline.ts";
import type { LinkGround } from "./device-link.ts";
import { parseJson } from "./json.ts";
import { socketReason } from "./socket-reason.ts";

/** Bytes of the length in front of each frame, little endian (miners.md §11.2). */
const HEAD_BYTES = 4;

/**
 * Length-prefixed JSON on TCP: one connection per request, one request at a time.
 * Errors are `MINER_UNREACHABLE`, `MINER_TIMEOUT`, `MINER_CUT_ANSWER`, `MINER_BAD_ANSWER`.
 */
export function createFrameLink(ground: LinkGround): FrameLink {
  const exchange = (request: Readonly<Record<string, unknown>>, signal: AbortSignal) =>
    ground.queue(() => exchangeOnce(ground, request, signal), signal);
  return {
    ask: exchange,
    async tell(request, signal) {
      await ground.guard(signal);
      return exchange(request, signal);
    },
  };
}

/** A frame of these bytes of JSON. */
export function toFrame(json: string): Buffer {
  const body = Buffer.from(json, "utf8");
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}

/** The envelope of a v3 answer. Throws `MINER_BAD_ANSWER`. */
export function parseFrameReply(text: string, where: string): FrameReply {
  let body: unknown;
  try {
    body = parseJson(withoutTail(text));
  } catch {
    throw minerBadAnswer(where, "gave an answer that is not valid JSON", text);
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw minerBadAnswer(where, "gave an answer that cannot be read", text);
  }
  return {
    code: toNumber(field(body, "code")),
    msg: field(body, "msg") ?? null,
    when: toNumber(field(body, "when")),
  };
}

async function exchangeOnce(
  ground: LinkGround,
  request: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<FrameReply> {
  const { where, limits } = ground;
  const json = JSON.stringify(request);
  try {
    const text = await withDeadline(limits.totalMs, signal, async (stop) =>
      talk(ground, await ground.address(stop), toFrame(json), stop),
    );
    ground.onExchange({ protocol: "frames", request: json, status: null, text });
    return parseFrameReply(text, where);
  } catch (error) {
    if (error instanceof HearthError || signal.aborted) throw error;
    if (error instanceof DeadlineError) throw minerTimeout(where, error.totalMs);
    throw minerUnreachable(where, socketReason(error));
  }
}

/** The text of one answer. */
function talk(ground: LinkGround, address: string, request: Buffer, stop: AbortSignal): Promise<string> {
  const { where, limits } = ground;
  return new Promise<string>((resolve, reject) => {
    stop.throwIfAborted();
    const socket = connect({ host: address, port: ground.port, noDelay: true });
    let bytes: Buffer = Buffer.alloc(0);
    let isConnected = false;
    const settle = (finish: () => void) => {
      clearTimeout(connecting);
      stop.removeEventListener("abort", onStop);
      socket.destroy();
      finish();
    };
    const connecting = setTimeout(
      () => settle(() => reject(Object.assign(new Error("no connection"), { code: "ETIMEDOUT" }))),
      limits.connectMs,
    );
    const onStop = () => settle(() => reject(stop.reason));
    stop.addEventListener("abort", onStop, { once: true });
    socket.on("connect", () => {
      clearTimeout(connecting);
      isConnected = true;
      socket.write(request);
    });
    socket.on("data", (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length < HEAD_BYTES) return;
      const length = bytes.readUInt32LE();
      if (length > limits.maxBytes) {
        const start = bytes.toString("latin1");
        settle(() => reject(minerBadAnswer(where, "sent a frame that is no frame or too large", start)));
      } else if (bytes.length >= HEAD_BYTES + length) {
        const text = bytes.toString("utf8", HEAD_BYTES, HEAD_BYTES + length);
        settle(() => resolve(text));
      }
    });
    // A reset after the request may have come after the device took it.
    socket.on("error", (error) => settle(() => reject(isConnected ? minerCutAnswer(where) : error)));
    socket.on("close", () => settle(() => reject(minerCutAnswer(where))));
  });
}
