import { usageError } from "../model/errors.ts";
import { createSystemClock } from "../net/system-clock.ts";
import { type EmulatedMiner, type MinerModel, macOf } from "../sim/emulated-miner.ts";
import { emulators, startMiner } from "../sim/emulators.ts";
import { DEVICE_FAULTS, type FaultKind, type FaultPlan, WIRE_FAULTS } from "../sim/fault.ts";
import { startPool } from "../sim/pool.ts";
import { ended } from "./coop-serve.ts";
import { POOL_FACTS } from "./emulate-home.ts";

export interface EmulateMinerOptions {
  model: string;
  /** Generation of the firmware; null: the newest. */
  firmware: string | null;
  /** `KIND` or `KIND:NUMBER`. */
  faults: readonly string[];
  host: string;
  port: number;
  name: string;
  seed: number;
  /** Of its page; null: the factory's. */
  password: string | null;
  signal: AbortSignal;
  onReady: (miner: EmulatedMiner, pools: string[]) => void;
}

/** Models and their generations, for help and errors. */
export function emulatedModels(): { model: string; title: string; generations: readonly string[] }[] {
  return emulators.map(({ model, title, generations }) => ({ model, title, generations }));
}

/** Every fault with what it does. */
export function faultMenu(): [kind: string, words: string][] {
  return Object.entries({ ...WIRE_FAULTS, ...DEVICE_FAULTS });
}

/**
 * `hearth emulate miner`: one device on a real socket with two pools of its own, until Ctrl-C or SIGTERM. Throws
 * `MODEL_UNKNOWN`, `FIRMWARE_UNKNOWN`, `FAULT_UNKNOWN` (2), `PORT_TAKEN` (3).
 */
export async function emulateMiner(options: EmulateMinerOptions): Promise<void> {
  const entry = entryOf(options.model);
  if (!entry) {
    throw usageError("MODEL_UNKNOWN", `There is no emulated model "${options.model.slice(0, 40)}"`, {
      hint: `one of ${emulators.map(({ model }) => model).join(", ")}`,
    });
  }
  if (options.firmware !== null && !entry.generations.includes(options.firmware)) {
    const known = entry.generations.length > 0 ? `one of ${entry.generations.join(", ")}` : "it has one only";
    throw usageError(
      "FIRMWARE_UNKNOWN",
      `${entry.model} has no firmware "${options.firmware.slice(0, 40)}"`,
      {
        hint: `--firmware: ${known}`,
      },
    );
  }
  const faults = options.faults.map(parseFault);
  const clock = createSystemClock();
  const pools = [
    await startPool({ clock, name: "member pool", ...POOL_FACTS }),
    await startPool({ clock, name: "co-op pool", ...POOL_FACTS }),
  ];
  try {
    const miner = await startMiner({
      ...{ name: options.name, model: entry.model as MinerModel, clock, seed: options.seed, faults },
      ...{ host: options.host, port: options.port },
      // Two of a kind on one computer are two devices; the same command on the same port is the same one again.
      id: macOf(`${entry.model} ${options.name} ${options.port === 0 ? process.pid : options.port}`),
      pools: pools.map(({ url }, index) => ({
        url,
        user: `emulated${index}.${options.name}`,
        password: "x",
      })),
      ...(options.firmware === null ? {} : { firmware: options.firmware }),
      ...(options.password === null ? {} : { password: options.password }),
    });
    try {
      options.onReady(
        miner,
        pools.map(({ url }) => url),
      );
      await ended(options.signal);
    } finally {
      await miner.close();
    }
  } finally {
    for (const pool of pools) await pool.close();
  }
}

/** By the model's name, the end of it (`mini3`), or the family's (`axeos`: its first model). */
function entryOf(name: string) {
  return (
    emulators.find(({ model }) => model === name) ??
    emulators.find(({ model }) => model.endsWith(`-${name}`)) ??
    emulators.find(({ firmware }) => firmware === name)
  );
}

/** `late:20`, `hot`. */
export function parseFault(text: string): FaultPlan {
  const [, kind = "", value] = /^([a-z-]+)(?::(\d+(?:\.\d+)?))?$/.exec(text.trim()) ?? [];
  const known = { ...WIRE_FAULTS, ...DEVICE_FAULTS };
  if (!Object.hasOwn(known, kind)) {
    throw usageError(
      "FAULT_UNKNOWN",
      `"${text.slice(0, 40)}" is no fault, or none that takes such a number`,
      {
        left: "Nothing was started",
        hint: `--fault KIND or KIND:NUMBER, with one of ${Object.keys(known).join(", ")}`,
      },
    );
  }
  return { kind: kind as FaultKind, ...(value === undefined ? {} : { value: Number(value) }) };
}
