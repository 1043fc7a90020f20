import { staleError, unreachableError } from "../model/errors.ts";
import { field, number, safeText } from "../model/parse.ts";
import type { Http } from "../net/http.ts";
import { largestRemainder } from "../settlement/rounding.ts";

/** One worker's part of the pool account's day. */
export interface WorkerDay {
  acceptedDifficulty: bigint;
  rejectedDifficulty: bigint;
  /** Part of the account's total reward by largest remainder (settlement.md §14), msat after the pool's fee. */
  netMsat: bigint;
}

/**
 * A UTC day of the pool account, attributed to its workers. Throws `POOL_DAY_OPEN` (exit 6) before the pool has
 * calculated it, `POOL_BAD_ANSWER` and the errors of `net` (exit 3).
 */
export async function readPoolDay(
  http: Http,
  pool: { apiUrl: string; user: string },
  day: string,
): Promise<Map<string, WorkerDay>> {
  const url = `${pool.apiUrl.replace(/\/+$/, "")}/api/accounts/${encodeURIComponent(pool.user)}/days/${day}`;
  const { status, body } = await http.json({ url });
  if (status !== 200) throw badAnswer(`status ${status}`);
  if (field(body, "day") !== day) throw badAnswer("another day");
  if (field(body, "status") !== "calculated") {
    throw staleError("POOL_DAY_OPEN", `The pool has not calculated ${day} yet.`, {
      left: "Nothing was settled",
      hint: "Pools calculate a UTC day in the morning after it; try again after 09:00 UTC",
    });
  }
  const totalMsat = toBigint(field(body, "total_reward_msat"));
  if (totalMsat === null) throw badAnswer("no total reward");
  return attribute(totalMsat, readWorkers(field(body, "workers")));
}

/** All workers whose name begins with the member's code, as one. */
export function memberPart(workers: ReadonlyMap<string, WorkerDay>, member: string): WorkerDay {
  const sum: WorkerDay = { acceptedDifficulty: 0n, rejectedDifficulty: 0n, netMsat: 0n };
  for (const [name, worker] of workers) {
    if (!name.startsWith(member)) continue;
    sum.acceptedDifficulty += worker.acceptedDifficulty;
    sum.rejectedDifficulty += worker.rejectedDifficulty;
    sum.netMsat += worker.netMsat;
  }
  return sum;
}

function attribute(
  totalMsat: bigint,
  workers: ReadonlyMap<string, { accepted: bigint; rejected: bigint }>,
): Map<string, WorkerDay> {
  const weights = new Map([...workers].map(([name, { accepted }]) => [name, accepted]));
  // A reward without any work (referral, refund) belongs to the co-op and to no member (settlement.md §14).
  const hasWork = [...weights.values()].some((weight) => weight > 0n);
  const parts = hasWork ? largestRemainder(totalMsat, weights) : new Map<string, bigint>();
  return new Map(
    [...workers].map(([name, { accepted, rejected }]) => [
      name,
      { acceptedDifficulty: accepted, rejectedDifficulty: rejected, netMsat: parts.get(name) ?? 0n },
    ]),
  );
}

function readWorkers(body: unknown): Map<string, { accepted: bigint; rejected: bigint }> {
  if (typeof body !== "object" || body === null) throw badAnswer("no workers");
  const workers = new Map<string, { accepted: bigint; rejected: bigint }>();
  for (const [fullName, row] of Object.entries(body)) {
    const accepted = toBigint(field(row, "accepted_difficulty"));
    const rejected = toBigint(field(row, "rejected_difficulty")) ?? 0n;
    if (accepted === null) throw badAnswer(`no work for ${safeText(fullName, 40)}`);
    workers.set(fullName.slice(fullName.lastIndexOf(".") + 1), { accepted, rejected });
  }
  return workers;
}

function toBigint(value: unknown): bigint | null {
  if (typeof value === "string") return /^\d{1,30}$/.test(value) ? BigInt(value) : null;
  const parsed = number({ value }, "value", { min: 0, max: Number.MAX_SAFE_INTEGER });
  return parsed !== null && Number.isInteger(parsed) ? BigInt(parsed) : null;
}

function badAnswer(what: string) {
  return unreachableError("POOL_BAD_ANSWER", `The pool's account answered with ${what}.`, {
    left: "Nothing was settled",
    hint: "Check the pool's account address",
  });
}
