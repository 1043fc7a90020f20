import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { accessError, HearthError, refusedError, unreachableError } from "../model/errors.ts";
import type { TlsAccess } from "../model/source-link.ts";
import { withDeadline } from "./deadline.ts";
import { resolveDevice } from "./device-address.ts";
import { formatHostPort } from "./host-port.ts";
import { socketReason } from "./socket-reason.ts";

export interface SocketTarget {
  host: string;
  port: number;
  /** Null: without TLS. */
  tls: TlsAccess | null;
  allowPublic: boolean;
  /** Limit of the connection with its handshake, real time, ms. */
  connectMs: number;
}

/**
 * A connection to a source's device that stands, its certificate judged before anything is sent. Throws
 * `SOURCE_UNREACHABLE` (3), `SOURCE_ADDRESS_REFUSED` (4: not in a home network), `SOURCE_CERTIFICATE` (5).
 */
export async function openSocket(target: SocketTarget, signal?: AbortSignal): Promise<Socket> {
  const where = formatHostPort(target.host, target.port);
  const address = await addressFor(target, where, signal);
  try {
    return await withDeadline(target.connectMs, signal, (both) => connected(target, address, where, both));
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof HearthError) throw error;
    throw unreachableError("SOURCE_UNREACHABLE", `No connection to ${where} (${socketReason(error)}).`, {
      hint: "Check the address and that the device is switched on; some allow one connection at a time",
      mayRetry: true,
    });
  }
}

async function addressFor({ host, allowPublic }: SocketTarget, where: string, signal?: AbortSignal) {
  try {
    return await resolveDevice(host, { allowPublic, ...(signal ? { signal } : {}) });
  } catch (error) {
    if (!(error instanceof HearthError)) throw error;
    if (error.code === "MINER_UNREACHABLE") {
      throw unreachableError("SOURCE_UNREACHABLE", `No connection to ${where} (the name is not known).`, {
        hint: "Use its address instead",
        mayRetry: true,
      });
    }
    throw refusedError("SOURCE_ADDRESS_REFUSED", `${host} is not in a home network.`, {
      left: "Nothing was sent",
      hint: "allow_public in the source's configuration, if it really lies outside",
    });
  }
}

function connected(
  target: SocketTarget,
  address: string,
  where: string,
  signal: AbortSignal,
): Promise<Socket> {
  const { port, host, tls } = target;
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = tls
    ? connectTls({
        host: address,
        port,
        // Judged below, where the fingerprint can be named; nothing is written before.
        rejectUnauthorized: false,
        ...(isIP(host) ? {} : { servername: host }),
      })
    : connectPlain({ host: address, port });
  const onAbort = () => {
    socket.destroy();
    reject(signal.reason);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  socket.once("error", reject);
  socket.once("close", () => reject(new Error("closed")));
  socket.once(tls ? "secureConnect" : "connect", () => {
    signal.removeEventListener("abort", onAbort);
    const problem = tls ? certificateProblem(socket as TLSSocket, tls, where) : null;
    if (problem === null) return resolve(socket);
    socket.destroy();
    reject(problem);
  });
  return promise;
}

function certificateProblem(socket: TLSSocket, access: TlsAccess, where: string): HearthError | null {
  const shown = socket.getPeerCertificate().fingerprint256 ?? "";
  if (access.tls === "insecure" || (access.tls === "verify" && socket.authorized)) return null;
  if (access.tls === "fingerprint" && access.fingerprint !== null && hex(shown) === hex(access.fingerprint)) {
    return null;
  }
  const what =
    access.tls === "verify" ? "is not signed by anybody known" : "is not the one that was agreed on";
  return accessError("SOURCE_CERTIFICATE", `The certificate of ${where} ${what}.`, {
    left: "Nothing was sent",
    hint: `compare its SHA-256 with the device's page, then set tls to fingerprint and fingerprint to ${shown}`,
  });
}

function hex(text: string): string {
  return text.toLowerCase().replaceAll(/[^0-9a-f]/g, "");
}
