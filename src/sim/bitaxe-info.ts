import { type BitaxeDevice, frequencyOptions, type PoolSlot, voltageOptions } from "./bitaxe-device.ts";
import type { AxeosFeatures } from "./bitaxe-firmware.ts";
import { rounded, withSuffix } from "./esp-web.ts";

/** `GET /api/system/info` (miners.md §4.1): what this generation tells, and nothing of later ones. */
export function infoBody(device: BitaxeDevice, features: AxeosFeatures): Record<string, unknown> {
  const { stored: settings } = device;
  const { hasSlots, canPause, version, isModern } = features;
  return {
    ...measured(device, features),
    ...work(device, features),
    version,
    boardVersion: "601",
    ASICModel: "BM1370",
    macAddr: device.mac.toUpperCase(),
    hostname: settings.hostname,
    ...(hasSlots
      ? { fullHostname: `${settings.hostname}.local`, mdnsHostname: settings.hostname, ...poolSlots(device) }
      : {}),
    ...legacyPools(device),
    coreVoltage: settings.coreVoltage,
    frequency: settings.frequency,
    uptimeSeconds: device.uptimeS,
    ...(canPause ? { miningPaused: device.isResting } : {}),
    ...(isModern ? modern(device, features) : {}),
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

/** Fields that came after 2.4; its generation has no word for a fault. */
function modern(device: BitaxeDevice, { version }: AxeosFeatures): Record<string, unknown> {
  const { autofanspeed, temptarget, useFallbackStratum, overheatMode } = device.stored;
  return {
    axeOSVersion: version,
    maxPower: 40,
    nominalVoltage: 5,
    autofanspeed,
    temptarget,
    overheat_mode: overheatMode,
    ...(device.faults.active("fan") ? { hardware_fault: "Fan stopped" } : {}),
    useFallbackStratum,
  };
}

function measured(device: BitaxeDevice, { isModern, hasAverages }: AxeosFeatures): Record<string, unknown> {
  const { stage, averages, stored: settings } = device;
  const isPowered = device.isHashing;
  const powerW = stage.powerW;
  const fanPercent = isPowered || settings.overheatMode === 1 ? settings.fanspeed : 15;
  const inputMv = 5100 - 2 * powerW;
  return {
    power: rounded(powerW, 2),
    voltage: rounded(inputMv, 2),
    current: rounded((powerW / inputMv) * 1e6, 1),
    temp: isPowered ? rounded(device.chipC, 3) : -1,
    vrTemp: isPowered ? Math.round(device.chipC - 5) : 0,
    coreVoltageActual: isPowered ? settings.coreVoltage - 8 : 0,
    fanspeed: fanPercent,
    fanrpm: device.faults.active("fan") ? 0 : fanPercent * 103,
    hashRate: rounded(device.hashrateGhs, 2),
    ...(isModern ? { temp2: -1, fan2rpm: 0, expectedHashrate: rounded(device.expectedGhs, 2) } : {}),
    ...(hasAverages
      ? {
          actualFrequency: isPowered ? settings.frequency : 50,
          hashRate_1m: rounded(averages.oneMinute, 2),
          hashRate_10m: rounded(averages.tenMinutes, 2),
          hashRate_1h: rounded(averages.oneHour, 2),
          errorPercentage: isPowered ? 0.21 : 0,
        }
      : {}),
  };
}

function work(device: BitaxeDevice, { isModern, hasNumericBest }: AxeosFeatures): Record<string, unknown> {
  const { pools } = device.work;
  const sum = (value: (pool: (typeof pools)[number]) => number) =>
    pools.reduce((total, pool) => total + value(pool), 0);
  const rejected = sum((pool) => pool.rejected);
  const session = Math.max(0, ...pools.map((pool) => pool.bestShare));
  const best = (value: number) => (hasNumericBest ? value : withSuffix(value));
  const difficulty = device.activePool?.difficulty ?? 0;
  return {
    sharesAccepted: sum((pool) => pool.accepted),
    sharesRejected: rejected,
    bestDiff: best(Math.max(session, 418_822_911)),
    bestSessionDiff: best(session),
    ...(isModern
      ? {
          sharesRejectedReasons: rejected === 0 ? [] : [{ message: "Job not found", count: rejected }],
          sharesPending: 0,
          poolDifficulty: difficulty,
        }
      : { stratumDiff: difficulty }),
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
