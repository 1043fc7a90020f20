import { type AvalonContext, invalidJson, runAvalonCommand } from "./avalon-commands.ts";
import { AvalonDevice } from "./avalon-device.ts";
import { avalonFacts } from "./avalon-facts.ts";
import { type CgminerAnswer, type CgminerRequest, parseRequest, serialize } from "./cgminer-wire.ts";
import type { EmulatedMiner, EmulatorOptions } from "./emulated-miner.ts";
import { createRandom } from "./random.ts";
import { startRig } from "./start-rig.ts";

export interface AvalonOptions extends EmulatorOptions {
  /** Device clock minus true time, s; 11 when absent. */
  clockOffsetS?: number;
  /** Part of the `softon` commands that close without a reply; 0.5 when absent. */
  mutePart?: number;
}

/**
 * An Avalon home unit on a TCP port, as its model and build in `options` say: the CGMiner dialect with its quirks
 * (miners.md §3 and §6), power as in control.md §14, and real mining at its pools. Throws `PORT_TAKEN` (exit 3).
 */
export async function startAvalon(options: AvalonOptions): Promise<EmulatedMiner> {
  const muteLuck = createRandom(options.seed, options.name).fork("mute");
  const facts = avalonFacts(options.model, options.firmware);
  return startRig(options, (parts) => {
    const device = new AvalonDevice(options, facts, parts);
    const context = {
      device,
      webUser: "root",
      webPassword: options.password ?? "root",
      isMute: () => muteLuck.chance(options.mutePart ?? 0.5),
    };
    return { device, face: { socket: (bytes) => answer(context, bytes) } };
  });
}

function answer(context: AvalonContext, bytes: string): string | null | undefined {
  const request = parseRequest(bytes);
  if (request === null) return undefined;
  const asked: CgminerRequest =
    request === "invalid" ? { isJson: true, commands: [""], parameter: "", body: {} } : request;
  const isJoined = asked.commands.length > 1;
  const answers = new Map<string, CgminerAnswer>();
  for (const command of asked.commands) {
    const answer =
      request === "invalid" ? invalidJson() : runAvalonCommand(context, command, asked.parameter, isJoined);
    if (answer === null) return null;
    answers.set(command, answer);
  }
  return serialize(asked, answers, context.device.epochS);
}
