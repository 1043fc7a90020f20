import { type AddressInfo, createServer, type Socket } from "node:net";

export interface TestServer extends AsyncDisposable {
  port: number;
  /** Connections taken so far. */
  readonly connections: number;
}

/** A server on 127.0.0.1 that hands each first chunk of a connection to `onRequest`. */
export async function startTcp(onRequest: (socket: Socket, request: string) => void): Promise<TestServer> {
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    open.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => open.delete(socket));
    socket.once("data", (chunk) => onRequest(socket, chunk.toString("utf8")));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A server that answers every request with these bytes and closes. */
export const startAnswering = (bytes: string | Uint8Array) => startTcp((socket) => socket.end(bytes));
