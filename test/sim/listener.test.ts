import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, it } from "vitest";
import { type Listening, listenOn } from "#src/sim/listener.ts";

/** A listener that does something with its first connection at once, and the peer of that connection. */
async function connected(onSocket: (socket: Socket, listening: Listening) => void) {
  const server = createServer();
  const listening = await listenOn(server, "127.0.0.1", 0);
  const accepted = once(server, "connection");
  server.on("connection", (socket: Socket) => onSocket(socket, listening));
  const client = connect(listening.port, "127.0.0.1").on("error", () => undefined);
  await accepted;
  return { client, listening };
}

// Only the event tells that the handle is gone: `closed` is true before that.
it.each([
  ["is idle", () => undefined],
  ["has just been given its last answer", (socket: Socket) => void socket.end("bye")],
  ["has been given half an answer", (socket: Socket) => void socket.write("half")],
])(
  "a connection that %s is dropped for good",
  async (_, before) => {
    const gone = Promise.withResolvers<void>();
    const { client } = await connected((socket, listening) => {
      socket.once("close", () => gone.resolve());
      before(socket);
      listening.dropAll();
      void listening.close();
    });

    await gone.promise;
    client.destroy();
  },
  5_000,
);

it("a drop looks like a loss of power to the peer", async () => {
  const { client, listening } = await connected((socket) => void socket.write("half"));
  const lost = Promise.withResolvers<NodeJS.ErrnoException>();
  client.once("error", (error) => lost.resolve(error));
  client.once("data", () => listening.dropAll());

  expect((await lost.promise).code).toBe("ECONNRESET");
  await listening.close();
}, 5_000);
