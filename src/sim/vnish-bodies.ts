import type { VnishDevice } from "./vnish-device.ts";

const FANS = 4;
const MAX_RPM = 7000;
const FEE_PERCENT = 2.8;
const FEE_POOL_ID = 3;

/** `GET /info`. */
export function infoBody(device: VnishDevice, name: string): Record<string, unknown> {
  return {
    miner: "Antminer S19j Pro",
    model: "s19jpro",
    fw_name: "AnthillOS",
    fw_version: "1.2.6",
    platform: "xil",
    install_type: "nand",
    build_time: "2024-11-14 10:11:12",
    algorithm: "sha256d",
    hr_measure: "GH/s",
    serial: device.serial,
    system: {
      os: "GNU/Linux",
      miner_name: name,
      uptime: uptimeWords(device.uptimeS),
      network_status: { mac: device.mac.toUpperCase(), dhcp: true, ip: "192.0.2.44", hostname: name },
    },
  };
}

/** `GET /summary`; without a word of its mining while it boots. */
export function summaryBody(device: VnishDevice): Record<string, unknown> {
  if (device.isBooting) return { miner: null };
  const ghs = device.hashrateThs * 1000;
  const isCold = device.isResting && device.stage.state === "rest";
  const chipC = isCold ? 0 : Math.round(device.chipC);
  return {
    miner: {
      miner_status: statusFields(device),
      miner_type: "Antminer S19j Pro (Vnish 1.2.6)",
      hr_realtime: round(ghs),
      hr_average: round(device.preset.ths * 990),
      hr_nominal: device.preset.ths * 1000,
      hr_stock: 104_000,
      // Left from older versions, in other units.
      instant_hashrate: round(ghs * 1000),
      average_hashrate: round(device.preset.ths * 990_000),
      power_usage: 26,
      power_consumption: device.stage.reportedW,
      power_efficiency: ghs > 0 ? round((device.stage.reportedW / ghs) * 1000) : 0,
      psu: { psu_power_metering: true },
      pcb_temp: { min: chipC === 0 ? 0 : chipC - 22, max: chipC === 0 ? 0 : chipC - 14 },
      chip_temp: { min: chipC === 0 ? 0 : chipC - 10, max: chipC },
      hw_errors: 7,
      hw_errors_percent: 0.01,
      devfee_percent: FEE_PERCENT,
      devfee: round((ghs * FEE_PERCENT) / 100),
      found_blocks: 0,
      best_share: Math.max(0, ...device.pools.map((pool) => pool.bestShare)),
      pools: pools(device),
      cooling: cooling(device),
      chains: [],
    },
  };
}

/** `GET /status`. */
export function statusBody(device: VnishDevice, isUnlocked: boolean): Record<string, unknown> {
  return {
    ...statusFields(device),
    restart_required: device.isRestartOwed,
    reboot_required: false,
    find_miner: device.isLit,
    unlocked: isUnlocked,
  };
}

/** `GET /perf-summary`. */
export function performanceBody(device: VnishDevice): Record<string, unknown> {
  const { name, watts, ths, isTuned, needsModdedPsu } = device.preset;
  return {
    current_preset: {
      name,
      pretty: `${watts} watt ~ ${ths} TH`,
      status: isTuned ? "tuned" : "untuned",
      modded_psu_required: needsModdedPsu,
    },
    preset_switcher: device.stored.overclock.preset_switcher,
  };
}

/** `GET /settings`: with the passwords of the pools. */
export function settingsBody(device: VnishDevice, name: string): Record<string, unknown> {
  return {
    miner: device.stored,
    network: {
      dhcp: true,
      hostname: name,
      ipaddress: "192.0.2.44",
      netmask: "255.255.255.0",
      gateway: "192.0.2.1",
      dnsservers: ["192.0.2.1"],
    },
    regional: { timezone: { current: "GMT-7" } },
    ui: { dark_side_pane: true, disable_animation: false },
  };
}

function statusFields(device: VnishDevice): Record<string, unknown> {
  const word = device.stateWord;
  const failure = device.faults.active("hot") ? "chip temperature is too high" : "fan lost";
  return {
    miner_state: word,
    miner_state_time: word === "mining" ? device.uptimeS : 0,
    ...(word === "failure" ? { description: failure, failure_code: 2001 } : {}),
  };
}

function pools(device: VnishDevice): Record<string, unknown>[] {
  const { work } = device;
  const own = work.pools.flatMap((pool, id) =>
    pool.entry.url === ""
      ? []
      : [
          {
            id,
            url: pool.entry.url.replace(/^stratum\+tcp:\/\//, ""),
            pool_type: "UserPool",
            user: pool.entry.user,
            status: work.active === id ? "active" : pool.isAlive ? "working" : "offline",
            asic_boost: true,
            diff: `${round(pool.difficulty / 1000)}K`,
            accepted: pool.accepted,
            rejected: pool.rejected,
            stale: pool.stale,
            ls_diff: pool.lastShareDifficulty,
            ls_time: "0:00:04",
            diffa: pool.acceptedDifficulty,
            ping: 28,
          },
        ],
  );
  const sum = work.pools.reduce((total, { accepted }) => total + accepted, 0);
  const fee = {
    id: FEE_POOL_ID,
    url: "DevFee",
    pool_type: "DevFee",
    user: "DevFee",
    status: "working",
    asic_boost: true,
    diff: "32.8K",
    accepted: Math.floor((sum * FEE_PERCENT) / 100),
    rejected: 0,
    stale: 0,
    ls_diff: 32_768,
    ls_time: "0:11:40",
    diffa: Math.floor((sum * FEE_PERCENT) / 100) * 32_768,
    ping: 35,
  };
  return [...own, fee];
}

function cooling(device: VnishDevice): Record<string, unknown> {
  const duty = device.isHashing ? Math.min(100, 15 + Math.round(device.stage.powerW / 60)) : 10;
  const fans = Array.from({ length: FANS }, (_, id) => {
    const isLost = id === 0 && device.faults.active("fan") !== null;
    return {
      id,
      rpm: isLost ? 0 : Math.round((duty * MAX_RPM) / 100),
      status: isLost ? "lost" : "ok",
      max_rpm: MAX_RPM,
    };
  });
  return { fan_num: FANS, fan_duty: duty, fans };
}

/** `2 days, 3:04`, or `3:04` on the first. */
function uptimeWords(uptimeS: number): string {
  const days = Math.floor(uptimeS / 86_400);
  const minutes = String(Math.floor(uptimeS / 60) % 60).padStart(2, "0");
  const clock = `${Math.floor(uptimeS / 3600) % 24}:${minutes}`;
  return days === 0 ? clock : `${days} days, ${clock}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
