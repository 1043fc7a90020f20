import { isSameShare } from "../app/split-apply.ts";
import { createSplitMechanisms, splitMechanismOf } from "../app/split-mechanism.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { StateStore } from "../ledger/state-store.ts";
import type { Clock } from "../model/clock.ts";
import type { SplitTerms } from "../model/terms.ts";
import type { SplitProof } from "../model/view.ts";
import { fullUser } from "../settlement/payee.ts";
import { proveSplit } from "../settlement/split-proof.ts";
import { coopSharePpm } from "../settlement/terms.ts";
import { workerName } from "../settlement/worker-code.ts";
import type { MinerKeeper } from "./miner-keeper.ts";
import { createSlicer, type Slicer, type SliceSwitch } from "./slicer.ts";
import { createWorkMeter, legOf, type MinerLeg, type WorkMeter } from "./work-meter.ts";

export interface ActiveTerms {
  terms: SplitTerms;
  sha256: string;
  /** When they took effect here, ms. */
  sinceMs: number;
}

interface Watched {
  keeper: MinerKeeper;
  meter: WorkMeter;
  slicer: Slicer;
  legs: MinerLeg[];
  drift: string[];
}

/** The legs of one miner: the terms' pools with this device's worker name (settlement.md §7). */
export function legsFor(terms: SplitTerms, deviceIndex: number): MinerLeg[] {
  return terms.legs.map((leg) => ({
    role: leg.role,
    url: leg.pool,
    user: fullUser(leg.user, workerName(terms.member, deviceIndex)),
  }));
}

/** Watches the split of every miner: slices time, counts work, compares the pools with the terms. */
export function createSplitWatch(options: {
  active: ActiveTerms;
  keepers: readonly MinerKeeper[];
  store: StateStore;
  ledger: Ledger;
  clock: Clock;
  onSwitch: (miner: string, change: SliceSwitch) => void;
}) {
  const { active, store, ledger, clock } = options;
  const targetPpm = coopSharePpm(active.terms);
  const watched: Watched[] = options.keepers.map((keeper, index) => ({
    keeper,
    meter: createWorkMeter(keeper.config.name, store, active.sha256.slice(0, 16)),
    slicer: createSlicer(keeper, clock),
    legs: legsFor(active.terms, index + 1),
    drift: [],
  }));

  const kept = createSplitMechanisms(store);
  /** As the miner says now, else as it last said. */
  const mechanismOf = ({ keeper }: Watched): string => {
    const capabilities = keeper.capabilities();
    const known = capabilities ? splitMechanismOf(capabilities) : kept.of(keeper.config.id);
    return known?.mechanism ?? "unknown";
  };
  const mechanisms = () =>
    Object.fromEntries(watched.map((entry) => [entry.keeper.config.name, mechanismOf(entry)]));

  return {
    active,
    targetPpm,
    mechanisms,
    /** After each reading of a miner: count, compare, and switch when a slot is over. */
    async afterReading(keeper: MinerKeeper, signal: AbortSignal): Promise<void> {
      const entry = watched.find((candidate) => candidate.keeper === keeper);
      const reading = keeper.latest()?.reading;
      if (!entry || !reading) return;
      entry.meter.observe(clock.nowMs(), reading, entry.legs);
      const drift =
        reading.pools.length === 0
          ? entry.drift
          : [...driftOf(keeper, entry.legs), ...shareDriftOf(keeper, entry.legs, active.terms)];
      if (drift.join() !== entry.drift.join()) {
        ledger.append("config.drift", { miner: keeper.config.name, drift }, clock.nowMs());
        entry.drift = drift;
      }
      const change = await entry.slicer.step(entry.legs, entry.meter.totals(), targetPpm, signal);
      if (change) options.onSwitch(keeper.config.name, change);
    },
    /** The proof over everything since the terms took effect (settlement.md §4). */
    proof(): SplitProof {
      return proveSplit({
        targetPpm,
        legs: (["coop", "member"] as const).map((role) => {
          const totals = watched.map(({ meter }) => meter.totals()[role]);
          const acceptedDifficulty = totals.reduce((sum, total) => sum + total.accepted, 0n);
          const shares = totals.reduce((sum, total) => sum + total.shares, 0);
          return {
            role,
            acceptedDifficulty,
            shares: Math.round(shares),
            meanShareDifficulty: shares > 0 ? Number(acceptedDifficulty) / shares : null,
          };
        }),
        largestSlotDifficulty: largestSlot(watched.filter((entry) => mechanismOf(entry) === "time-slice")),
        drift: watched.flatMap(({ drift }) => drift),
        window: { startMs: active.sinceMs, endMs: clock.nowMs() },
        mechanisms: mechanisms(),
      });
    },
    drift: () => watched.flatMap((entry) => entry.drift),
    /** Miners whose switching was given up after two failures. */
    givenUp: () =>
      watched.filter((entry) => entry.slicer.view().isGivenUp).map((entry) => entry.keeper.config.name),
    save(): void {
      for (const { keeper, meter } of watched) {
        meter.save();
        const capabilities = keeper.capabilities();
        if (capabilities) kept.keep(keeper.config.id, splitMechanismOf(capabilities));
      }
    },
  };
}

export type SplitWatch = ReturnType<typeof createSplitWatch>;

/** Differences between the pools in the device and the terms, in words (settlement.md §4.1). */
function driftOf(keeper: MinerKeeper, legs: readonly MinerLeg[]): string[] {
  const pools = keeper.latest()?.reading.pools ?? [];
  const name = keeper.config.name;
  const missing = legs
    .filter((leg) => !pools.some((pool) => legOf(pool, [leg])))
    .map((leg) => `${name}: the ${leg.role} pool ${leg.url} with user ${leg.user} is not set`);
  const strangers = pools
    .filter(
      (pool) => pool.role !== "dev_fee" && pool.url !== "" && pool.state !== "disabled" && !legOf(pool, legs),
    )
    .map((pool) => `${name}: work can go to ${pool.url} (${pool.user}), which is not in the terms`);
  return [...missing, ...strangers];
}

/** Shares that the firmware keeps itself and that are not those of the terms. */
function shareDriftOf(keeper: MinerKeeper, legs: readonly MinerLeg[], terms: SplitTerms): string[] {
  const capabilities = keeper.capabilities();
  if (!capabilities || capabilities.split === "none") return [];
  return (keeper.latest()?.reading.pools ?? []).flatMap((pool) => {
    const role = legOf(pool, legs);
    const agreedPpm = terms.legs.find((leg) => leg.role === role)?.share_ppm;
    if (agreedPpm === undefined || pool.sharePpm === null) return [];
    if (isSameShare(pool.sharePpm, agreedPpm, capabilities.splitStepPpm)) return [];
    const [set, agreed] = [pool.sharePpm, agreedPpm].map((ppm) => `${ppm / 10_000} %`);
    return [
      `${keeper.config.name}: its firmware sends ${set} of the work to the ${role} pool, the terms say ${agreed}`,
    ];
  });
}

/** Difficulty done in the longest slot by the strongest miner: a slot is a step of the measured share. */
function largestSlot(watched: readonly Watched[]): number | null {
  let sum: number | null = null;
  for (const { keeper, slicer } of watched) {
    // What it does when it runs: a miner that rests now may still stand in the middle of a slot.
    const { thsPerW } = keeper.learnt();
    if (thsPerW === null) continue;
    const hashrateThs = thsPerW * keeper.profile().maxW;
    sum = (sum ?? 0) + (hashrateThs * 1e12 * slicer.view().slotS) / 2 ** 32;
  }
  return sum;
}
