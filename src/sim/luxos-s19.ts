import { type CgminerAnswer, type CgminerRequest, parseRequest, serialize } from "./cgminer-wire.ts";
import type { EmulatedMiner, EmulatorOptions } from "./emulated-miner.ts";
import { invalidJson, runLuxosCommand } from "./luxos-commands.ts";
import { LuxosDevice } from "./luxos-device.ts";
import { DESCRIPTION } from "./luxos-replies.ts";
import { startRig } from "./start-rig.ts";

/**
 * An Antminer S19 with LuxOS on a TCP port: the CGMiner dialect with its session lock, profiles, thermal management
 * and groups (miners.md §8), and real mining at its pools by their quotas. Throws `PORT_TAKEN` (exit 3).
 */
export async function startLuxosS19(options: EmulatorOptions): Promise<EmulatedMiner> {
  return startRig(options, (parts) => {
    const device = new LuxosDevice(options, parts);
    return { device, face: { socket: (bytes) => answer(device, bytes) } };
  });
}

function answer(device: LuxosDevice, bytes: string): string | undefined {
  const request = parseRequest(bytes);
  if (request === null) return undefined;
  const asked: CgminerRequest =
    request === "invalid" ? { isJson: true, commands: [""], parameter: "", body: {} } : request;
  const isJoined = asked.commands.length > 1;
  const answers = new Map<string, CgminerAnswer>();
  for (const command of asked.commands) {
    answers.set(
      command,
      request === "invalid" ? invalidJson() : runLuxosCommand(device, command, asked.parameter, isJoined),
    );
  }
  return serialize(asked, answers, device.epochS, DESCRIPTION);
}
