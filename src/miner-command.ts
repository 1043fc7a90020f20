import { Args, Flags } from "@oclif/core";
import type { MinerAction, MinerChange } from "./app/miner-commands.ts";
import { BaseCommand, envName, type Outcome } from "./base-command.ts";

/** The miner that a command is about (interfaces.md §4). */
export const minerArgument = Args.string({
  required: true,
  description: "its name, its id, or HOST[:PORT]",
});

/** Flags of commands that talk to one miner. */
export const accessFlags = {
  "password-file": Flags.file({
    helpValue: "FILE",
    env: envName("password-file"),
    description: "file with the password of the miner's own page, in place of the stored one",
  }),
  "allow-public": Flags.boolean({
    env: envName("allow-public"),
    description: "the address may lie outside home networks",
  }),
};

/** Flags of wishes that a running loop keeps. */
export const endFlags = {
  for: Flags.string({
    helpValue: "TIME",
    env: envName("for"),
    exclusive: ["until"],
    description: "with a running loop: how long, as 90m or 2h (2h when left out, at most 24h)",
  }),
  until: Flags.string({
    helpValue: "TIME",
    env: envName("until"),
    description: "with a running loop: until then, as 18:30 or 2026-01-15T18:30:00Z",
  }),
};

export interface ChangeFlags {
  yes: boolean;
  "no-input": boolean;
  "dry-run": boolean;
  "password-file"?: string | undefined;
  "allow-public": boolean;
  for?: string | undefined;
  until?: string | undefined;
}

/** Common ground of the commands that change one miner. */
export abstract class MinerCommand extends BaseCommand {
  /** Makes the change, asks first where the device is not adopted, and tells what came of it. */
  protected async change(
    name: string,
    action: MinerAction,
    powerW: number | null,
    flags: ChangeFlags,
  ): Promise<Outcome> {
    const { changeMiner, resultError } = await import("./app/miner-commands.ts");
    const { readPasswordFile } = await import("./app/password-file.ts");
    const { endOf } = await import("./app/wish-end.ts");
    const { change, warnings, isKept } = await changeMiner({
      env: process.env,
      name,
      action,
      powerW,
      until: endOf(process.env, flags),
      password: readPasswordFile(flags["password-file"]),
      allowPublic: flags["allow-public"],
      dryRun: flags["dry-run"],
      // Naming an address and saying yes is consent to control what stands there.
      isApproved: flags.yes,
      signal: this.signal,
    });
    const error = resultError(change);
    const outcome = { data: change, lines: error ? [] : [changeWords(change, isKept)], warnings };
    return this.finish(error ? { ...outcome, error } : outcome);
  }
}

function changeWords(change: MinerChange, isKept: boolean): string {
  const { miner, action, result, powerW = null, until } = change;
  const what = {
    "set-power": powerW === 0 ? "rest" : `${powerW === null ? "run" : `${powerW} W`}`,
    pause: "rest",
    resume: "run again",
    locate: "show itself",
  }[action];
  if (isKept && action === "resume") return `${miner}: your wish is over; the loop decides again.`;
  if (isKept && until) {
    return `${miner} is to ${action === "set-power" && powerW !== 0 ? `run at ${what} at most` : what} until ${until}. The loop keeps to it, within its limits, rest times, the heat floor and events. hearth miner resume ${miner} ends it.`;
  }
  if (result === "planned")
    return `${miner} would ${action === "set-power" && powerW !== 0 ? `be set to ${what}` : what}. Nothing was sent (dry run).`;
  if (action === "locate") return `${miner} was asked to show itself: look for its light or its display.`;
  if (result === "pending")
    return `${miner} says yes (${what}) and does not show it yet. hearth miner read ${miner} tells whether it comes.`;
  return `${miner}: done (${what}), and read back.`;
}
