import { rounded, withSuffix } from "./esp-web.ts";
import { NERD_CHIPS, NERD_START, type NerdqaxeDevice, nerdClocks, nerdVoltages } from "./nerdqaxe-device.ts";
import type { NerdFeatures } from "./nerdqaxe-firmware.ts";

const MODEL = { deviceModel: "NerdQAxe++", ASICModel: "BM1370", asicCount: NERD_CHIPS };
/** Number of the error that it has when its chips were too hot; it has none for a fan. */
const OVERHEATED = 1;

/** `GET /api/system/info`: millivolts and milliamps (miners.md §5.1). */
export function nerdInfo(
  device: NerdqaxeDevice,
  features: NerdFeatures,
  isOtpOn: boolean,
): Record<string, unknown> {
  const { stored, uptimeS } = device;
  return {
    ...MODEL,
    smallCoreCount: 2040,
    macAddr: device.mac.toUpperCase(),
    hostip: "192.168.40.31",
    version: features.version,
    ...power(device),
    ...heat(device, features),
    ...rates(device, features),
    ...(features.hasDual
      ? { shutdown: device.isResting, otp: isOtpOn, stratum: manager(device, features) }
      : {}),
    ...session(device, features),
    ...flatPools(device, features),
    ...(features.hasDual ? {} : { isUsingFallbackStratum: device.isUsingFallback }),
    hostname: stored.hostname,
    frequency: stored.frequency,
    defaultFrequency: NERD_START.frequency,
    coreVoltage: stored.coreVoltage,
    defaultCoreVoltage: NERD_START.coreVoltage,
    autofanspeed: stored.fanMode,
    overheat_temp: stored.overheatTemp,
    stratumDifficulty: stored.stratumDifficulty,
    jobInterval: 500,
    lastResetReason: "RESET_POWERON",
    uptimeSeconds: uptimeS,
  };
}

/** `GET /api/system/asic`. */
export function nerdOptions(): Record<string, unknown> {
  return {
    ...MODEL,
    defaultFrequency: NERD_START.frequency,
    defaultVoltage: NERD_START.coreVoltage,
    swarmColor: "#e700d8",
    frequencyOptions: nerdClocks,
    voltageOptions: nerdVoltages,
  };
}

/** `GET /api/v2/identify`. */
export function nerdIdentify(isOtpOn: boolean): Record<string, unknown> {
  return { deviceModel: MODEL.deviceModel, defaultTheme: "cosmic", otp: isOtpOn, can: { enabled: false } };
}

/** `GET /api/v2/dashboard`: volts and amps. */
export function nerdDashboard(device: NerdqaxeDevice, features: NerdFeatures): Record<string, unknown> {
  const info = nerdInfo(device, features, false);
  const { powerW } = device.stage;
  return {
    system: {
      uptime: device.uptimeS,
      shutdown: device.isResting,
      boardError: device.isFaulty ? OVERHEATED : 0,
      overheatTemp: device.stored.overheatTemp,
    },
    performance: {
      hashRate: info["hashRate"],
      hashRate1m: info["hashRate_1m"],
      hashRate10m: info["hashRate_10m"],
      hashRate1h: info["hashRate_1h"],
      hashRate1d: info["hashRate_1d"],
      sharesAccepted: info["sharesAccepted"],
      sharesRejected: info["sharesRejected"],
      frequency: device.stored.frequency,
      asicCount: NERD_CHIPS,
      smallCoreCount: 2040,
    },
    power: {
      watts: rounded(powerW, 2),
      min: 52,
      max: 100,
      voltage: rounded(inputV(powerW), 3),
      currentA: rounded(powerW / inputV(powerW), 2),
      coreVoltageActual: device.isHashing ? rounded((device.stored.coreVoltage - 2) / 1000, 3) : 0,
    },
    thermal: {
      asicTemp: rounded(device.chipC, 1),
      vrTemp: info["vrTemp"],
      fans: [{ speed: info["fanspeed"], rpm: info["fanrpm"] }],
    },
    stratum: manager(device, features),
    coinbase: {
      blockHeaders: [],
      pools: device.stored.pools.map((pool) => ({
        mode: pool.coinbaseVerifyMode,
        maxFee: pool.coinbaseMaxFee,
        force: pool.coinbaseVerifyForce,
      })),
    },
  };
}

/** `GET /api/v2/settings`; passwords are not told. */
export function nerdSettings(
  device: NerdqaxeDevice,
  { version }: NerdFeatures,
  isOtpOn: boolean,
): Record<string, unknown> {
  const { stored } = device;
  return {
    asicModel: MODEL.ASICModel,
    deviceModel: MODEL.deviceModel,
    version,
    otp: isOtpOn,
    frequency: stored.frequency,
    coreVoltage: stored.coreVoltage,
    defaultFrequency: NERD_START.frequency,
    defaultCoreVoltage: NERD_START.coreVoltage,
    ecoFrequency: nerdClocks[0],
    ecoCoreVoltage: nerdVoltages[0],
    frequencyOptions: nerdClocks,
    voltageOptions: nerdVoltages,
    poolMode: stored.poolMode,
    poolBalance: stored.poolBalance,
    stratumDifficulty: stored.stratumDifficulty,
    pools: stored.pools.map(({ password: _, ...pool }) => pool),
    fans: [{ label: "ASIC", mode: stored.fanMode, manualSpeed: stored.manualFanSpeed }],
    hostname: stored.hostname,
  };
}

function power(device: NerdqaxeDevice): Record<string, unknown> {
  const { powerW } = device.stage;
  return {
    power: rounded(powerW, 2),
    minPower: 52,
    maxPower: 100,
    voltage: rounded(inputV(powerW) * 1000, 0),
    current: rounded((powerW / inputV(powerW)) * 1000, 0),
    currentA: rounded(powerW / inputV(powerW), 2),
    coreVoltageActual: device.isHashing ? device.stored.coreVoltage - 2 : 0,
  };
}

function heat(device: NerdqaxeDevice, { hasDual }: NerdFeatures): Record<string, unknown> {
  const percent = device.isHashing ? 64 : 25;
  return {
    // The sensors stand on the board, so they go on when the chips do not.
    temp: rounded(device.chipC, 1),
    vrTemp: rounded(device.chipC + 3.4, 1),
    fanspeed: percent,
    fanrpm: device.faults.active("fan") ? 0 : percent * 62,
    ...(hasDual ? { fanrpm2: 0, fanCount: 1 } : {}),
  };
}

/** Zero while shut down; the oldest generation knows no rate shorter than ten minutes. */
function rates(device: NerdqaxeDevice, { hasDual }: NerdFeatures): Record<string, unknown> {
  const { averages, hashrateGhs } = device;
  const told = (ghs: number) => (device.isResting && hasDual && !device.isHashing ? 0 : rounded(ghs, 2));
  return {
    hashRate: told(hasDual ? hashrateGhs : averages.tenMinutes),
    ...(hasDual ? { hashRate_1m: told(averages.oneMinute) } : {}),
    hashRate_10m: told(averages.tenMinutes),
    hashRate_1h: told(averages.oneHour),
    hashRate_1d: told(averages.oneDay),
  };
}

function session(device: NerdqaxeDevice, { hasDual }: NerdFeatures): Record<string, unknown> {
  const { accepted, rejected, best } = totals(device);
  const active = device.pools.find((pool) => pool.isActive);
  return {
    sharesAccepted: accepted,
    sharesRejected: rejected,
    bestDiff: hasDual ? best : withSuffix(best),
    poolDifficulty: active?.difficulty ?? 0,
  };
}

function totals(device: NerdqaxeDevice) {
  return device.pools.reduce(
    (sum, pool) => ({
      accepted: sum.accepted + pool.accepted,
      rejected: sum.rejected + pool.rejected,
      best: Math.max(sum.best, pool.bestShare),
    }),
    { accepted: 0, rejected: 0, best: 0 },
  );
}

/** Modes and pools as the running manager tells them; before 1.0.37 less of both in failover mode. */
function manager(device: NerdqaxeDevice, { hasV2 }: NerdFeatures): Record<string, unknown> {
  const { stored, isDual, isUsingFallback } = device;
  const active = isUsingFallback ? 1 : 0;
  const places = isDual || hasV2 ? [0, 1] : [active];
  return {
    poolMode: stored.poolMode,
    activePoolMode: device.activePoolMode,
    ...(isDual || hasV2 ? { poolBalance: stored.poolBalance } : {}),
    totalBestDiff: totals(device).best,
    ...(isDual ? {} : { usingFallback: isUsingFallback }),
    pools: places.map((place) => runningPool(device, hasV2, place, isDual || place === active)),
  };
}

function runningPool(device: NerdqaxeDevice, hasV2: boolean, place: number, hasCounters: boolean) {
  const { stored, isDual } = device;
  const pool = device.poolAt(place);
  const settings = stored.pools[place];
  // One total for both pools in failover mode.
  const sum = isDual
    ? { accepted: pool?.accepted ?? 0, rejected: pool?.rejected ?? 0, best: pool?.bestShare ?? 0 }
    : totals(device);
  return {
    ...(hasV2
      ? {
          host: settings?.url,
          port: settings?.port,
          user: settings?.user,
          active: hasCounters,
          verifyBlocked: device.blockedBy(place),
          activeProtocol: settings?.protocol,
          encrypted: settings?.tls,
        }
      : {}),
    connected: pool?.isActive ?? false,
    pingRtt: 21.4,
    pingLoss: 0,
    ...(hasCounters
      ? {
          accepted: sum.accepted,
          rejected: sum.rejected,
          bestDiff: sum.best,
          poolDifficulty: pool?.difficulty ?? 0,
          poolDiffErr: false,
        }
      : {}),
  };
}

function flatPools(device: NerdqaxeDevice, { hasDual }: NerdFeatures): Record<string, unknown> {
  return Object.assign(
    {},
    ...device.stored.pools.map(({ url, port, user, tls, enonceSubscribe }, place) => {
      const prefix = place === 0 ? "stratum" : "fallbackStratum";
      return {
        [`${prefix}URL`]: url,
        [`${prefix}Port`]: port,
        [`${prefix}User`]: user,
        ...(hasDual ? { [`${prefix}TLS`]: tls, [`${prefix}EnonceSubscribe`]: enonceSubscribe } : {}),
      };
    }),
  );
}

/** The 12 V input sags a little under load, V. */
function inputV(powerW: number): number {
  return 12.2 - powerW / 800;
}
