import { createServer, type Socket } from "node:net";
import { invalidJson, runAvalonCommand } from "./avalon-commands.ts";
import { AvalonDevice } from "./avalon-device.ts";
import {
  type CgminerAnswer,
  type CgminerRequest,
  channelOf,
  parseRequest,
  serialize,
} from "./cgminer-wire.ts";
import { type EmulatedMiner, type EmulatorOptions, macOf } from "./emulated-miner.ts";
import { FaultDesk } from "./fault.ts";
import { listenOn } from "./listener.ts";
import { createRandom } from "./random.ts";
import { createTicker } from "./ticker.ts";

export interface AvalonOptions extends EmulatorOptions {
  /** Password of the device's web page, which `setpool` wants; `root` when absent. */
  webPassword?: string;
  /** Device clock minus true time, s; 11 when absent. */
  clockOffsetS?: number;
  /** Part of the `softon` commands that close without a reply; 0.5 when absent. */
  mutePart?: number;
}

/** Real time that a half-sent request may wait for its rest. */
const REQUEST_MS = 2000;

/**
 * An Avalon Mini 3 on a TCP port: the CGMiner dialect with its quirks (miners.md §3 and §6), power as in
 * control.md §14, and real mining at its pools. Throws `PORT_TAKEN` (exit 3).
 */
export async function startAvalonMini3(options: AvalonOptions): Promise<EmulatedMiner> {
  const random = createRandom(options.seed, options.name);
  const device = new AvalonDevice(options, random.fork("device"));
  const id = options.id ?? macOf(options.name);
  const host = options.host ?? "127.0.0.1";
  const faults = new FaultDesk({
    clock: options.clock,
    random: random.fork("wire"),
    plan: options.fault ?? null,
    deafPart: options.deafPart ?? 0,
  });
  const muteLuck = random.fork("mute");
  const context = {
    device,
    id,
    webUser: "root",
    webPassword: options.webPassword ?? "root",
    isMute: () => muteLuck.chance(options.mutePart ?? 0.5),
  };
  const server = createServer((socket) => {
    if (device.isUp) takeRequest(socket, (request) => answerOn(socket, faults, context, request));
    else socket.resetAndDestroy();
  });
  const listening = await listenOn(server, host, options.port ?? 0);
  await device.work.start();
  const ticker = options.ticker ?? createTicker(options.clock);
  ticker.add((nowMs) => device.step(nowMs));
  return {
    name: options.name,
    model: "avalon-mini3",
    id,
    host,
    port: listening.port,
    wallW: () => device.stage.powerW,
    hashrateThs: () => device.hashrateThs,
    powerCycle: (offS) => device.powerCycle(offS),
    setFault: (plan) => {
      faults.plan = plan;
    },
    close: async () => {
      if (options.ticker === undefined) ticker.close();
      await Promise.all([device.work.close(), listening.close()]);
    },
  };
}

/** One request per connection: the first that is complete; a half one is answered as invalid after a while. */
function takeRequest(socket: Socket, onRequest: (request: CgminerRequest | "invalid") => void): void {
  let bytes = "";
  const timer = setTimeout(() => settle("invalid"), REQUEST_MS);
  const settle = (request: CgminerRequest | "invalid" | null) => {
    if (request === null) return;
    clearTimeout(timer);
    socket.removeListener("data", onData);
    socket.resume();
    onRequest(request);
  };
  const onData = (chunk: Buffer) => {
    bytes += chunk.toString("utf8");
    settle(bytes.length > 8192 ? "invalid" : parseRequest(bytes));
  };
  socket.on("data", onData);
  socket.on("close", () => clearTimeout(timer));
}

function answerOn(
  socket: Socket,
  faults: FaultDesk,
  context: Parameters<typeof runAvalonCommand>[0],
  request: CgminerRequest | "invalid",
): void {
  const asked: CgminerRequest =
    request === "invalid" ? { isJson: true, commands: [""], parameter: "" } : request;
  const isJoined = asked.commands.length > 1;
  const answers = new Map<string, CgminerAnswer>();
  for (const command of asked.commands) {
    const answer =
      request === "invalid" ? invalidJson() : runAvalonCommand(context, command, asked.parameter, isJoined);
    if (answer === null) {
      socket.end();
      return;
    }
    answers.set(command, answer);
  }
  const reply = serialize(asked, answers, context.device.epochS);
  void faults.deliver(channelOf(socket, reply));
}
