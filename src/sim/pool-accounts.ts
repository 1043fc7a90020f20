import { toWire } from "../model/wire.ts";

/** Shares of one worker in one UTC day, in difficulty and in number. */
export interface WorkerDay {
  acceptedDifficulty: bigint;
  rejectedDifficulty: bigint;
  accepted: number;
  rejected: number;
}

export interface PayFacts {
  /** Pool fee, ppm of the gross. */
  feePpm: number;
  networkDifficulty: bigint;
  /** Block reward with fees, sat. */
  rewardSats: bigint;
}

/** What a pool knows of its users: accepted difficulty per worker and UTC day, paid by FPPS (settlement.md §10). */
export class PoolAccounts {
  readonly #days = new Map<string, Map<string, WorkerDay>>();
  readonly #facts: PayFacts;

  constructor(facts: PayFacts) {
    this.#facts = facts;
  }

  /** Counts one judged share; `fullUser` is `<user>.<worker>`, the worker after the last dot. */
  count(fullUser: string, atMs: number, difficulty: number, isAccepted: boolean): void {
    const { user, worker } = splitUser(fullUser);
    const key = `${user}/${utcDay(atMs)}`;
    let workers = this.#days.get(key);
    if (workers === undefined) {
      workers = new Map();
      this.#days.set(key, workers);
    }
    let row = workers.get(worker);
    if (row === undefined) {
      row = { acceptedDifficulty: 0n, rejectedDifficulty: 0n, accepted: 0, rejected: 0 };
      workers.set(worker, row);
    }
    if (isAccepted) {
      row.accepted += 1;
      row.acceptedDifficulty += BigInt(difficulty);
    } else {
      row.rejected += 1;
      row.rejectedDifficulty += BigInt(difficulty);
    }
  }

  /** Body of `GET /api/accounts/{user}/days/{day}`; a user without work has an empty day. */
  day(user: string, day: string, nowMs: number): unknown {
    const workers = this.#days.get(`${user}/${day}`) ?? new Map<string, WorkerDay>();
    let difficulty = 0n;
    const byWorker: Record<string, unknown> = {};
    for (const [name, row] of workers) {
      difficulty += row.acceptedDifficulty;
      byWorker[name] = {
        accepted_difficulty: row.acceptedDifficulty.toString(),
        rejected_difficulty: row.rejectedDifficulty.toString(),
        accepted: row.accepted,
        rejected: row.rejected,
      };
    }
    const { feePpm, networkDifficulty, rewardSats } = this.#facts;
    const grossMsat = (1000n * difficulty * rewardSats) / networkDifficulty;
    const netMsat = (grossMsat * BigInt(1_000_000 - feePpm)) / 1_000_000n;
    return {
      user,
      day,
      status: nowMs >= calculatedFromMs(day) ? "calculated" : "open",
      total_reward_msat: toWire(netMsat),
      fee_ppm: feePpm,
      network_difficulty: toWire(networkDifficulty),
      reward_sats: toWire(rewardSats),
      workers: byWorker,
    };
  }
}

/** Pools close a day some hours after its end. */
function calculatedFromMs(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) + 33 * 3_600_000;
}

function utcDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function splitUser(fullUser: string): { user: string; worker: string } {
  const dot = fullUser.lastIndexOf(".");
  return dot < 0
    ? { user: fullUser, worker: "" }
    : { user: fullUser.slice(0, dot), worker: fullUser.slice(dot + 1) };
}
