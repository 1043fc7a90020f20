import type { Clock } from "../model/clock.ts";
import type { EmulatedMiner, MinerModel, MinerSetup } from "./emulated-miner.ts";
import { startMiner } from "./emulators.ts";
import { startJsonDevice } from "./home-web.ts";
import { House, type HousePreset } from "./house.ts";
import { createRandom } from "./random.ts";
import type { RecordedDay } from "./recorded-day.ts";
import { GridMeter, RoomSensor } from "./sensors.ts";
import type { SimClock } from "./sim-clock.ts";
import { createTicker } from "./ticker.ts";
import { createWeather } from "./weather.ts";

/** What is really so in the home, whatever the sensors say. Watts at the wall. */
export interface HomeTruth {
  nowMs: number;
  roomC: number;
  outdoorC: number;
  ghiWm2: number;
  /** AC power of the solar plant, W, >= 0. */
  pvW: number;
  /** Household without miners, W, >= 0. */
  loadW: number;
  /** All miners, W, >= 0. */
  heaterW: number;
  /** Import positive: load + heater - pv. */
  gridW: number;
  /** Draw of each miner by name, W. */
  miners: Record<string, number>;
}

export interface HomeOptions {
  clock: SimClock | Clock;
  seed: number;
  /** Laid on civil days of `tz` from the day of `startMs` on. */
  days: readonly RecordedDay[];
  startMs: number;
  tz: string;
  house: HousePreset;
  /** Factor on the recorded household load. */
  loadScale: number;
  startRoomC: number;
  miners: readonly MinerSetup[];
  /** Times in which the grid meter resets every connection. */
  meterSilent?: readonly { fromMs: number; toMs: number }[];
  /** False: the miners stand there switched off. True when absent. */
  startsMining?: boolean;
  /** Mean number of windows opened for a quarter of an hour per day; 1 when absent (control.md §14). */
  windowsPerDay?: number;
  /** Lost commands and deaf devices as in control.md §14; true when absent. */
  hasDeviceLuck?: boolean;
}

/** A running home: real sockets around a simulated plant. */
export interface SimHome {
  miners: { name: string; model: MinerModel; id: string; host: string; port: number }[];
  /** Shelly EM: `GET {meterUrl}/status`, emeters[0] grid (import +), emeters[1] solar. */
  meterUrl: string;
  /** `GET {thermometerUrl}/status`: `tmp.value`, degC. */
  thermometerUrl: string;
  /** `GET {weatherUrl}/status`: `outdoor_c`, `ghi_wm2`. */
  weatherUrl: string;
  /** The emulators themselves, for faults and mains cuts. */
  devices: EmulatedMiner[];
  truth(): HomeTruth;
  /** Called for every simulated second, also those that the clock jumped over. The object is used again. */
  onSecond(listener: (truth: HomeTruth) => void): void;
  close(): Promise<void>;
}

/** Starts the home at the clock's present time. Throws `PORT_TAKEN` (exit 3). */
export async function startHome(options: HomeOptions): Promise<SimHome> {
  const { clock } = options;
  const random = createRandom(options.seed, "home");
  const ticker = createTicker(clock);
  const devices: EmulatedMiner[] = [];
  const weather = createWeather(options.days, options.startMs, options.tz, options.loadScale);
  const house = new House(options.house, options.startRoomC, weather(clock.nowMs()).outdoorC);
  for (const setup of options.miners) {
    devices.push(await startMiner({ ...luckOf(options), ...setup, ticker, inletC: () => house.roomC }));
  }
  const plant = new Plant({ options, weather, house, devices, random });
  ticker.add((nowMs) => plant.step(nowMs));
  const { meter, thermometer, outdoor } = await startSensors(options, plant);
  return {
    miners: devices.map(({ name, model, id, host, port }) => ({ name, model, id, host, port })),
    meterUrl: meter.url,
    thermometerUrl: thermometer.url,
    weatherUrl: outdoor.url,
    devices,
    truth: () => ({ ...plant.truth, miners: { ...plant.truth.miners } }),
    onSecond: (listener) => {
      ticker.add(() => listener(plant.truth));
    },
    close: async () => {
      ticker.close();
      await Promise.all([...devices, meter, thermometer, outdoor].map((part) => part.close()));
    },
  };
}

const HOUSE_STEP_S = 5;
const WINDOW_S = 900;
const WINDOW_FACTOR = 5;
const DAY_S = 86_400;

function luckOf(options: HomeOptions) {
  const isOn = options.hasDeviceLuck ?? true;
  return {
    clock: options.clock,
    seed: options.seed,
    startsMining: options.startsMining ?? true,
    lostCommandPart: isOn ? 1 / 500 : 0,
    deafPart: isOn ? 1 / 2000 : 0,
  };
}

/** House, sensors and balance of power; steps after the miners. */
class Plant {
  readonly truth: HomeTruth;
  readonly meter: GridMeter;
  readonly thermometer: RoomSensor;
  readonly #parts: PlantParts;
  readonly #windowLuck;
  readonly #windowChance: number;
  #windowUntilMs = 0;

  constructor(parts: PlantParts) {
    const { options, house, random } = parts;
    this.#parts = parts;
    const nowMs = options.clock.nowMs();
    this.truth = {
      nowMs,
      roomC: house.roomC,
      outdoorC: 0,
      ghiWm2: 0,
      pvW: 0,
      loadW: 0,
      heaterW: 0,
      gridW: 0,
      miners: {},
    };
    this.thermometer = new RoomSensor(house.roomC, nowMs, random.fork("thermometer"));
    this.#windowLuck = random.fork("window");
    this.#windowChance = ((options.windowsPerDay ?? 1) * HOUSE_STEP_S) / DAY_S;
    const voltageV = this.#balance(nowMs);
    this.meter = new GridMeter(random.fork("meter"), { ...this.truth, voltageV });
  }

  step(nowMs: number): void {
    const voltageV = this.#balance(nowMs);
    if (Math.floor(nowMs / 1000) % HOUSE_STEP_S === 0) this.#warm(nowMs);
    this.thermometer.step(nowMs, this.truth.roomC);
    this.meter.step(nowMs, this.truth.gridW, this.truth.pvW, voltageV);
  }

  #balance(nowMs: number): number {
    const { weather, devices } = this.#parts;
    const { truth } = this;
    const moment = weather(nowMs);
    truth.nowMs = nowMs;
    truth.outdoorC = moment.outdoorC;
    truth.ghiWm2 = moment.ghiWm2;
    truth.pvW = moment.pvW;
    truth.loadW = moment.loadW;
    truth.heaterW = 0;
    for (const device of devices) {
      const wallW = device.wallW();
      truth.miners[device.name] = wallW;
      truth.heaterW += wallW;
    }
    truth.gridW = truth.loadW + truth.heaterW - truth.pvW;
    return moment.voltageV;
  }

  #warm(nowMs: number): void {
    const { house } = this.#parts;
    if (this.#windowLuck.chance(this.#windowChance)) this.#windowUntilMs = nowMs + WINDOW_S * 1000;
    const windowFactor = nowMs < this.#windowUntilMs ? WINDOW_FACTOR : 1;
    house.step(HOUSE_STEP_S, { ...this.truth, windowFactor });
    this.truth.roomC = house.roomC;
  }
}

interface PlantParts {
  options: HomeOptions;
  weather: ReturnType<typeof createWeather>;
  house: House;
  devices: readonly EmulatedMiner[];
  random: ReturnType<typeof createRandom>;
}

async function startSensors(options: HomeOptions, plant: Plant) {
  const silent = options.meterSilent ?? [];
  const isSilent = () => {
    const nowMs = options.clock.nowMs();
    return silent.some(({ fromMs, toMs }) => nowMs >= fromMs && nowMs < toMs);
  };
  const identity = (type: string, mac: string) => () => ({
    type,
    mac,
    auth: false,
    fw: "20230913-114244/v1.14.0",
  });
  const { meter: grid, thermometer: room, truth } = plant;
  const meter = await startJsonDevice(
    { "/shelly": identity("SHEM", "024800EE0001"), "/status": () => emStatus(grid, options.clock.nowMs()) },
    isSilent,
  );
  const thermometer = await startJsonDevice({
    "/shelly": identity("SHHT-1", "024800EE0002"),
    "/status": () => ({
      unixtime: Math.floor(options.clock.nowMs() / 1000),
      tmp: { value: room.valueC, units: "C", tC: room.valueC, is_valid: true },
      bat: { value: 88, voltage: 2.91 },
    }),
  });
  const weather = () => ({
    outdoor_c: Math.round(truth.outdoorC * 10) / 10,
    ghi_wm2: Math.round(truth.ghiWm2),
  });
  const outdoor = await startJsonDevice({ "/": weather, "/status": weather });
  return { meter, thermometer, outdoor };
}

/** Shelly Gen1 EM (sources.md §1.1): watts signed, counters in Wh. */
function emStatus(meter: GridMeter, nowMs: number): unknown {
  const phase = (power: number, total: number, returned: number) => ({
    power,
    reactive: 0,
    voltage: meter.voltageV,
    pf: 0.98,
    is_valid: true,
    total: Math.floor(total * 10) / 10,
    total_returned: Math.floor(returned * 10) / 10,
  });
  return {
    unixtime: Math.floor(nowMs / 1000),
    emeters: [phase(meter.gridW, meter.importWh, meter.exportWh), phase(meter.pvW, meter.pvWh, 0)],
  };
}
