import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";

/** Registers of a unit by wire address; what is not there is an illegal address. */
export type Registers = Map<number, number>;

export interface ModbusDevice {
  host: string;
  /** Connections ever taken, and questions answered. */
  counts: { connections: number; questions: number };
  close(): Promise<void>;
}

/** Puts words into a unit from `address` on. */
export function put(registers: Registers, address: number, words: readonly number[]): void {
  for (const [index, word] of words.entries()) registers.set(address + index, word & 0xffff);
}

/** Text in `count` registers. */
export function textWords(text: string, count: number): number[] {
  const bytes = Buffer.alloc(count * 2);
  bytes.write(text, "latin1");
  return Array.from({ length: count }, (_, index) => bytes.readUInt16BE(index * 2));
}

/**
 * A Modbus TCP device with several units, on the protocol's own framing: exceptions 2 and 11 as devices send them.
 * `answer` may take over a whole connection's data, for devices that misbehave.
 */
export async function startModbusDevice(
  units: ReadonlyMap<number, Registers>,
  misbehave?: (socket: Socket, question: Buffer) => void,
): Promise<ModbusDevice> {
  const counts = { connections: 0, questions: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    counts.connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (question) => {
      counts.questions += 1;
      if (misbehave) misbehave(socket, question);
      else socket.write(reply(units, question));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function reply(units: ReadonlyMap<number, Registers>, question: Buffer): Buffer {
  const [unit = 0, code = 0] = [question.readUInt8(6), question.readUInt8(7)];
  const [address, count] = [question.readUInt16BE(8), question.readUInt16BE(10)];
  const registers = units.get(unit);
  const words = Array.from({ length: count }, (_, index) => registers?.get(address + index));
  const body =
    registers === undefined
      ? Buffer.from([code | 0x80, 11])
      : words.includes(undefined)
        ? Buffer.from([code | 0x80, 2])
        : code === 1
          ? Buffer.from([1, 1, (words[0] ?? 0) & 1])
          : Buffer.concat([
              Buffer.from([code, count * 2]),
              Buffer.from(new Uint8Array(words.flatMap((w = 0) => [w >> 8, w & 255]))),
            ]);
  const head = Buffer.alloc(7);
  question.copy(head, 0, 0, 4);
  head.writeUInt16BE(body.length + 1, 4);
  head.writeUInt8(unit, 6);
  return Buffer.concat([head, body]);
}
