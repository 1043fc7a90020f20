import type { Clock } from "../model/clock.ts";
import type { Random } from "./random.ts";
import { type PoolEntry, StratumClient } from "./stratum-client.ts";

/** Counters of one pool entry since the device's last start. */
export interface PoolWork {
  entry: PoolEntry;
  isAlive: boolean;
  accepted: number;
  rejected: number;
  stale: number;
  acceptedDifficulty: number;
  rejectedDifficulty: number;
  staleDifficulty: number;
  /** Difficulty of the latest session, 0 before the first. */
  difficulty: number;
  lastShareMs: number | null;
  lastShareDifficulty: number;
  bestShare: number;
}

export interface WorkOptions {
  clock: Clock;
  random: Random;
  /** As the firmware names itself to pools. */
  agent: string;
  /** Hash rate now, TH/s. */
  hashrateThs: () => number;
}

/** Part of the shares that arrive too late (rejected by the pool). */
const STALE_PART = 0.002;
/** A dead pool is tried again this often, and the preferred one while another is in use. */
const RETRY_MS = 60_000;
const NO_POOL_RETRY_MS = 10_000;
const LONGEST_NAP_MS = 60_000;
const REST_NAP_MS = 15_000;
const HASHES_PER_DIFFICULTY = 2 ** 32;

/**
 * The mining of one emulated device: keeps a connection to the first living pool of its order, and sends
 * shares as a Poisson process of its true hash rate over the pool's difficulty. Submits run inside a task of
 * the clock, so simulated time stands still while they are on the wire.
 */
export class Work {
  pools: PoolWork[] = [];
  /** Order of preference, as indexes into `pools`. */
  order: number[] = [];
  readonly #options: WorkOptions;
  readonly #stop = new AbortController();
  #nudge = new AbortController();
  #client: StratumClient | null = null;
  #active: number | null = null;
  /** A powered-off or booting device has no network. */
  #isNetworkOn = true;
  #generation = 0;
  /** Work done towards, and needed for, the next share, in units of difficulty 1. */
  #done = 0;
  #needed = Number.POSITIVE_INFINITY;
  #neededFor = 0;
  #nextProbeMs = 0;
  #task: Promise<void> | null = null;

  constructor(options: WorkOptions) {
    this.#options = options;
  }

  /** Index of the pool that gets the work now; null while none is reachable. */
  get active(): number | null {
    return this.#client?.isOpen === true ? this.#active : null;
  }

  /** True while some pool gives work; without it chips stand still. */
  get hasWork(): boolean {
    return this.active !== null;
  }

  /** Starts to mine; resolves after the first attempt to reach a pool. */
  async start(): Promise<void> {
    await this.#options.clock.spawn(() => this.#reach());
    this.#task = this.#options.clock.spawn(() => this.#mine());
  }

  /** New pools with fresh counters, as after a start of the device. */
  configure(entries: readonly PoolEntry[], order: readonly number[]): void {
    this.pools = entries.map((entry) => freshPool(entry));
    this.order = order.filter((index) => index < entries.length);
    this.#disconnect();
  }

  /** Counters at 0 without a start, as some firmware has it after a reconnect. */
  resetCounters(): void {
    for (const pool of this.pools) {
      Object.assign(pool, {
        ...{ accepted: 0, rejected: 0, stale: 0 },
        ...{ acceptedDifficulty: 0, rejectedDifficulty: 0, staleDifficulty: 0 },
      });
    }
  }

  /** Another order of preference, taken up at once by a new connection. */
  prefer(order: readonly number[]): void {
    this.order = [...order];
    if (this.order[0] !== this.#active) this.#disconnect();
  }

  /** Cuts or gives back the network. */
  setNetwork(isOn: boolean): void {
    this.#isNetworkOn = isOn;
    if (isOn) this.#wake();
    else this.#disconnect();
  }

  /** One second of hashing. */
  step(): void {
    if (this.hasWork) this.#done += (this.#options.hashrateThs() * 1e12) / HASHES_PER_DIFFICULTY;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#disconnect();
    await this.#task;
  }

  #disconnect(): void {
    this.#generation += 1;
    this.#client?.close();
    this.#client = null;
    this.#active = null;
    this.#nextProbeMs = 0;
    this.#wake();
  }

  #wake(): void {
    const nudge = this.#nudge;
    this.#nudge = new AbortController();
    nudge.abort();
  }

  async #mine(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stop.signal.aborted) {
      const { signal } = this.#nudge;
      await this.#reach();
      await this.#sendDueShares();
      if (this.#stop.signal.aborted) return;
      // A pool that lets us in and drops us at once must not stop time: a second passes before the next try.
      const napMs = signal.aborted ? 1000 : this.#napMs();
      await clock.sleep(napMs, this.#nudge.signal).catch(() => undefined);
    }
  }

  #napMs(): number {
    if (!this.hasWork) return NO_POOL_RETRY_MS;
    const perSecond = (this.#options.hashrateThs() * 1e12) / HASHES_PER_DIFFICULTY;
    if (perSecond <= 0) return REST_NAP_MS;
    const seconds = Math.ceil((this.#needed - this.#done) / perSecond);
    return Math.min(LONGEST_NAP_MS, Math.max(1, seconds) * 1000);
  }

  /** Makes the first living pool of the order the active one; keeps the present one when it is the best. */
  async #reach(): Promise<void> {
    const { clock } = this.#options;
    if (!this.#isNetworkOn || this.#stop.signal.aborted) return;
    const present = this.active;
    if (present !== null && (present === this.order[0] || clock.nowMs() < this.#nextProbeMs)) return;
    this.#nextProbeMs = clock.nowMs() + RETRY_MS;
    const generation = this.#generation;
    for (const index of this.order) {
      if (index === present) return;
      const pool = this.pools[index];
      if (pool === undefined) continue;
      const client = await StratumClient.open(pool.entry, this.#options.agent, () => this.#wake());
      pool.isAlive = client !== null;
      if (generation !== this.#generation) {
        client?.close();
        return;
      }
      if (client === null) continue;
      this.#client?.close();
      this.#client = client;
      this.#active = index;
      pool.difficulty = client.difficulty;
      this.#done = 0;
      this.#neededFor = 0;
      break;
    }
    this.#drawNext();
  }

  #drawNext(): void {
    const difficulty = this.#client?.difficulty ?? 0;
    if (difficulty === this.#neededFor) return;
    this.#neededFor = difficulty;
    this.#needed = this.#done + this.#options.random.exponential() * difficulty;
  }

  async #sendDueShares(): Promise<void> {
    const { random } = this.#options;
    while (this.hasWork && this.#done >= this.#needed) {
      const client = this.#client;
      const pool = this.pools[this.#active ?? -1];
      if (client === null || pool === undefined) return;
      const { difficulty } = client;
      const isLate = random.chance(STALE_PART);
      const nonce = random.integer(0, 0xffffffff);
      const answer = await client.submit(nonce, isLate);
      if (answer === "lost") {
        pool.isAlive = false;
        return;
      }
      this.#count(pool, difficulty, answer);
      pool.bestShare = Math.max(pool.bestShare, Math.floor(difficulty / (1 - random.next())));
      this.#needed += random.exponential() * difficulty;
      this.#drawNext();
    }
  }

  #count(pool: PoolWork, difficulty: number, answer: "accepted" | "stale" | "rejected"): void {
    if (answer === "accepted") {
      pool.accepted += 1;
      pool.acceptedDifficulty += difficulty;
      pool.lastShareMs = this.#options.clock.nowMs();
      pool.lastShareDifficulty = difficulty;
      return;
    }
    pool.rejected += 1;
    pool.rejectedDifficulty += difficulty;
  }
}

function freshPool(entry: PoolEntry): PoolWork {
  return {
    entry,
    isAlive: true,
    accepted: 0,
    rejected: 0,
    stale: 0,
    acceptedDifficulty: 0,
    rejectedDifficulty: 0,
    staleDifficulty: 0,
    difficulty: 0,
    lastShareMs: null,
    lastShareDifficulty: 0,
    bestShare: 0,
  };
}
