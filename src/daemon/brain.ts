import { decide, type initialState, restoreState } from "../control/decide.ts";
import type { ControlConfig, MinerCommand, MinerProfile, Override, Snapshot } from "../control/types.ts";
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
}

/** Feeds the pure core: gathers what is known into a snapshot, decides, keeps the state over restarts. */
export function createBrain(options: BrainOptions) {
  const { config, clock, store, board, keepers, book } = options;
  // A meter read over HTTP tells the value of the last moment; the rest of control.md's L is its own smoothing.
  const meterLatencyS = 2;
  const zones = config.zones.map((zone) => zone.name);
  let controlConfig: ControlConfig | null = null;
  let state: ReturnType<typeof initialState> | null = null;
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
    overrides = overrides.filter((entry) => entry.untilMs === null || entry.untilMs > wallMs);
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

  return {
    zones,
    decision: () => latest,
    /** One tick: what to do now. The caller carries the commands out. */
    tick(): { decision: Decision; commands: MinerCommand[]; rules: ControlConfig } {
      const rules = refreshConfig();
      state ??= restoreState(store.get(STATE_KEY), rules, clock.monoMs(), clock.nowMs());
      const result = decide(snapshot(), state, rules);
      state = result.state;
      latest = result.decision;
      return { decision: result.decision, commands: result.commands, rules };
    },
    overrides: () => overrides,
    setOverrides(next: Override[]): void {
      overrides = next;
      store.set(OVERRIDES_KEY, overrides);
    },
    save(): void {
      if (state) store.set(STATE_KEY, state);
    },
  };
}

export type Brain = ReturnType<typeof createBrain>;
