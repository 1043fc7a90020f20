import type { StateStore } from "../ledger/state-store.ts";
import type { MinerConfig } from "../model/config.ts";
import { field } from "../model/parse.ts";
import type { MinerPlace } from "./follow-miner.ts";
import type { MinerPort } from "./miner-port.ts";
import { type AdoptedOptions, openAdopted } from "./open-adopted.ts";

/**
 * Where the loop found miners that had moved. It does not write the configuration, so their places stand in the state
 * file until a command does; an entry counts only for the address that the configuration still has.
 */
export interface MinerPlaces {
  /** The miner's configuration with the address at which it was last found. */
  placed(miner: MinerConfig): MinerConfig;
  keep(miner: MinerConfig, place: MinerPlace): void;
}

export function createMinerPlaces(store: Pick<StateStore, "get" | "set">): MinerPlaces {
  const keyOf = (id: string) => `place:${id}`;
  return {
    placed(miner) {
      const kept = store.get(keyOf(miner.id));
      const host = field(kept, "host");
      const port = field(kept, "port");
      const isCurrent = field(kept, "from") === `${miner.host}:${miner.port}`;
      return isCurrent && typeof host === "string" && typeof port === "number"
        ? { ...miner, host, port }
        : miner;
    },
    keep(miner, { host, port }) {
      store.set(keyOf(miner.id), { host, port, from: `${miner.host}:${miner.port}` });
    },
  };
}

/** The adopted miner at another address. */
export function openAt(miner: MinerConfig, place: MinerPlace, ground: AdoptedOptions): Promise<MinerPort> {
  return openAdopted({ ...miner, host: place.host, port: place.port }, ground);
}
