import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { createDeviceLink } from "#src/net/device-link.ts";
import { startTcp } from "./tcp-server.ts";

const never = new AbortController().signal;
const guard = async () => undefined;

async function startHttp(handle: (request: IncomingMessage, response: ServerResponse, body: string) => void) {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    handle(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    link: (totalMs = 2000) => createDeviceLink("127.0.0.1", port, { totalMs, guard }).http,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("a read", () => {
  it("sends no Origin and keeps no connection", async () => {
    const seen: IncomingMessage["headers"][] = [];
    await using server = await startHttp((request, response) => {
      seen.push(request.headers);
      response.end('{"a":1}');
    });

    await expect(server.link().get("/api/system/info", never)).resolves.toEqual({ a: 1 });
    expect(seen[0]).toMatchObject({ connection: "close", accept: "application/json" });
    expect(seen[0]).not.toHaveProperty("origin");
  });

  it.each([
    ["a login page", 200, '<html><input type="password"></html>', "MINER_AUTH_REQUIRED"],
    ["another page", 200, "<html>Hello</html>", "MINER_BAD_ANSWER"],
    ["a page without its mining process", 200, "Socket connect failed: x\n", "MINER_BACKEND_DOWN"],
    ["status 401", 401, "Unauthorized", "MINER_AUTH_REQUIRED"],
    ["status 404", 404, '{"error":"unknown route"}', "MINER_NO_ROUTE"],
    ["a redirect", 302, "", "MINER_BAD_ANSWER"],
    ["status 500", 500, "oops", "MINER_BAD_ANSWER"],
    ["half of an answer", 200, '{"power":17', "MINER_BAD_ANSWER"],
    ["nothing", 200, "", "MINER_BAD_ANSWER"],
    ["deep nesting", 200, "[".repeat(50) + "]".repeat(50), "MINER_BAD_ANSWER"],
    ["a huge answer", 200, `"${"x".repeat(1_100_000)}"`, "MINER_BAD_ANSWER"],
  ])("that gets %s fails with a word for it", async (_, status, body, code) => {
    await using server = await startHttp((_request, response) => {
      response.writeHead(status, { location: "http://192.0.2.1/" });
      response.end(body);
    });

    await expect(server.link().get("/x", never)).rejects.toMatchObject({ code });
  });

  it("ends at the total limit when the peer hangs, drips or sends headers for ever", async () => {
    const behaviours: ((socket: import("node:net").Socket) => void)[] = [
      () => undefined,
      (socket) => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{");
        const timer = setInterval(() => socket.write(" "), 5);
        socket.on("close", () => clearInterval(timer));
      },
      (socket) => {
        socket.write("HTTP/1.1 200 OK\r\n");
        const timer = setInterval(() => socket.write(`x-${"a".repeat(500)}: 1\r\n`), 1);
        socket.on("close", () => clearInterval(timer));
      },
    ];
    for (const behave of behaviours) {
      await using server = await startTcp(behave);
      const started = performance.now();

      await expect(
        createDeviceLink("127.0.0.1", server.port, { totalMs: 250 }).http.get("/x", never),
      ).rejects.toMatchObject({ code: expect.stringMatching(/^MINER_(TIMEOUT|BAD_ANSWER)$/) });
      expect(performance.now() - started).toBeLessThan(800);
    }
  });
});

describe("a write", () => {
  it("takes an empty body, JSON and plain words as done", async () => {
    const answers = ["", '{"message":"ok"}', "done"];
    await using server = await startHttp((_request, response) => response.end(answers.shift()));
    const link = server.link();

    await expect(link.send("PATCH", "/api/system", { frequency: 490 }, never)).resolves.toBeNull();
    await expect(link.send("POST", "/x", {}, never)).resolves.toEqual({ message: "ok" });
    await expect(link.send("POST", "/x", {}, never)).resolves.toBeNull();
  });

  it("hands the device's no on, with its words and without passwords", async () => {
    await using server = await startHttp((_request, response) => {
      response.writeHead(400);
      response.end('Wrong API input {"stratumPassword":"hunter2"}');
    });

    const sent = server.link().send("PATCH", "/api/system", {}, never);

    await expect(sent).rejects.toMatchObject({
      code: "MINER_REFUSED",
      message: expect.stringMatching(/Wrong API input(?!.*hunter2)/),
    });
  });
});

describe("a device that wants a digest", () => {
  const CHALLENGE = 'Digest realm="antMiner Configuration", nonce="8f0b6c", qop="auth"';
  /** Lets root in with the password "root", as RFC 7616 has it; counts what came with and without proof. */
  const startLocked = async (challenge = CHALLENGE) => {
    const seen = { bare: 0, proved: 0, writes: [] as string[] };
    const md5 = (text: string) => createHash("md5").update(text).digest("hex");
    const server = await startHttp((request, response, body) => {
      const proof = request.headers.authorization ?? "";
      const part = (name: string) => new RegExp(`${name}="?([^",]+)`).exec(proof)?.[1] ?? "";
      seen[proof === "" ? "bare" : "proved"] += 1;
      const secret = md5("root:antMiner Configuration:root");
      const asked = md5(`${request.method}:${request.url}`);
      const wanted = md5(`${secret}:${part("nonce")}:${part("nc")}:${part("cnonce")}:auth:${asked}`);
      if (part("response") !== wanted) {
        response.writeHead(401, { "www-authenticate": challenge });
        return response.end();
      }
      if (request.method === "POST") seen.writes.push(body);
      return response.end('{"a":1}');
    });
    return { server, seen };
  };
  const root = { digest: { user: "root", password: "root", isFactory: true } };

  it("gets the proof and then answers", async () => {
    const { server, seen } = await startLocked();
    await using _ = server;

    await expect(server.link().get("/cgi-bin/summary.cgi", never, root)).resolves.toEqual({ a: 1 });
    expect(seen).toMatchObject({ bare: 1, proved: 1 });
  });

  it("carries a write out once, and only past the guard", async () => {
    const { server, seen } = await startLocked();
    await using _ = server;
    const link = server.link();

    await link.send("POST", "/cgi-bin/set_miner_conf.cgi", { pools: [] }, never, root);
    await link.send("POST", "/cgi-bin/set_miner_conf.cgi", { pools: [1] }, never, root);

    expect(seen.writes).toEqual(['{"pools":[]}', '{"pools":[1]}']);
  });

  it("is given a wrong password once, and then left alone for a while", async () => {
    const { server, seen } = await startLocked();
    await using _ = server;
    const link = server.link();
    const wrong = { digest: { user: "root", password: "hunter2", isFactory: false } };

    for (let turn = 0; turn < 3; turn++) {
      await expect(link.get("/cgi-bin/summary.cgi", never, wrong)).rejects.toMatchObject({
        code: "MINER_PASSWORD_WRONG",
        exit: 5,
        message: expect.not.stringContaining("hunter2"),
      });
    }
    expect(seen.proved).toBe(1);
  });

  it("that asks for the password itself is not given it", async () => {
    const { server, seen } = await startLocked('Basic realm="x"');
    await using _ = server;

    await expect(server.link().get("/", never, root)).rejects.toMatchObject({ code: "MINER_AUTH_REQUIRED" });
    expect(seen.proved).toBe(0);
  });
});
