import type { Socket } from "node:net";

const LONGEST_LINE = 65_536;

/** Calls back with each line of a socket; a peer that sends more than 64 kB without an end is cut off. */
export function createLineReader(socket: Socket, onLine: (line: string) => void): void {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    rest += chunk;
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      const line = rest.slice(0, end).trim();
      rest = rest.slice(end + 1);
      if (line !== "") onLine(line);
    }
    if (rest.length > LONGEST_LINE) socket.destroy();
  });
}
