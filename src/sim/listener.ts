import type { AddressInfo, Server, Socket } from "node:net";
import { unreachableError } from "../model/errors.ts";

/** A listening server whose sockets are known, so that it can drop them and end at once. */
export interface Listening {
  readonly port: number;
  /** Resets every open connection, as a device that loses power. */
  dropAll(): void;
  /** Drops all and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts to listen. Port 0 takes a free one.
 * Throws `PORT_TAKEN` (exit 3) when the address cannot be had.
 */
export async function listenOn(server: Server, host: string, port: number): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    // A peer that vanishes is daily business for a device.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(portTaken(host, port, cause)));
    server.listen(port, host, resolve);
  });
  const dropAll = () => {
    for (const socket of sockets) drop(socket);
  };
  return {
    port: (server.address() as AddressInfo).port,
    dropAll,
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      dropAll();
      return closed;
    },
  };
}

/**
 * A reset is refused while the last bytes are on their way out, and Node then keeps the handle open for ever and its
 * exit waits for it (seen with Node 24.21).
 */
function drop(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

function portTaken(host: string, port: number, cause: Error) {
  return unreachableError("PORT_TAKEN", `Cannot listen on ${host}:${port}: ${cause.message}`, {
    hint: "take another port, or 0 for any free one",
    cause,
  });
}
