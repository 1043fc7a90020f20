import { request } from "node:http";
import type { HearthPaths } from "../config/paths.ts";
import { accessError, type ExitCode, HearthError, unreachableError } from "../model/errors.ts";

/** Answer of the running loop: the same document as the command's `--json`. */
export interface LoopDocument {
  ok: boolean;
  data: unknown;
  error?: { code: string; message: string; hint?: string | null };
}

const TIMEOUT_MS = 5000;

/**
 * Asks the loop that runs for this home. Null when none runs. Throws `LOOP_SILENT` (3) when something holds the
 * socket and does not answer, and the loop's own refusals with their exit code (interfaces.md §4).
 */
export async function askLoop(
  paths: HearthPaths,
  path: string,
  post: unknown = undefined,
): Promise<LoopDocument | null> {
  const answer = await exchange(paths.socket, path, post);
  if (answer === null) return null;
  const document = parse(answer.text);
  if (answer.status < 400) return document;
  const { code = "LOOP_REFUSED", message = "The loop refused", hint = null } = document.error ?? {};
  throw new HearthError(exitOf(answer.status), code, message, { hint: hint ?? "hearth status" });
}

/** The NDJSON stream of the running loop, line by line; ends when the loop ends or the signal aborts. */
export async function* followLoop(paths: HearthPaths, signal: AbortSignal): AsyncGenerator<string> {
  const response = await new Promise<import("node:http").IncomingMessage | null>((resolve, reject) => {
    const call = request({ socketPath: paths.socket, path: "/v1/stream", signal }, resolve);
    call.on("error", (error: NodeJS.ErrnoException) => (isAbsent(error) ? resolve(null) : reject(error)));
    call.end();
  });
  if (!response) return;
  try {
    yield* linesOf(response);
  } catch {
    // The loop ended, or the reader left: both are the end of the stream.
  }
}

async function* linesOf(response: AsyncIterable<unknown>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of response) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

function exchange(
  socketPath: string,
  path: string,
  post: unknown,
): Promise<{ status: number; text: string } | null> {
  return new Promise((resolve, reject) => {
    const body = post === undefined ? null : JSON.stringify(post);
    const call = request({
      socketPath,
      path,
      method: body === null ? "GET" : "POST",
      headers:
        body === null
          ? {}
          : { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
      timeout: TIMEOUT_MS,
    });
    call.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 500, text }));
      response.on("error", reject);
    });
    call.on("timeout", () => call.destroy(silent(socketPath)));
    call.on("error", (error: NodeJS.ErrnoException) =>
      isAbsent(error) ? resolve(null) : reject(socketError(socketPath, error)),
    );
    call.end(body);
  });
}

function parse(text: string): LoopDocument {
  try {
    return JSON.parse(text) as LoopDocument;
  } catch {
    throw unreachableError("LOOP_BAD_ANSWER", "The running loop answered something that is no document", {
      hint: "stop the loop and start it again: it may be of another version",
    });
  }
}

function silent(socketPath: string): HearthError {
  return unreachableError(
    "LOOP_SILENT",
    `The running loop did not answer on ${socketPath} within ${TIMEOUT_MS / 1000} s`,
    {
      hint: "hearth status again; if it stays silent, stop and start the loop",
    },
  );
}

function socketError(socketPath: string, error: NodeJS.ErrnoException): Error {
  if (error instanceof HearthError) return error;
  return accessError(
    "LOOP_ACCESS",
    `The loop's socket ${socketPath} cannot be used (${error.code ?? "unknown"})`,
    {
      hint: "check HEARTH_HOME and whose folder it is",
    },
  );
}

function isAbsent(error: NodeJS.ErrnoException): boolean {
  return ["ENOENT", "ECONNREFUSED", "ENOTSOCK", "ECONNRESET"].includes(error.code ?? "");
}

function exitOf(status: number): ExitCode {
  if (status === 400) return 2;
  if (status === 401 || status === 403) return 5;
  if (status === 409) return 4;
  if (status === 404) return 2;
  if (status === 503) return 3;
  return 1;
}
