import { type ControlState, decide, restoreState } from "../control/decide.ts";
import type { ControlConfig, MinerCommand, MinerProfile, Override, Snapshot } from "../control/types.ts";
import type { LoggedTick } from "../ledger/decision-log.ts";
import type { StateStore } from "../ledger/state-store.ts";
import type { Clock } from "../model/clock.ts";
import type { HearthConfig } from "../model/config.ts";
import type { Decision } from "../model/decision.ts";
import { localTime } from "../settlement/day.ts";
import { priceAt } from "../settlement/tariff.ts";
import { toControlConfig } from "./control-config.ts";
import type { EventBook } from "./event-book.ts";
import type { InputBoard } from "./input-board.ts";
import type { MinerKeeper } from "./miner-keeper.ts";

const STATE_KEY = "control";
const OVERRIDES_KEY = "overrides";

export interface BrainOptions {
  config: HearthConfig;
  clock: Clock;
  store: StateStore;
  board: InputBoard;
  keepers: readonly MinerKeeper[];
  book: EventBook;
  coopContactMs: () => number | null;
  minedUsdKwh: () => number | null;
  deviceSeed: string;
  /** A person has changed what they want. */
  onWish: () => void;
}

/** One decided tick. */
export interface DecidedTick {
  decision: Decision;
  commands: MinerCommand[];
  /** All that it takes to decide it again. */
  record: LoggedTick;
}

/** Feeds the pure core: gathers what is known into a snapshot, decides, keeps the state over restarts. */
export function createBrain(options: BrainOptions) {
  const { config, clock, store, board, keepers, book } = options;
  // A meter read over HTTP tells the value of the last moment; the rest of control.md's L is its own smoothing.
  const meterLatencyS = 2;
  const zones = config.zones.map((zone) => zone.name);
  let controlConfig: ControlConfig | null = null;
  let state: ControlState | null = null;
  /** State of the last tick before a new start inside this process. */
  let left: ControlState | null = null;
  let latest: Decision | null = null;
  let overrides = store.get<Override[]>(OVERRIDES_KEY) ?? [];

  const profiles = (): MinerProfile[] => keepers.map((keeper) => keeper.profile());

  const refreshConfig = (): ControlConfig => {
    const known = profiles();
    const isSame = controlConfig && JSON.stringify(controlConfig.miners) === JSON.stringify(known);
    if (!controlConfig || !isSame) {
      controlConfig = toControlConfig(config, known, options.deviceSeed, meterLatencyS);
    }
    return controlConfig;
  };

  const snapshot = (): Snapshot => {
    const wallMs = clock.nowMs();
    const contactMs = options.coopContactMs();
    return {
      monoMs: clock.monoMs(),
      wallMs,
      local: localTime(wallMs, config.home.tz),
      isClockSynced: wallMs > Date.UTC(2024, 0, 1),
      gridW: board.latest("grid"),
      pvW: board.latest("pv"),
      batteryW: board.latest("battery_power"),
      socPercent: board.latest("battery_soc"),
      outdoorC: board.latest("outdoor"),
      ghiWm2: board.latest("ghi"),
      voltageV: board.latest("voltage"),
      roomC: board.rooms(),
      prices: priceAt(config.tariff, wallMs),
      minedUsdKwh: options.minedUsdKwh(),
      miners: keepers.map((keeper) => keeper.snapshot()),
      events: book.forControl(),
      coop: {
        isPaired: config.coop !== null,
        lastContactAgeS: contactMs === null ? null : Math.max(0, (wallMs - contactMs) / 1000),
      },
      overrides,
    };
  };

  const restored = (rules: ControlConfig, { monoMs, wallMs }: Snapshot): ControlState => {
    if (left?.lastMono == null || left.lastWallMs === null)
      return restoreState(store.get(STATE_KEY), rules, monoMs, wallMs);
    // The monotonic clock has run on, whatever the other did meanwhile.
    return restoreState(left, rules, monoMs, left.lastWallMs + (monoMs - left.lastMono));
  };

  return {
    zones,
    decision: () => latest,
    /** One tick: what to do now. The caller carries the commands out. */
    tick(): DecidedTick {
      const rules = refreshConfig();
      const seen = snapshot();
      const before = state ?? restored(rules, seen);
      const { commands, decision, state: after } = decide(seen, before, rules);
      state = after;
      latest = decision;
      const record = { config: rules, before, after, snapshot: seen, commands, decision };
      return { decision, commands, record: { atMs: seen.wallMs, ...record } };
    },
    /**
     * The next tick starts as after a restart: with minimum times, starts of today, latches and events, and with
     * nothing that must be seen again.
     */
    startOver(): void {
      if (state) left = state;
      state = null;
    },
    /** Those not over. The others stay stored until the next change: the clock may have been wrong for a while. */
    overrides: () => overrides.filter(({ untilMs }) => untilMs === null || untilMs > clock.nowMs()),
    setOverrides(next: Override[]): void {
      overrides = next;
      options.onWish();
      store.set(OVERRIDES_KEY, overrides);
    },
    save(): void {
      const known = state ?? left;
      if (known) store.set(STATE_KEY, known);
    },
  };
}

export type Brain = ReturnType<typeof createBrain>;
