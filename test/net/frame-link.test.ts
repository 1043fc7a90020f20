import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createDeviceLink } from "#src/net/device-link.ts";
import { parseFrameReply, toFrame } from "#src/net/frame-link.ts";
import { startTcp } from "./tcp-server.ts";

const never = new AbortController().signal;
const DONE = '{"code":0,"when":1763705570,"msg":"ok"}';
const linkTo = (port: number, guard: () => Promise<void> = async () => undefined) =>
  createDeviceLink("127.0.0.1", port, { totalMs: 300, ports: { frames: port }, guard }).frames;

describe("a frame", () => {
  it("goes out with its length in front and comes back in any pieces", async () => {
    let asked = "";
    await using server = await startTcp((socket, request) => {
      asked = request.slice(4);
      const frame = toFrame(DONE);
      for (const byte of frame) socket.write(Buffer.from([byte]));
    });

    const reply = await linkTo(server.port).ask({ cmd: "get.device.info", param: null }, never);

    expect(reply).toEqual({ code: 0, msg: "ok", when: 1763705570 });
    expect(JSON.parse(asked)).toEqual({ cmd: "get.device.info", param: null });
  });

  it("has the length of its bytes, not of its characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const frame = toFrame(text);
        expect(frame.readUInt32LE()).toBe(frame.length - 4);
      }),
    );
  });

  it.each([
    ["a length beyond the cap", Buffer.from([0xff, 0xff, 0xff, 0x7f, 1]), "MINER_BAD_ANSWER"],
    ["an HTTP answer", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), "MINER_BAD_ANSWER"],
    ["no JSON", toFrame("ok"), "MINER_BAD_ANSWER"],
    ["a list", toFrame("[1]"), "MINER_BAD_ANSWER"],
    ["a frame that is cut off", toFrame(DONE).subarray(0, 12), "MINER_CUT_ANSWER"],
    ["half a length", Buffer.from([1, 0]), "MINER_CUT_ANSWER"],
    ["nothing", Buffer.alloc(0), "MINER_CUT_ANSWER"],
  ])("%s is a typed error", async (_, bytes, code) => {
    await using server = await startTcp((socket) => socket.end(bytes));

    await expect(linkTo(server.port).ask({ cmd: "x" }, never)).rejects.toMatchObject({ code });
  });

  it("that never comes is a timeout, and one that nobody listens for unreachable", async () => {
    const server = await startTcp(() => undefined);
    await expect(linkTo(server.port).ask({ cmd: "x" }, never)).rejects.toMatchObject({
      code: "MINER_TIMEOUT",
    });
    await server[Symbol.asyncDispose]();

    await expect(linkTo(server.port).ask({ cmd: "x" }, never)).rejects.toMatchObject({
      code: "MINER_UNREACHABLE",
    });
  });

  it("that writes goes out only past the guard", async () => {
    await using server = await startTcp((socket) => socket.end(toFrame(DONE)));
    const shut = linkTo(server.port, async () => {
      throw new Error("another device");
    });

    await expect(shut.tell({ cmd: "set.system.reboot" }, never)).rejects.toThrow("another device");
    expect(server.connections).toBe(0);
  });
});

describe("the envelope of an answer", () => {
  it.each([
    ['{"code":-1,"msg":"invalid token"}', { code: -1, msg: "invalid token", when: null }],
    ['{"code":"0","when":"5","msg":{"a":1}}\n\0', { code: 0, msg: { a: 1 }, when: 5 }],
    ["{}", { code: null, msg: null, when: null }],
  ])("of %s is read for what it says", (text, reply) => {
    expect(parseFrameReply(text, "192.0.2.1:4433")).toEqual(reply);
  });
});
