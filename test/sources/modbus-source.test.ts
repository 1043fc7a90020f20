import { afterEach, describe, expect, it } from "vitest";
import type { SourceConfig } from "#src/model/source-config.ts";
import type { OpenSourceLinks } from "#src/net/source-links.ts";
import { createSource, createSources } from "#src/sources/registry.ts";
import { type ModbusDevice, put, type Registers, startModbusDevice } from "./modbus-server.ts";
import { openLinks, sourceConfig } from "./support.ts";

const signal = new AbortController().signal;

let device: ModbusDevice;
let links: OpenSourceLinks;

afterEach(async () => {
  await links.close();
  await device.close();
});

const entry = (modbus: Partial<SourceConfig["modbus"] & object>, changes: Partial<SourceConfig> = {}) =>
  sourceConfig({
    kind: "modbus",
    host: device.host,
    timeout_s: 1,
    modbus: { address: 100, ...modbus } as SourceConfig["modbus"],
    ...changes,
  });

async function open(words: readonly number[], misbehave?: Parameters<typeof startModbusDevice>[1]) {
  const registers: Registers = new Map();
  put(registers, 100, words);
  device = await startModbusDevice(new Map([[1, registers]]), misbehave);
  links = openLinks();
}

const read = (modbus: Partial<SourceConfig["modbus"] & object>, changes: Partial<SourceConfig> = {}) =>
  createSource(entry(modbus, changes), links).read(signal);

describe("registers", () => {
  it.each([
    ["int16", [0xfe0c], -500],
    ["uint16", [0xfe0c], 65_036],
    ["int32", [0xffff, 0xfe0c], -500],
    ["int32s", [0xfe0c, 0xffff], -500],
    ["uint32", [0x0001, 0x0000], 65_536],
    ["uint32s", [0x0000, 0x0001], 65_536],
    ["float32", [0x449a, 0x522b], 1234.5677490234375],
    ["float32s", [0x522b, 0x449a], 1234.5677490234375],
    ["int64", [0xffff, 0xffff, 0xffff, 0xfe0c], -500],
    ["uint64", [0, 0, 1, 0], 65_536],
    ["float32", [0x8000, 0x0000], 0],
  ])("are read as %s", async (decode, words, value) => {
    await open(words);

    await expect(read({ decode })).resolves.toEqual({ value, reason: null });
  });

  it.each([
    ["int16nan", [0x8000]],
    ["uint16nan", [0xffff]],
    ["int32nan", [0x8000, 0]],
    ["uint32nan", [0xffff, 0xffff]],
    ["int64nan", [0x8000, 0, 0, 0]],
    ["uint64nan", [0xffff, 0xffff, 0xffff, 0xffff]],
    ["float32", [0x7fc0, 0]],
    ["float32", [0xff80, 0]],
  ])("of %s that mean nothing are missing, not a number", async (decode, words) => {
    await open(words);

    await expect(read({ decode })).resolves.toEqual({ value: null, reason: "VALUE_MISSING" });
  });

  it("are put together: phases added, export taken off", async () => {
    await open([500, 20, 30, 1000]);

    await expect(read({ plus: [101, 102], minus: [103] })).resolves.toEqual({ value: -450, reason: null });
  });

  it("are missing as a whole when one is", async () => {
    await open([500, 0x8000]);

    await expect(read({ decode: "int16nan", plus: [101] })).resolves.toEqual({
      value: null,
      reason: "VALUE_MISSING",
    });
  });

  it("are read as inputs, and as coils", async () => {
    await open([1]);

    await expect(read({ register: "input" })).resolves.toMatchObject({ value: 1 });
    await expect(read({ register: "coil" })).resolves.toMatchObject({ value: 1 });
  });
});

describe("a device", () => {
  it("has one connection for all its units and sources", async () => {
    await open([7]);
    const two = ["a", "b"].map((name) => ({ ...entry({}), name }));
    const sources = createSources(two, links);

    await Promise.all(sources.map((source) => source.read(signal)));
    await Promise.all(sources.map((source) => source.read(signal)));

    expect(device.counts).toEqual({ connections: 1, questions: 4 });
  });

  it.each([
    ["no such register", { address: 900 }, "has no register at this address"],
    ["no such unit", { unit: 9 }, "got no answer from this unit"],
  ])("that says %s is told in words, and asked on by the same connection", async (_, options, words) => {
    await open([7]);

    await expect(read(options)).rejects.toMatchObject({
      code: "MODBUS_EXCEPTION",
      message: expect.stringContaining(words),
    });
    await expect(read({})).resolves.toMatchObject({ value: 7 });
    expect(device.counts.connections).toBe(1);
  });

  it.each([
    ["hangs up", (socket: { destroy(): void }) => socket.destroy(), "SOURCE_UNREACHABLE"],
    [
      "floods",
      (socket: { write(b: Buffer): void }) => socket.write(Buffer.alloc(9000, 7)),
      "SOURCE_UNREACHABLE",
    ],
    [
      "answers another question",
      (socket: { write(b: Buffer): void }, q: Buffer) => {
        const answer = Buffer.from([0, 0, 0, 0, 0, 5, 1, 3, 2, 0, 7]);
        answer.writeUInt16BE(q.readUInt16BE(0) ^ 1, 0);
        socket.write(answer);
      },
      "SOURCE_BROKEN",
    ],
    [
      "answers with fewer registers",
      (socket: { write(b: Buffer): void }, q: Buffer) => {
        const answer = Buffer.from([0, 0, 0, 0, 0, 3, 1, 3, 0]);
        q.copy(answer, 0, 0, 2);
        socket.write(answer);
      },
      "SOURCE_BROKEN",
    ],
  ])("that %s is a miss, and is left alone for a moment", async (_, misbehave, code) => {
    await open([7], misbehave as never);

    await expect(read({}, { timeout_s: 5 })).rejects.toMatchObject({ code, exit: 3 });
    await expect(read({}, { timeout_s: 5 })).rejects.toMatchObject({ code, exit: 3 });
    expect(device.counts.connections).toBe(1);
  });

  it.each([
    ["never answers", () => undefined],
    [
      "answers for another unit",
      (socket: { write(b: Buffer): void }, q: Buffer) => {
        const answer = Buffer.from([0, 0, 0, 0, 0, 5, 9, 3, 2, 0, 7]);
        q.copy(answer, 0, 0, 2);
        socket.write(answer);
      },
    ],
    [
      "begins and does not go on",
      (socket: { write(b: Buffer): void }) => socket.write(Buffer.from([0, 1, 0])),
    ],
  ])("that %s is a miss within its time", async (_, misbehave) => {
    await open([7], misbehave as never);

    await expect(read({}, { timeout_s: 0.2 })).rejects.toMatchObject({ code: "SOURCE_TIMEOUT", exit: 3 });
  });

  it("is let go at once when the program ends", async () => {
    await open([7], () => undefined);
    const stop = new AbortController();
    const reading = createSource(entry({}), links).read(stop.signal);
    stop.abort(new Error("stopped"));

    await expect(reading).rejects.toThrow("stopped");
  });
});
