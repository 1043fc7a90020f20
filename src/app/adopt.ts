import type { HearthConfig, MinerConfig } from "../model/config.ts";
import { refusedError, usageError } from "../model/errors.ts";
import type { FoundMiner } from "./identify-miner.ts";

export interface AdoptOptions {
  found: FoundMiner;
  /** Null: made from the model. */
  name: string | null;
  /** Null: the first zone, else a new one `home`. */
  zone: string | null;
  /** Null: the first circuit, else a new one. */
  circuit: string | null;
  /** For a new circuit only. Null: the weakest common circuit is assumed (control.md §8). */
  breakerA: number | null;
  voltageV: number | null;
  /** A person said that the address may lie outside home networks. */
  allowPublic?: boolean;
}

export interface Adoption {
  config: HearthConfig;
  miner: MinerConfig;
  isKnown: boolean;
  warnings: string[];
}

/** The weakest common branch circuit: nothing is ever assumed to carry more. */
const WEAKEST_CIRCUIT = { breakerA: 15, voltageV: 120 };

/**
 * Adds a found miner to the configuration, or follows a known one to its new address. Pure: the caller writes.
 * Throws `NAME_TAKEN` (2) when the name belongs to another miner.
 */
export function adoptMiner(config: HearthConfig, options: AdoptOptions): Adoption {
  const { found } = options;
  const known = config.miners.find((miner) => miner.id === found.identity.id);
  if (known) return follow(config, known, options);
  const warnings: string[] = [];
  const name = pickName(config, options);
  const zone = options.zone ?? config.zones[0]?.name ?? "home";
  const circuit = options.circuit ?? config.circuits[0]?.name ?? "circuit-1";
  const miner: MinerConfig = {
    name,
    id: found.identity.id,
    driver: found.identity.firmware,
    host: found.host,
    port: found.port,
    zone,
    circuit,
    max_w: null,
    on_exit: null,
    secret_ref: null,
    allow_public: options.allowPublic ?? false,
    model: found.identity.model,
  };
  return {
    config: { ...withHouse(config, miner, options, warnings), miners: [...config.miners, miner] },
    miner,
    isKnown: false,
    warnings,
  };
}

/** A known miner: to its new address, and to another zone, circuit or name where that was said. */
function follow(config: HearthConfig, known: MinerConfig, options: AdoptOptions): Adoption {
  const { found } = options;
  const name = options.name === null || options.name === known.name ? known.name : pickName(config, options);
  const zone = options.zone ?? known.zone;
  const circuit = options.circuit ?? known.circuit;
  const miner = {
    ...known,
    name,
    zone,
    circuit,
    host: found.host,
    port: found.port,
    driver: found.identity.firmware,
    allow_public: options.allowPublic ?? known.allow_public,
    model: found.identity.model,
  };
  const warnings: string[] = [];
  return {
    config: {
      ...withHouse(config, miner, options, warnings),
      miners: config.miners.map((entry) => (entry === known ? miner : entry)),
    },
    miner,
    isKnown: true,
    warnings,
  };
}

/** With the zone that it heats and the circuit that feeds it. */
function withHouse(
  config: HearthConfig,
  { zone, circuit }: MinerConfig,
  options: AdoptOptions,
  warnings: string[],
): HearthConfig {
  const hasZone = config.zones.some(({ name }) => name === zone);
  const hasCircuit = config.circuits.some(({ name }) => name === circuit);
  return {
    ...config,
    zones: hasZone ? config.zones : [...config.zones, newZone(zone)],
    circuits: hasCircuit
      ? config.circuits.map((entry) => (entry.name === circuit ? lowered(entry, options) : entry))
      : [...config.circuits, newCircuit(circuit, options, warnings)],
  };
}

/** A known circuit may be lowered by anyone; raising it is the installer's (interfaces.md §2). */
function lowered(
  circuit: HearthConfig["circuits"][number],
  { breakerA, voltageV }: AdoptOptions,
): HearthConfig["circuits"][number] {
  const next = {
    ...circuit,
    breaker_a: breakerA ?? circuit.breaker_a,
    voltage_v: voltageV ?? circuit.voltage_v,
  };
  if (next.breaker_a * next.voltage_v <= circuit.breaker_a * circuit.voltage_v) return next;
  throw refusedError(
    "LIMIT_BREAKER",
    `Circuit ${circuit.name} is set up with ${circuit.breaker_a} A at ${circuit.voltage_v} V and is not raised from here`,
    { left: "Nothing was changed", hint: "ask the installer; or name another circuit with --circuit" },
  );
}

function pickName(config: HearthConfig, { name, found }: AdoptOptions): string {
  const isTaken = (candidate: string) => config.miners.some((miner) => miner.name === candidate);
  if (name) {
    if (isTaken(name)) {
      throw usageError("NAME_TAKEN", `Another miner is already called ${name}`, {
        left: "Nothing was adopted",
        hint: "--name with another name",
      });
    }
    return name;
  }
  const { model, make } = found.identity;
  // A board that knows only its chip is better called by its maker.
  const isChip = /^bm\d+$/i.test(model);
  const lastWord = (isChip && make ? make : model).toLowerCase().split(/\s+/).at(-1) ?? "";
  const stem = lastWord.replaceAll(/[^a-z0-9-]/g, "") || "miner";
  if (!isTaken(stem)) return stem;
  let index = 2;
  while (isTaken(`${stem}-${index}`)) index += 1;
  return `${stem}-${index}`;
}

function newZone(name: string): HearthConfig["zones"][number] {
  return {
    name,
    profile: "home",
    set_c: null,
    floor_c: null,
    t_max_c: null,
    flex_dn_c: null,
    flex_up_c: null,
    policy: "comfort",
    backup_heat: false,
    on_sensor_loss: "duty",
    schedule: [],
    loss_w_per_k: null,
  };
}

function newCircuit(
  name: string,
  options: AdoptOptions,
  warnings: string[],
): HearthConfig["circuits"][number] {
  const breakerA = options.breakerA ?? WEAKEST_CIRCUIT.breakerA;
  const voltageV = options.voltageV ?? WEAKEST_CIRCUIT.voltageV;
  if (options.breakerA === null || options.voltageV === null) {
    warnings.push(
      `circuit ${name} is taken as ${breakerA} A at ${voltageV} V until someone says otherwise (--breaker, --voltage)`,
    );
  }
  return { name, breaker_a: breakerA, voltage_v: voltageV, rated_100: false, other_w: 0 };
}
