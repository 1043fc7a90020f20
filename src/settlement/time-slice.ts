/** Whole of the work, ppm. */
const WHOLE_PPM = 1_000_000n;

/**
 * Length of a time slice, s, by what a pool switch costs: 60 when it is free, 900 for a reconnect, 7200 for a
 * restart (settlement.md §5).
 */
export function slotSeconds(poolSwitch: "none" | "reconnect" | "restart"): number {
  switch (poolSwitch) {
    case "none":
      return 60;
    case "reconnect":
      return 900;
    case "restart":
      return 7200;
  }
}

/** Accepted difficulty of both legs since the terms began, carried over midnight and restarts; 0 or more. */
export interface LegWork {
  coopDifficulty: bigint;
  memberDifficulty: bigint;
  /** The co-op's part, 0 to 1,000,000. */
  targetPpm: number;
}

/** Limit on repaying after an outage (`catch_up.max_share_ppm` of the terms). */
export interface CatchUp {
  /** Most of the work that the leg being repaid may take, ppm; its own share is never cut. */
  maxSharePpm: number;
  /** Accepted difficulty of both legs lately: the window in which `maxSharePpm` holds, about ten slots. */
  recentCoopDifficulty: bigint;
  recentMemberDifficulty: bigint;
}

/**
 * The leg that works in the next slot: the co-op when it has less than its share of all accepted work, else
 * the member (settlement.md §5). This keeps the ratio within one slot of the target in the long run.
 *
 * The catch-up limits are enforced like this: the leg that is behind steps aside for a slot whenever it already
 * had `maxSharePpm` of the recent work, so a debt is repaid slowly instead of at once; and before each choice
 * the caller passes the counters through `boundDebt`, which cuts debt older than the horizon off.
 *
 * @param catchUp Null: repay without limit.
 */
export function chooseLeg(input: LegWork & { catchUp: CatchUp | null }): "coop" | "member" {
  const target = BigInt(input.targetPpm);
  // At the ends nothing is ever owed to the other leg, also before the first share.
  if (target >= WHOLE_PPM) return "coop";
  if (target <= 0n) return "member";
  const owed = debtPpm(input);
  const wanted = owed > 0n ? "coop" : "member";
  return mayWork(wanted, target, input.catchUp) ? wanted : otherLeg(wanted);
}

/**
 * Cuts the debt between the legs down to what may still be repaid (`catch_up.horizon_hours` of the terms): the
 * older part leaves the counters and is only money owed or forgiven, as the ledger's debt line shows.
 *
 * @param horizonDifficulty Most debt that may be repaid: the work of `horizon_hours`; 0 or more.
 * @returns The counters to go on with, and what was cut off: positive when the co-op lost it.
 */
export function boundDebt(
  work: LegWork,
  horizonDifficulty: bigint,
): { coopDifficulty: bigint; memberDifficulty: bigint; writtenOff: bigint } {
  const owed = debtPpm(work);
  const limit = horizonDifficulty * WHOLE_PPM;
  const excess = owed > limit ? owed - limit : owed < -limit ? owed + limit : 0n;
  const target = BigInt(work.targetPpm);
  const { coopDifficulty, memberDifficulty } = work;
  if (excess > 0n && target < WHOLE_PPM) {
    // One more share of the co-op lowers its debt by 1 - p.
    const added = excess / (WHOLE_PPM - target);
    return { coopDifficulty: coopDifficulty + added, memberDifficulty, writtenOff: excess / WHOLE_PPM };
  }
  if (excess < 0n && target > 0n) {
    const added = -excess / target;
    return { coopDifficulty, memberDifficulty: memberDifficulty + added, writtenOff: excess / WHOLE_PPM };
  }
  return { coopDifficulty, memberDifficulty, writtenOff: 0n };
}

/** Difficulty that the co-op is behind its share, in millionths; negative when the member is behind. */
function debtPpm({ coopDifficulty, memberDifficulty, targetPpm }: LegWork): bigint {
  return BigInt(targetPpm) * (coopDifficulty + memberDifficulty) - WHOLE_PPM * coopDifficulty;
}

function mayWork(leg: "coop" | "member", target: bigint, catchUp: CatchUp | null): boolean {
  if (catchUp === null) return true;
  const coop = catchUp.recentCoopDifficulty;
  const total = coop + catchUp.recentMemberDifficulty;
  const own = leg === "coop" ? coop : total - coop;
  const ownShare = leg === "coop" ? target : WHOLE_PPM - target;
  const most = BigInt(catchUp.maxSharePpm) > ownShare ? BigInt(catchUp.maxSharePpm) : ownShare;
  return most >= WHOLE_PPM || total === 0n || own * WHOLE_PPM < most * total;
}

function otherLeg(leg: "coop" | "member"): "coop" | "member" {
  return leg === "coop" ? "member" : "coop";
}
