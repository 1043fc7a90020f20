import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type SourceConfig, sourceSchema } from "#src/model/source-config.ts";
import type { SourceLinks } from "#src/model/source-link.ts";
import { createSourceLinks, type OpenSourceLinks } from "#src/net/source-links.ts";

/** An entry of `sources[]` with every default. */
export function sourceConfig(changes: Partial<SourceConfig>): SourceConfig {
  return sourceSchema.parse({ name: "main", role: "grid", kind: "http", ...changes });
}

/** Real links on real sockets, with the secrets given; close them. */
export function openLinks(
  secrets: Record<string, string> = {},
  monoMs: () => number = () => performance.now(),
): OpenSourceLinks {
  return createSourceLinks({
    clock: { nowMs: () => Date.now(), monoMs },
    secret: (ref) => secrets[ref ?? ""] ?? "",
  });
}

/** Links to a device whose every answer is `answer()`. */
export function linksTo(answer: () => unknown): SourceLinks {
  const http = async () => {
    const body = answer();
    return { status: 200, headers: {}, text: JSON.stringify(body), body };
  };
  return { clock: { nowMs: () => 0, monoMs: () => 0 }, http } as unknown as SourceLinks;
}

export interface WebDevice {
  /** `127.0.0.1:PORT`. */
  host: string;
  /** `METHOD path` of each request heard. */
  heard: string[];
  close(): Promise<void>;
}

/** A device on HTTP that answers by path with JSON (or text as it stands); anything else is 404. */
export async function startWebDevice(
  paths: Record<string, unknown>,
  gate: (request: IncomingMessage, response: ServerResponse) => boolean = () => true,
): Promise<WebDevice> {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(`${request.method} ${request.url}`);
    if (!gate(request, response)) return;
    const body = paths[request.url ?? "/"];
    response.writeHead(body === undefined ? 404 : 200);
    response.end(typeof body === "string" ? body : JSON.stringify(body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
