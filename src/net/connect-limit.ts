import type { Agent } from "node:http";
import type { Socket } from "node:net";

/** Makes every new connection of `agent` fail with `ETIMEDOUT` when it is not up within `connectMs`, real time. */
export function limitConnecting(agent: Agent, connectMs: number): void {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (...args) => {
    const stream = connect(...args);
    const socket = stream as Socket | null | undefined;
    if (!socket?.connecting) return stream;
    const timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error("no connection in time"), { code: "ETIMEDOUT" }));
    }, connectMs);
    socket.once("connect", () => clearTimeout(timer));
    socket.once("close", () => clearTimeout(timer));
    return stream;
  };
}
