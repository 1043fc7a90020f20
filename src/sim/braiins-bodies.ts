import { type BosDevice, WINDOWS_S } from "./bos-device.ts";
import type { PoolWork } from "./work.ts";

/** Answers to `GET /api/v1/…`, by the rest of the path (miners.md §7.2 to §7.6). */
export function bodies(device: BosDevice, version: string): Record<string, () => unknown> {
  return {
    "miner/details": () => details(device, version),
    "miner/stats": () => stats(device),
    "miner/errors": () => ({ errors: errors(device) }),
    "miner/hw/hashboards": () => ({ hashboards: hashboards(device) }),
    "cooling/state": () => cooling(device),
    "pools/": () => pools(device),
    "configuration/miner": () => configuration(device),
    "configuration/constraints": () => constraints(device),
    "performance/tuner-state": () => tunerState(device),
    "actions/locate": () => device.isLocated,
  };
}

/** `miner/details.status`: 1 not started, 2 normal, 3 paused, 4 suspended. */
export function statusOf(device: BosDevice): 1 | 2 | 3 | 4 {
  if (device.isRestartingMining) return 1;
  if (device.isResting) return 3;
  return device.isFaulty || !device.hasWork ? 4 : 2;
}

function details(device: BosDevice, version: string) {
  const { model } = device;
  // Releases of 2026 tell the reason too.
  const isDetailed = /-2[6-9]\./.test(version);
  return {
    uid: device.hardwareId,
    miner_identity: { brand: 1, model: 0, name: model.name, miner_model: model.name },
    platform: 4,
    bos_mode: 4,
    bos_version: { current: version, major: version, bos_plus: true },
    hostname: device.stored.hostname,
    mac_address: device.mac,
    system_uptime: device.uptimeS,
    system_uptime_s: device.uptimeS,
    bosminer_uptime_s: device.miningUptimeS,
    sticker_hashrate: { gigahash_per_second: 110_000 },
    status: statusOf(device),
    ...(isDetailed ? { detailed_status: detailed(device) } : {}),
    kernel_version: "4.9.113",
    psu_info: { model_name: "APW121215a", serial_number: null },
    control_board_soc_family: 3,
    serial_number: device.serial,
  };
}

function detailed(device: BosDevice) {
  const sinceMs = device.restingSinceMs;
  return {
    status: detailedStatus(device),
    status_since: sinceMs === null ? null : { seconds: Math.floor(sinceMs / 1000), nanos: 0 },
    status_until: null,
  };
}

function detailedStatus(device: BosDevice) {
  const stopped = (reason: Record<string, unknown>) => ({ stopped: { reason } });
  switch (statusOf(device)) {
    case 1:
      return { starting: { reason: { none: {} } } };
    case 2:
      return { running: { reason: device.isWaking ? { preheating: {} } : { normal: {} } } };
    case 3:
      return stopped({ user_pause: {} });
    case 4:
      if (!device.isFaulty) return stopped({ dead_pools: {} });
      return stopped({
        thermal_pause: {
          reason: device.faults.active("fan")
            ? "THERMAL_PAUSE_REASON_BROKEN_FANS"
            : "THERMAL_PAUSE_REASON_DANGEROUS_TEMPERATURE",
        },
      });
  }
}

function stats(device: BosDevice) {
  const { figures } = device;
  const total = device.pools.reduce(
    (sum, pool) => ({ accepted: sum.accepted + pool.accepted, rejected: sum.rejected + pool.rejected }),
    { accepted: 0, rejected: 0 },
  );
  return {
    miner_stats: device.isRestartingMining
      ? null
      : {
          best_share: 499_065_300,
          best_share_str: "499065300",
          error_hashrate: { megahash_per_second: 812.4 },
          found_blocks: 0,
          nominal_hashrate: { gigahash_per_second: device.model.ths(device.targetW) * 1000 },
          real_hashrate: realHashrate(figures.hashrateThs),
        },
    pool_stats: {
      accepted_shares: total.accepted,
      rejected_shares: total.rejected,
      stale_shares: 0,
      best_share: 499_065_300,
      best_share_str: "499065300",
      generated_work: 1_787_364_554,
      last_difficulty: Math.max(0, ...device.pools.map(({ difficulty }) => difficulty)),
      last_share_time: null,
    },
    power_stats: device.isRestartingMining
      ? null
      : {
          approximated_consumption: { watt: figures.powerW },
          efficiency:
            figures.powerW === 0
              ? null
              : { joule_per_terahash: figures.powerW / (figures.hashrateThs[60] || 1) },
        },
  };
}

function realHashrate(ths: Record<number, number>) {
  const names = [
    "last_5s",
    "last_15s",
    "last_30s",
    "last_1m",
    "last_5m",
    "last_15m",
    "last_30m",
    "last_1h",
    "last_24h",
  ];
  const windows = WINDOWS_S.map((windowS, index) => [
    names[index] ?? "",
    { gigahash_per_second: (ths[windowS] ?? 0) * 1000 },
  ]);
  return { ...Object.fromEntries(windows), since_restart: { gigahash_per_second: (ths[3600] ?? 0) * 1000 } };
}

function errors(device: BosDevice) {
  if (!device.isFaulty) return [];
  const isFan = device.faults.active("fan") !== null;
  return [
    {
      timestamp: "2026-01-10T06:00:00Z",
      message: isFan ? "Not enough fans running" : "Dangerous temperature on hashboard",
      error_codes: [{ code: isFan ? "F2" : "T1", reason: isFan ? "fan stopped" : "overheated", hint: "" }],
      components: [{ name: isFan ? "fan" : "hashboard", index: 1 }],
    },
  ];
}

function hashboards(device: BosDevice) {
  const isOn = device.isHashing || device.faults.active("hot") !== null;
  const degrees = (celsius: number) => (isOn ? { degree_c: Math.round(celsius * 10) / 10 } : null);
  const { boards, chipsPerBoard } = device.model;
  return boards.map((id, index) => ({
    id,
    enabled: true,
    chips_count: chipsPerBoard,
    board_name: `board ${id}`,
    board_temp: degrees(device.chipC - 12 - index),
    highest_chip_temp: isOn ? { id: 0, location: 1, temperature: degrees(device.chipC - index) } : null,
    lowest_inlet_temp: degrees(device.inletC + 4 + index),
    highest_outlet_temp: degrees(device.chipC - 18),
    current_frequency: isOn ? { hertz: 4.2e8 } : null,
    current_voltage: isOn ? { volt: 13.1 } : null,
    stats: null,
  }));
}

function cooling(device: BosDevice) {
  const isOn = device.isHashing || device.faults.active("hot") !== null;
  return {
    fans: Array.from({ length: device.model.fanPlaces }, (_, position) => ({
      position,
      rpm: device.fanRpm(position),
      target_speed_ratio: device.fanPercent / 100,
    })),
    highest_temperature: isOn
      ? { id: 0, location: 1, temperature: { degree_c: Math.round(device.chipC * 10) / 10 } }
      : null,
  };
}

/** No passwords here, and the strategy under its other name. */
function pools(device: BosDevice) {
  return device.stored.groups.map(({ id, name, quota, ratio, pools: entries }, place) => {
    const work = device.groups[place]?.work;
    return {
      uid: id,
      name,
      strategy: strategyOf(quota, ratio),
      pools: entries.map(({ id: uid, url, user, isEnabled }, index) => {
        const pool = work?.pools[index];
        const isUp = !device.isRestartingMining;
        return {
          uid,
          url,
          user,
          enabled: isEnabled,
          alive: isUp && (pool?.isAlive ?? false),
          active: isUp && work?.active === index,
          stats: isUp && pool ? poolStats(pool) : null,
        };
      }),
    };
  });
}

function poolStats(pool: PoolWork) {
  const lastShareTime =
    pool.lastShareMs === null ? null : { seconds: Math.floor(pool.lastShareMs / 1000), nanos: 0 };
  return {
    accepted_shares: pool.accepted,
    rejected_shares: pool.rejected,
    stale_shares: pool.stale,
    last_difficulty: pool.difficulty,
    best_share: pool.bestShare,
    best_share_str: String(pool.bestShare),
    generated_work: Math.round(pool.acceptedDifficulty),
    last_share_time: lastShareTime,
  };
}

function configuration(device: BosDevice) {
  return {
    pool_groups: device.stored.groups.map(({ id, name, quota, ratio, pools: entries }) => ({
      uid: id,
      name,
      load_balance_strategy: strategyOf(quota, ratio),
      pools: entries.map(({ id: uid, url, user, password, isEnabled }) => ({
        uid,
        url,
        user,
        password,
        enabled: isEnabled,
      })),
    })),
    temperature: { mode: { auto: { target_temperature: { degree_c: 75 } } } },
    tuner: {
      enabled: true,
      tuner_mode: 1,
      power_target: { watt: device.stored.targetW },
      hashrate_target: null,
    },
    dps: { enabled: true, mode: 1, power_step: { watt: 300 }, min_power_target: { watt: device.model.minW } },
    hashboard_config: { global_frequency: null, global_voltage: null, hashboards: [] },
  };
}

function strategyOf(quota: number | null, ratio: number | null) {
  return quota === null ? { fixedshareratio: { value: ratio } } : { quota: { value: quota } };
}

function constraints(device: BosDevice) {
  const { minW, maxW } = device.model;
  return {
    tuner_constraints: {
      default_mode: 1,
      enabled: { default: true },
      power_target: { min: { watt: minW }, max: { watt: maxW }, default: { watt: 3250 } },
      hashrate_target: {
        min: { terahash_per_second: 40 },
        max: { terahash_per_second: 115 },
        default: { terahash_per_second: 110 },
      },
    },
    hashboards_constraints: {
      hashboard_ids: device.model.boards,
      quick_ramping_time_s: { min: 0, max: 600, default: 5 },
    },
  };
}

/** 1 disabled, 2 stable, 6 preheating. */
function tunerState(device: BosDevice) {
  return {
    overall_tuner_state: device.isHashing ? 2 : device.isWaking ? 6 : 1,
    mode_state: {
      powertargetmodestate: {
        current_target: { watt: device.targetW },
        profile: {
          created: { seconds: 1_763_700_000, nanos: 0 },
          estimated_power_consumption: { watt: device.targetW },
          measured_hashrate: { gigahash_per_second: device.model.ths(device.targetW) * 1000 },
          target: { watt: device.targetW },
        },
      },
    },
  };
}
