import { decide, initialState } from "#src/control/decide.ts";
import type { ControlState } from "#src/control/state.ts";
import type {
  ControlConfig,
  DecideResult,
  MinerProfile,
  MinerSnapshot,
  Reading,
  Snapshot,
  ZoneRules,
} from "#src/control/types.ts";
import type { CoopEvent } from "#src/model/coop-event.ts";

/** 2026-01-15 00:00 UTC; the tests' home lives in UTC. */
export const MIDNIGHT = Date.UTC(2026, 0, 15);

export const avalon: MinerProfile = {
  name: "heater",
  zone: "home",
  circuit: "main",
  kind: "discrete",
  stepsW: [410, 550, 640, 820],
  minW: 410,
  maxW: 820,
  canPause: true,
  idleW: 15,
  wakeS: 90,
  tauS: 10,
  rampUpWs: 50,
  rampDownWs: 200,
  restartOnChange: false,
  minOnS: 600,
  minOffS: 600,
  maxStartsDay: 12,
  hashrateThs: 37.5,
  chipLimitC: 95,
  boardLimitC: 85,
};

export const bitaxe: MinerProfile = {
  ...avalon,
  name: "axe",
  stepsW: [13, 15, 18],
  minW: 13,
  maxW: 18,
  idleW: 2,
  wakeS: 10,
  tauS: 3,
  hashrateThs: 1.2,
};

export const c3500: MinerProfile = {
  ...avalon,
  name: "big",
  kind: "continuous",
  stepsW: [],
  minW: 800,
  maxW: 3500,
  tauS: 20,
  rampUpWs: 20,
  rampDownWs: 100,
  minOffS: 300,
};

export const homeZone: ZoneRules = {
  name: "home",
  setC: 20,
  floorC: 15,
  maxC: 26,
  overheatC: 35,
  rearmC: 28,
  flexDnC: 1,
  flexUpC: 2,
  policy: "comfort",
  hasBackupHeat: false,
  isWater: false,
  onSensorLoss: { kind: "duty" },
  schedule: [],
  uaWk: 33,
  baseGainW: 60,
  solarAreaM2: 0,
};

export function makeConfig(changes: Partial<ControlConfig> = {}): ControlConfig {
  return {
    tickS: 5,
    reserveW: 50,
    rideThroughWh: 50,
    altHeatUsdKwh: 0.12,
    coopOfflineLimitW: null,
    observeS: 30,
    meterLatencyS: 2,
    panel: { mainA: 100, voltageV: 240, userCapW: null, noMeterCapW: null },
    circuits: [{ name: "main", breakerA: 20, voltageV: 120, rated100: false, otherW: 0 }],
    zones: [homeZone],
    miners: [avalon, bitaxe],
    deviceSeed: "test-home",
    hasGridMeter: true,
    ...changes,
  };
}

export function peakEvent(changes: Partial<CoopEvent> = {}): CoopEvent & { isOptedOut: boolean } {
  return {
    id: "peak-1",
    version: 1,
    issuedMs: MIDNIGHT,
    startMs: MIDNIGHT + 17 * 3_600_000,
    endMs: MIDNIGHT + 19 * 3_600_000,
    type: "limit",
    priority: "peak",
    limitW: 500,
    raiseW: null,
    floorW: 0,
    noticeS: 14_400,
    source: "test",
    isCancelled: false,
    isOptedOut: false,
    ...changes,
  };
}

interface DeviceState {
  profile: MinerProfile;
  isOn: boolean;
  targetW: number;
  powerW: number;
  sinceMs: number;
  starts: number;
}

/** World values of a bench home; change them between ticks. Null is a source that says nothing. */
export interface World {
  pvW: number | null;
  loadW: number;
  outdoorC: number | null;
  /** When set, the room is held at this temperature; null: the 1R1C room decides. */
  fixedRoomC: number | null;
  /** Overrides what the grid meter shows; undefined: the truth. */
  gridW: number | null | undefined;
  roomC: number | null | undefined;
  isMeterSilent: boolean;
  isRoomSilent: boolean;
  /** Devices that ignore commands. */
  deaf: string[];
  /** Devices that do not answer polls. */
  gone: string[];
  extra: Partial<Snapshot>;
  device: Partial<NonNullable<MinerSnapshot["reading"]>>;
}

/** A tiny closed loop: discrete miners, a 1R1C room, a grid meter. The plant of the tests. */
export class BenchHome {
  config: ControlConfig;
  state: ControlState;
  monoMs: number;
  wallMs: number;
  roomC: number;
  world: World;
  results: DecideResult<ControlState>[] = [];
  readonly devices: DeviceState[];
  readonly capacityJ: number;
  #seq = 0;
  #lastGrid: Reading | null = null;
  #lastRoom: Reading | null = null;
  #lastMiners = new Map<string, MinerSnapshot["reading"]>();
  #missed = new Map<string, number>();

  constructor(
    config = makeConfig(),
    options: { startMs?: number; monoMs?: number; roomC?: number; capacityJ?: number } = {},
  ) {
    this.config = config;
    this.monoMs = options.monoMs ?? 1_000_000;
    this.wallMs = options.startMs ?? MIDNIGHT + 12 * 3_600_000;
    this.roomC = options.roomC ?? 20.5;
    this.capacityJ = options.capacityJ ?? 3.5e6;
    this.state = initialState(config, this.monoMs);
    this.devices = config.miners.map((profile) => ({
      profile,
      isOn: false,
      targetW: 0,
      powerW: profile.idleW,
      sinceMs: this.wallMs,
      starts: 0,
    }));
    this.world = {
      pvW: 0,
      loadW: 300,
      outdoorC: 0,
      fixedRoomC: null,
      gridW: undefined,
      roomC: undefined,
      isMeterSilent: false,
      isRoomSilent: false,
      deaf: [],
      gone: [],
      extra: {},
      device: {},
    };
  }

  get minersW(): number {
    return this.devices.reduce((sum, device) => sum + device.powerW, 0);
  }

  get last(): DecideResult<ControlState> {
    const last = this.results.at(-1);
    if (!last) throw new Error("no tick yet");
    return last;
  }

  snapshot(): Snapshot {
    const { world } = this;
    this.#seq += 1;
    const reading = (value: number | null): Reading => ({
      value,
      receivedMono: this.monoMs,
      seq: this.#seq,
      maxAgeS: null,
    });
    const gridW = world.gridW === undefined ? world.loadW + this.minersW - (world.pvW ?? 0) : world.gridW;
    if (!world.isMeterSilent) this.#lastGrid = reading(gridW);
    if (!world.isRoomSilent)
      this.#lastRoom = reading(world.roomC === undefined ? (world.fixedRoomC ?? this.roomC) : world.roomC);
    const secondOfDay = Math.floor((this.wallMs - MIDNIGHT) / 1000);
    const day = Math.floor(secondOfDay / 86_400);
    return {
      monoMs: this.monoMs,
      wallMs: this.wallMs,
      local: {
        isoWeekday: ((3 + day) % 7) + 1,
        minuteOfDay: Math.floor((secondOfDay - day * 86_400) / 60),
        day: new Date(this.wallMs).toISOString().slice(0, 10),
      },
      isClockSynced: true,
      gridW: this.#lastGrid,
      pvW: world.pvW === null ? null : reading(world.pvW),
      batteryW: null,
      socPercent: null,
      outdoorC: world.outdoorC === null ? null : reading(world.outdoorC),
      ghiWm2: null,
      voltageV: null,
      roomC: { home: this.#lastRoom },
      prices: { importUsdKwh: null, exportUsdKwh: null, highestImportUsdKwh: null },
      minedUsdKwh: null,
      miners: this.devices.map((device) => this.#minerSnapshot(device)),
      events: [],
      coop: { isPaired: true, lastContactAgeS: 10 },
      overrides: [],
      ...world.extra,
    };
  }

  #minerSnapshot(device: DeviceState): MinerSnapshot {
    const { profile } = device;
    const isGone = this.world.gone.includes(profile.name);
    this.#missed.set(profile.name, isGone ? (this.#missed.get(profile.name) ?? 0) + 1 : 0);
    if (!isGone) {
      const isWaking = device.isOn && this.wallMs - device.sinceMs < profile.wakeS * 1000;
      const step = profile.stepsW.indexOf(device.targetW);
      this.#lastMiners.set(profile.name, {
        state: device.isOn ? (isWaking ? "starting" : "mining") : "paused",
        powerW: Math.round(device.powerW),
        powerSource: "measured",
        chipMaxC: 60,
        boardC: 55,
        inletC: null,
        hasFanFault: false,
        stepIndex: device.isOn && step >= 0 ? step : null,
        receivedMono: this.monoMs,
        seq: this.#seq,
        ...(profile.name === this.config.miners[0]?.name ? this.world.device : {}),
      });
    }
    return {
      name: profile.name,
      reading: this.#lastMiners.get(profile.name) ?? null,
      missedPolls: this.#missed.get(profile.name) ?? 0,
      isSwitchingPool: false,
    };
  }

  /** One tick: decide, obey, let the plant run on for the tick. */
  tick(): DecideResult<ControlState> {
    const result = decide(this.snapshot(), this.state, this.config);
    this.state = result.state;
    this.results.push(result);
    if (this.results.length > 2000) this.results.shift();
    for (const command of result.commands) {
      const device = this.devices.find((entry) => entry.profile.name === command.miner);
      if (!device || this.world.deaf.includes(command.miner)) continue;
      if (command.targetW > 0 && !device.isOn) device.starts += 1;
      if (command.targetW > 0 !== device.isOn) device.sinceMs = this.wallMs;
      device.isOn = command.targetW > 0;
      device.targetW = command.targetW;
    }
    this.#runPlant(this.config.tickS);
    return result;
  }

  #runPlant(seconds: number): void {
    for (const device of this.devices) {
      const { profile } = device;
      const isAwake = device.isOn && this.wallMs - device.sinceMs >= profile.wakeS * 1000;
      const goalW = isAwake ? device.targetW : profile.idleW;
      device.powerW += (goalW - device.powerW) * (1 - Math.exp(-seconds / profile.tauS));
    }
    const zone = this.config.zones[0] ?? homeZone;
    const flowW = this.minersW + zone.baseGainW - zone.uaWk * (this.roomC - (this.world.outdoorC ?? 0));
    this.roomC = this.world.fixedRoomC ?? this.roomC + (flowW * seconds) / this.capacityJ;
    this.monoMs += seconds * 1000;
    this.wallMs += seconds * 1000;
  }

  run(seconds: number, each?: (result: DecideResult<ControlState>) => void): this {
    for (let passed = 0; passed < seconds; passed += this.config.tickS) {
      const result = this.tick();
      each?.(result);
    }
    return this;
  }

  /** The miners as if they had been running at this rung for long. */
  startAt(watts: number): this {
    for (const device of this.devices) {
      const { profile } = device;
      const step = profile.stepsW.findLast((w) => w <= watts) ?? (profile.kind === "continuous" ? watts : 0);
      device.isOn = step > 0;
      device.targetW = step;
      device.powerW = step > 0 ? step : profile.idleW;
      device.sinceMs = this.wallMs - 86_400_000;
    }
    return this;
  }
}
