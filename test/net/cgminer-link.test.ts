import { describe, expect, it } from "vitest";
import { createDeviceLink, type LinkLimits } from "#src/net/device-link.ts";
import { startAnswering, startTcp } from "./tcp-server.ts";

const OK =
  '{"STATUS":[{"STATUS":"S","When":1763700012,"Code":22,"Msg":"v"}],"VERSION":[{"PROD":"Avalon Q"}],"id":1}';
const never = new AbortController().signal;
const guard = async () => undefined;
const open = (port: number, limits: Partial<LinkLimits> = {}) =>
  createDeviceLink("127.0.0.1", port, { ...limits, guard }).cgminer;
const quick = { connectMs: 300, totalMs: 400, quietMs: 40 };

describe("an answer that comes", () => {
  it("is taken at once when it ends in NUL, also when the peer stays open", async () => {
    await using server = await startTcp((socket) => void socket.write(`${OK}\0`));
    const started = performance.now();

    const reply = await open(server.port).ask({ command: "version" }, never);

    expect(reply).toMatchObject({ status: "S", code: 22 });
    expect(performance.now() - started).toBeLessThan(250);
  });

  it("is put together from several pieces", async () => {
    await using server = await startTcp((socket) => {
      let at = 0;
      const next = () => {
        socket.write(OK.slice(at, at + 23));
        at += 23;
        if (at < OK.length) setImmediate(next);
        else socket.end("\0");
      };
      next();
    });

    const reply = await open(server.port, quick).ask({ command: "version" }, never);

    expect(reply.isPartial).toBe(false);
    expect(reply.sections["VERSION"]).toEqual([{ PROD: "Avalon Q" }]);
  });

  it("without an end mark is taken after a short silence", async () => {
    await using server = await startTcp((socket) => void socket.write(OK));

    await expect(open(server.port, quick).ask({ command: "version" }, never)).resolves.toMatchObject({
      status: "S",
    });
  });

  it("may be the second of two objects with a pause between", async () => {
    await using server = await startTcp((socket) => {
      socket.write(`{${OK.slice(1, -1)}}`);
      setTimeout(() => socket.write('{"EXTRA":[1]}'), 15);
    });

    const reply = await open(server.port, quick).ask({ command: "version" }, never);

    expect(reply.sections).toMatchObject({ EXTRA: [1] });
  });

  it("may be none at all: closed or reset without a word", async () => {
    await using closing = await startTcp((socket) => socket.end());
    await using resetting = await startTcp((socket) => socket.resetAndDestroy());

    for (const { port } of [closing, resetting]) {
      const reply = await open(port, quick).ask({ command: "x" }, never);
      expect(reply.status).toBe("NO_REPLY");
    }
  });

  it("is asked for in the form of the dialect", async () => {
    const asked: string[] = [];
    await using server = await startTcp((socket, request) => {
      asked.push(request);
      socket.end(`${OK}\0`);
    });
    const link = open(server.port);

    await link.ask({ command: "summary" }, never);
    await link.tell({ command: "ascset", parameter: "0,workmode,set,1" }, never);
    await link.tell("ascset|0,softoff,1:5", never);

    expect(asked).toEqual([
      '{"command":"summary"}',
      '{"command":"ascset","parameter":"0,workmode,set,1"}',
      "ascset|0,softoff,1:5",
    ]);
  });
});

describe("a sick peer", () => {
  it.each([
    ["hangs after accepting", () => undefined],
    ["drips a byte at a time", drip],
  ] as [string, (socket: import("node:net").Socket) => void][])(
    "that %s ends at the total limit",
    async (_, behave) => {
      await using server = await startTcp(behave);
      const started = performance.now();

      await expect(open(server.port, quick).ask({ command: "version" }, never)).rejects.toMatchObject({
        code: "MINER_TIMEOUT",
        exit: 3,
      });
      expect(performance.now() - started).toBeLessThan(900);
    },
  );

  it("that cuts its answer gives a partial one", async () => {
    await using server = await startAnswering(`${OK.slice(0, -20)}`);

    const reply = await open(server.port, quick).ask({ command: "version" }, never);

    expect(reply.isPartial).toBe(true);
  });

  it("that sends a megabyte of blanks before its end does not hold up the program", async () => {
    const blanks = `{"STATUS":"S","Msg":"${" ".repeat(300_000)}x"}\0`;
    await using server = await startAnswering(blanks);
    const started = performance.now();

    await open(server.port).ask({ command: "v" }, never);

    expect(performance.now() - started).toBeLessThan(2000);
  });

  it("that never ends is cut at the cap", async () => {
    await using server = await startTcp((socket) => {
      const pump = () => {
        while (!socket.destroyed && socket.write("x".repeat(65_536)));
      };
      socket.on("drain", pump);
      pump();
    });

    await expect(open(server.port).ask({ command: "v" }, never)).rejects.toMatchObject({
      code: "MINER_BAD_ANSWER",
      message: expect.stringContaining("1048576 bytes"),
    });
  });

  it("that is not there is unreachable", async () => {
    let port = 0;
    {
      await using gone = await startTcp(() => undefined);
      port = gone.port;
    }

    await expect(open(port).ask({ command: "v" }, never)).rejects.toMatchObject({
      code: "MINER_UNREACHABLE",
      message: expect.stringContaining("connection refused"),
    });
  });

  it("that speaks HTTP is no miner", async () => {
    await using server = await startAnswering("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");

    await expect(open(server.port).ask({ command: "v" }, never)).rejects.toMatchObject({
      code: "MINER_BAD_ANSWER",
    });
  });
});

describe("the queue of a device", () => {
  it("lets go at once of who is called off behind a request that hangs", async () => {
    await using server = await startTcp(() => undefined);
    const link = open(server.port, { totalMs: 3000 });
    const hanging = link.ask({ command: "a" }, AbortSignal.timeout(900)).catch(() => undefined);
    const callOff = new AbortController();
    const waiting = link.ask({ command: "b" }, callOff.signal);
    const started = performance.now();
    callOff.abort(new Error("called off"));

    await expect(waiting).rejects.toThrow("called off");
    expect(performance.now() - started).toBeLessThan(300);
    await hanging;
    expect(server.connections).toBe(1);
  });

  it("sends one request at a time, goes on after a failure and drops what was called off", async () => {
    let count = 0;
    let answering = 0;
    let mostAnswering = 0;
    await using server = await startTcp((socket) => {
      mostAnswering = Math.max(mostAnswering, ++answering);
      setTimeout(() => {
        answering--;
        socket.end(count++ === 0 ? "garbage" : `${OK}\0`);
      }, 10);
    });
    const link = open(server.port);
    const callOff = new AbortController();

    const calls = [
      link.ask({ command: "a" }, never),
      link.ask({ command: "b" }, never),
      link.ask({ command: "c" }, callOff.signal),
      link.ask({ command: "d" }, never),
    ];
    callOff.abort(new Error("called off"));
    const results = await Promise.allSettled(calls);

    expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected", "fulfilled"]);
    expect(server.connections).toBe(3);
    expect(mostAnswering).toBe(1);
  });

  it("ends at once when the caller calls off an exchange under way", async () => {
    const callOff = new AbortController();
    await using server = await startTcp(() => callOff.abort(new Error("called off")));

    await expect(open(server.port).ask({ command: "a" }, callOff.signal)).rejects.toThrow("called off");
  });
});

function drip(socket: import("node:net").Socket): void {
  let at = 0;
  const timer = setInterval(() => socket.write(OK[at++] ?? " "), 5);
  socket.on("close", () => clearInterval(timer));
}
