import { createHash } from "node:crypto";
import { createServer as createWeb, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecure } from "node:https";
import { type AddressInfo, createServer as createTcp, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { SourceConfig } from "#src/model/source-config.ts";
import type { OpenSourceLinks } from "#src/net/source-links.ts";
import { createSource, createSources } from "#src/sources/registry.ts";
import { selfSigned } from "./self-signed.ts";
import { openLinks, sourceConfig } from "./support.ts";

const signal = new AbortController().signal;

let server: Server | null = null;
let links: OpenSourceLinks;
let heard: IncomingMessage[] = [];
let mono = 0;

afterEach(async () => {
  await links.close();
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  server = null;
  heard = [];
});

async function listen(made: Server): Promise<string> {
  server = made;
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(made.address() as AddressInfo).port}`;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const serve = (answer: Answer) =>
  listen(
    createWeb((request, response) => {
      heard.push(request);
      answer(request, response);
    }),
  );

const seven: Answer = (_, response) => response.end('{"power":7}');

function source(
  url: string,
  http: Partial<NonNullable<SourceConfig["http"]>>,
  changes: Partial<SourceConfig> = {},
) {
  links = openLinks({ "file:s": "s3cret" }, () => mono);
  const block = http as NonNullable<SourceConfig["http"]>;
  return createSource(
    sourceConfig({ url, select: "power", secret_ref: "file:s", http: block, ...changes }),
    links,
  );
}

/** Digest access as devices have it (RFC 7616), in the hash that they name. */
function digestGate(algorithm: "MD5" | "SHA-256", password = "s3cret"): Answer {
  const hash = (text: string) =>
    createHash(algorithm === "MD5" ? "md5" : "sha256")
      .update(text)
      .digest("hex");
  return (request, response) => {
    const given = Object.fromEntries(
      [...(request.headers.authorization ?? "").matchAll(/(\w+)="?([^",]*)"?/g)].map(([, key, value]) => [
        key,
        value,
      ]),
    );
    const secret = hash(`admin:device-1:${password}`);
    const asked = hash(`${request.method}:${request.url}`);
    const expected = hash(`${secret}:n0nce:${given["nc"]}:${given["cnonce"]}:auth:${asked}`);
    if (given["nonce"] === "n0nce" && given["uri"] === request.url && given["response"] === expected) {
      response.end('{"power":7}');
      return;
    }
    const challenge = `Digest qop="auth", realm="device-1", nonce="n0nce", algorithm=${algorithm}`;
    response.writeHead(401, { "www-authenticate": challenge }).end();
  };
}

describe("a login", () => {
  it.each(["MD5", "SHA-256"] as const)("by digest with %s is done once, and kept", async (algorithm) => {
    const host = await serve(digestGate(algorithm));
    const one = source(
      `http://${host}/rpc/EM.GetStatus?id=0`,
      { auth: "digest", user: "admin" },
      { every_s: 1 },
    );

    await expect(one.read(signal)).resolves.toEqual({ value: 7, reason: null });
    mono += 1000;
    await expect(one.read(signal)).resolves.toEqual({ value: 7, reason: null });
    expect(heard).toHaveLength(3);
  });

  it.each([
    ["basic", "user", `Basic ${Buffer.from("user:s3cret").toString("base64")}`],
    ["bearer", null, "Bearer s3cret"],
  ] as const)("by %s goes in its header", async (auth, user, expected) => {
    const host = await serve(seven);
    await source(`http://${host}/`, { auth, user }).read(signal);

    expect(heard[0]?.headers.authorization).toBe(expected);
  });

  it("may stand in the address, escaped, and in no error", async () => {
    const host = await serve((_, response) => response.writeHead(500).end());
    const one = source(`http://${host}/cm?user=admin&password={secret}`, {});
    const failed = await one.read(signal).catch((error: unknown) => error);

    expect(heard[0]?.url).toBe("/cm?user=admin&password=s3cret");
    expect(failed).toMatchObject({ code: "SOURCE_REFUSED" });
    expect(JSON.stringify(failed, Object.getOwnPropertyNames(failed))).not.toContain("s3cret");
  });

  it("that is refused is an error of access, and is not sent again at once", async () => {
    const host = await serve(digestGate("SHA-256", "another"));
    const one = source(`http://${host}/`, { auth: "digest", user: "admin" });

    for (const _ of [1, 2, 3])
      await expect(one.read(signal)).rejects.toMatchObject({ code: "SOURCE_ACCESS", exit: 5 });
    expect(heard).toHaveLength(2);
  });
});

describe("a request", () => {
  it("is sent as the source wants it", async () => {
    const host = await serve(seven);
    const http = { method: "POST" as const, headers: { "content-type": "text/xml" }, body: "<Command/>" };
    await source(`http://${host}/cgi-bin/post_manager`, http).read(signal);

    expect(heard[0]).toMatchObject({ method: "POST", url: "/cgi-bin/post_manager" });
    expect(heard[0]?.headers["content-type"]).toBe("text/xml");
  });

  it("asks who answers by a plain read, whatever the question itself is", async () => {
    const host = await serve((request, response) =>
      response.end(JSON.stringify(request.url === "/id" ? { serial: "A1" } : { power: 7 })),
    );
    const identity = { url: `http://${host}/id`, select: "serial", expected: "a1" };
    const http = { method: "POST" as const, body: "x" };

    await expect(source(`http://${host}/q`, http, { identity }).read(signal)).resolves.toMatchObject({
      value: 7,
    });
    expect(heard.map(({ method, url }) => `${method} ${url}`)).toEqual(["GET /id", "POST /q"]);
  });

  it("is one for all sources that ask the same at the same moment", async () => {
    const host = await serve(seven);
    links = openLinks();
    const both = ["a", "b"].map((name) => sourceConfig({ name, url: `http://${host}/`, select: "power" }));
    const samples = await Promise.all(createSources(both, links).map((one) => one.read(signal)));

    expect(samples.map(({ value }) => value)).toEqual([7, 7]);
    expect(heard).toHaveLength(1);
  });

  it("may be several in one round, joined by the path", async () => {
    const host = await serve((request, response) => {
      const answers: Record<string, unknown> = {
        "/readings": [
          { eid: 2, activePower: 9 },
          { eid: 1, activePower: -830 },
        ],
        "/meters": [{ eid: 1, measurementType: "net-consumption" }],
      };
      response.end(JSON.stringify(answers[request.url ?? ""]));
    });
    const select =
      "let $eid = meters[?measurementType == 'net-consumption'] | [0].eid in main[?eid == $eid] | [0].activePower";
    const one = source(`http://${host}/readings`, { also: { meters: `http://${host}/meters` } }, { select });

    await expect(one.read(signal)).resolves.toEqual({ value: -830, reason: null });
  });

  it("of text takes the number that the regex finds", async () => {
    const host = await serve((_, response) => response.end("<Value>-1.732 kW</Value>"));
    const one = source(
      `http://${host}/`,
      {},
      { select: null, regex: "<Value>([-\\d.]+)( kW)?</Value>", unit: "kW" },
    );

    await expect(one.read(signal)).resolves.toEqual({ value: -1732, reason: null });
  });

  it.each([
    ["404", (_: unknown, r: ServerResponse) => r.writeHead(404).end(), "SOURCE_REFUSED", 3],
    [
      "a redirect",
      (_: unknown, r: ServerResponse) => r.writeHead(302, { location: "http://192.0.2.1/" }).end(),
      "SOURCE_REFUSED",
      3,
    ],
    ["a login page", (_: unknown, r: ServerResponse) => r.end("<html>Login</html>"), "SOURCE_BROKEN", 3],
    [
      "two megabytes",
      (_: unknown, r: ServerResponse) => r.end(`{"power":7,"x":"${"x".repeat(2_000_000)}"}`),
      "HTTP_TOO_LARGE",
      3,
    ],
    [
      "half an answer",
      (_: unknown, r: ServerResponse) => {
        r.writeHead(200, { "content-length": "99" });
        r.write("{");
        r.socket?.destroySoon();
      },
      "HTTP_UNREACHABLE",
      3,
    ],
    ["nothing", () => undefined, "HTTP_TIMEOUT", 3],
  ] as [string, Answer, string, number][])(
    "that is answered with %s is a miss",
    async (_, answer, code, exit) => {
      const host = await serve(answer);
      const one = source(`http://${host}/`, {}, { timeout_s: code === "HTTP_TIMEOUT" ? 0.3 : 10 });

      await expect(one.read(signal)).rejects.toMatchObject({ code, exit });
      (server as unknown as { closeAllConnections(): void }).closeAllConnections();
    },
  );

  it("never leaves the home network unless a person said so", async () => {
    const one = source("http://8.8.8.8/", {});

    await expect(one.read(signal)).rejects.toMatchObject({ code: "SOURCE_ADDRESS_REFUSED", exit: 4 });
  });
});

describe("a certificate", () => {
  const own = selfSigned();
  const https = () =>
    listen(
      createSecure({ key: own.key, cert: own.cert }, (request, response) => {
        heard.push(request);
        response.end('{"power":7}');
      }),
    );

  it.each([
    ["pinned by its fingerprint", { tls: "fingerprint" as const, fingerprint: own.fingerprint }],
    ["told not to matter", { tls: "insecure" as const }],
  ])("%s is taken", async (_, tls) => {
    const host = await https();

    await expect(source(`https://${host}/`, tls).read(signal)).resolves.toEqual({ value: 7, reason: null });
  });

  it.each([
    ["signed by nobody", {}],
    ["that is not the pinned one", { tls: "fingerprint" as const, fingerprint: "ab".repeat(32) }],
    ["pinned without a fingerprint", { tls: "fingerprint" as const }],
  ])("%s is refused before the secret is sent, with its fingerprint", async (_, tls) => {
    const host = await https();

    await expect(source(`https://${host}/`, { auth: "bearer", ...tls }).read(signal)).rejects.toMatchObject({
      ...{ code: "SOURCE_CERTIFICATE", exit: 5 },
      hint: expect.stringContaining(own.fingerprint.slice(0, 2).toUpperCase()),
    });
    expect(heard).toEqual([]);
  });

  it("is not asked of something that speaks no TLS", async () => {
    const host = await listen(
      createTcp((socket) =>
        socket
          .on("error", () => undefined)
          .resume()
          .end("SSH-2.0\r\n"),
      ),
    );

    await expect(source(`https://${host}/`, {}).read(signal)).rejects.toMatchObject({
      code: "SOURCE_UNREACHABLE",
      exit: 3,
    });
  });
});
