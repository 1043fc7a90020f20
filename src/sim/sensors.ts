import type { Random } from "./random.ts";

/** Thermometer in the room: lags, rounds, reports about once a minute (control.md §14). */
export class RoomSensor {
  /** Last report, degC in steps of 0.1. */
  valueC: number;
  /** When it came, ms; the start until the first one. */
  reportedMs: number;
  #laggedC: number;
  #nextReportMs: number;
  readonly #random: Random;

  constructor(startC: number, startMs: number, random: Random) {
    this.#laggedC = startC;
    this.#random = random;
    this.valueC = toTenth(startC);
    this.reportedMs = startMs;
    this.#nextReportMs = startMs;
  }

  /** One second of room air at `roomC`, ending at `nowMs`. */
  step(nowMs: number, roomC: number): void {
    this.#laggedC += (roomC - this.#laggedC) / LAG_S;
    if (nowMs < this.#nextReportMs) return;
    this.valueC = toTenth(this.#laggedC + this.#random.gaussian(0, ROOM_NOISE_C));
    this.reportedMs = nowMs;
    this.#nextReportMs = nowMs + (60 + this.#random.integer(-10, 10)) * 1000;
  }
}

/** Grid meter M5: a sample each 5 s, told 2 s later, whole watts, noise of 10 W (control.md §14). */
export class GridMeter {
  /** Last told sample, W, import positive. */
  gridW: number;
  /** Solar plant, W, >= 0. */
  pvW: number;
  voltageV: number;
  /** Energy counters, Wh. */
  importWh = 0;
  exportWh = 0;
  pvWh = 0;
  #waiting: { atMs: number; gridW: number; pvW: number; voltageV: number } | null = null;
  readonly #random: Random;

  /** Begins with a sample, as a meter that has run for long. */
  constructor(random: Random, first: { gridW: number; pvW: number; voltageV: number }) {
    this.#random = random;
    this.gridW = Math.round(first.gridW);
    this.pvW = Math.round(first.pvW);
    this.voltageV = first.voltageV;
  }

  /** One second ending at `nowMs` with the true power of that second. */
  step(nowMs: number, gridW: number, pvW: number, voltageV: number): void {
    if (gridW > 0) this.importWh += gridW / 3600;
    else this.exportWh -= gridW / 3600;
    this.pvWh += pvW / 3600;
    if (this.#waiting !== null && nowMs >= this.#waiting.atMs) {
      ({ gridW: this.gridW, pvW: this.pvW, voltageV: this.voltageV } = this.#waiting);
      this.#waiting = null;
    }
    if (Math.floor(nowMs / 1000) % METER_PERIOD_S !== 0) return;
    const noisyW = gridW + this.#random.gaussian(0, METER_NOISE_W);
    const sample = { gridW: Math.round(noisyW), pvW: Math.round(pvW), voltageV };
    this.#waiting = { atMs: nowMs + METER_LATENCY_S * 1000, ...sample };
  }
}

const LAG_S = 300;
const ROOM_NOISE_C = 0.05;
const METER_PERIOD_S = 5;
const METER_LATENCY_S = 2;
const METER_NOISE_W = 10;

function toTenth(value: number): number {
  return Math.round(value * 10) / 10;
}
