import type { MinerCommand } from "../control/types.ts";
import type { Clock } from "../model/clock.ts";
import type { Herald } from "./herald.ts";
import type { MinerKeeper } from "./miner-keeper.ts";

/**
 * Carries commands out beside the tick: a device that hangs holds up its own commands and nothing else. While one
 * is under way only the newest that came after it is kept, for an older wish is no wish any more.
 */
export function createDispatcher(
  keepers: readonly MinerKeeper[],
  herald: Herald,
  clock: Clock,
  signal: AbortSignal,
) {
  const waiting = new Map<MinerKeeper, MinerCommand>();
  const busy = new Map<MinerKeeper, Promise<void>>();

  const carryOut = async (keeper: MinerKeeper, command: MinerCommand) => {
    const startedMono = clock.monoMs();
    const fromW = keeper.latest()?.reading.powerW ?? null;
    const result = await keeper.execute(command, signal);
    herald.command(command, fromW, result, clock.monoMs() - startedMono);
  };

  const drain = async (keeper: MinerKeeper) => {
    try {
      for (let next = waiting.get(keeper); next && !signal.aborted; next = waiting.get(keeper)) {
        waiting.delete(keeper);
        await carryOut(keeper, next);
      }
    } finally {
      // Whatever went wrong with this command, the next one is carried out.
      busy.delete(keeper);
    }
  };

  return {
    send(commands: readonly MinerCommand[]): void {
      for (const command of commands) {
        const keeper = keepers.find((candidate) => candidate.config.name === command.miner);
        if (!keeper) continue;
        waiting.set(keeper, command);
        if (busy.has(keeper)) keeper.hurry();
        else
          busy.set(
            keeper,
            clock.spawn(() => drain(keeper)),
          );
      }
    },
    /** Commands that wait are wishes no more; those under way go on. */
    drop: () => waiting.clear(),
    /** Resolves when nothing is under way any more. */
    idle: async (): Promise<void> => {
      await Promise.all(busy.values());
    },
  };
}
