import { createServer } from "node:http";
import { type Listening, listenOn } from "./listener.ts";

/** Small HTTP device that answers `GET` on some paths with JSON of the moment, and is at times off the air. */
export interface JsonDevice {
  url: string;
  close(): Promise<void>;
}

/**
 * Serves `paths` on a free port of 127.0.0.1. While `isSilent` each connection is reset at once, as by a device
 * that restarts: no value, old or new, leaves it.
 */
export async function startJsonDevice(
  paths: Record<string, () => unknown>,
  isSilent: () => boolean = () => false,
): Promise<JsonDevice> {
  const server = createServer((request, response) => {
    if (isSilent()) {
      response.socket?.resetAndDestroy();
      return;
    }
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const body = request.method === "GET" && Object.hasOwn(paths, path) ? paths[path] : undefined;
    const text = JSON.stringify(body === undefined ? { error: "not found" } : body());
    response.writeHead(body === undefined ? 404 : 200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    });
    response.end(text);
  });
  server.on("connection", (socket) => {
    if (isSilent()) socket.resetAndDestroy();
  });
  const listening: Listening = await listenOn(server, "127.0.0.1", 0);
  return { url: `http://127.0.0.1:${listening.port}`, close: () => listening.close() };
}
