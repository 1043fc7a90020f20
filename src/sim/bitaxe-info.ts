import { type BitaxeDevice, frequencyOptions, type PoolSlot, voltageOptions } from "./bitaxe-device.ts";

export type AxeosFirmware = "2.14" | "2.15";

/** `GET /api/system/info` (miners.md §4.1). Not-a-number leaves as `null`, as in the firmware. */
export function infoBody(device: BitaxeDevice, firmware: AxeosFirmware): Record<string, unknown> {
  const { stored: settings } = device;
  return {
    ...measured(device),
    ...work(device),
    version: `v${firmware}.0`,
    axeOSVersion: `v${firmware}.0`,
    boardVersion: "601",
    ASICModel: "BM1370",
    maxPower: 40,
    nominalVoltage: 5,
    macAddr: device.mac.toUpperCase(),
    hostname: settings.hostname,
    ...(firmware === "2.15"
      ? { fullHostname: `${settings.hostname}.local`, mdnsHostname: settings.hostname, ...poolSlots(device) }
      : {}),
    ...legacyPools(device),
    coreVoltage: settings.coreVoltage,
    frequency: settings.frequency,
    autofanspeed: settings.autofanspeed,
    temptarget: settings.temptarget,
    uptimeSeconds: device.uptimeS,
    miningPaused: device.isResting,
    overheat_mode: device.faults.active("hot") ? 1 : 0,
    ...(device.faults.active("fan") ? { hardware_fault: "Fan stopped" } : {}),
    useFallbackStratum: settings.useFallbackStratum,
    isUsingFallbackStratum: device.isUsingFallback ? 1 : 0,
  };
}

/** `GET /api/system/asic`. */
export function asicBody(): Record<string, unknown> {
  return {
    ASICModel: "BM1370",
    deviceModel: "Gamma",
    swarmColor: "green",
    asicCount: 1,
    defaultFrequency: 525,
    frequencyOptions,
    defaultVoltage: 1150,
    voltageOptions,
  };
}

function measured(device: BitaxeDevice): Record<string, unknown> {
  const { stage, averages, stored: settings } = device;
  const isPowered = device.isHashing;
  const powerW = stage.powerW;
  const inputMv = 5100 - 2 * powerW;
  return {
    power: round(powerW, 2),
    voltage: round(inputMv, 2),
    current: round((powerW / inputMv) * 1e6, 1),
    temp: isPowered ? round(device.chipC, 3) : -1,
    temp2: -1,
    vrTemp: isPowered ? Math.round(device.chipC - 5) : 0,
    coreVoltageActual: isPowered ? settings.coreVoltage - 8 : 0,
    actualFrequency: isPowered ? settings.frequency : 50,
    expectedHashrate: round(device.expectedGhs, 2),
    fanspeed: isPowered ? settings.fanspeed : 15,
    fanrpm: device.faults.active("fan") ? 0 : isPowered ? settings.fanspeed * 103 : 1500,
    fan2rpm: 0,
    hashRate: round(device.hashrateGhs, 2),
    hashRate_1m: round(averages.oneMinute, 2),
    hashRate_10m: round(averages.tenMinutes, 2),
    hashRate_1h: round(averages.oneHour, 2),
    errorPercentage: isPowered ? 0.21 : 0,
  };
}

function work(device: BitaxeDevice): Record<string, unknown> {
  const { pools } = device.work;
  const sum = (value: (pool: (typeof pools)[number]) => number) =>
    pools.reduce((total, pool) => total + value(pool), 0);
  const rejected = sum((pool) => pool.rejected);
  const best = Math.max(0, ...pools.map((pool) => pool.bestShare));
  return {
    sharesAccepted: sum((pool) => pool.accepted),
    sharesRejected: rejected,
    sharesRejectedReasons: rejected === 0 ? [] : [{ message: "Job not found", count: rejected }],
    sharesPending: 0,
    bestDiff: Math.max(best, 418_822_911),
    bestSessionDiff: best,
    poolDifficulty: device.activePool?.difficulty ?? 0,
  };
}

function poolSlots(device: BitaxeDevice): Record<string, unknown> {
  const { slots, primaryPoolIndex, secondaryPoolIndex } = device.stored;
  const pools = slots.flatMap((slot, id) =>
    slot === null ? [] : [{ id, ...slot, stratumPassword: "*****" }],
  );
  return { primaryPoolIndex, secondaryPoolIndex, pools };
}

/** The old keys are told by every version, also by those that no longer take them. */
function legacyPools(device: BitaxeDevice): Record<string, unknown> {
  const { slots, primaryPoolIndex, secondaryPoolIndex } = device.stored;
  return {
    ...legacy("stratum", slots[primaryPoolIndex]),
    ...legacy("fallbackStratum", slots[secondaryPoolIndex]),
  };
}

function legacy(prefix: string, slot: PoolSlot | null | undefined): Record<string, unknown> {
  return {
    [`${prefix}URL`]: slot?.stratumURL ?? "",
    [`${prefix}Port`]: slot?.stratumPort ?? 3333,
    [`${prefix}User`]: slot?.stratumUser ?? "",
  };
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
