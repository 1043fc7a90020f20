import type { DashboardView, HistoryPoint } from "#src/model/view.ts";

/** A winter evening in Colorado, ten minutes into a peak event, after a day of broken cloud. */
export const sampleView: DashboardView = {
  home: "Cottonwood Lane 12",
  tz: "America/Denver",
  temperatureUnit: "C",
  simulated: true,
  headline: "Day 2 of 2: broken cloud over Golden, recorded 2012-05-17",
  status: {
    at: "2026-01-17T00:10:20Z",
    loop: true,
    zone: [{ name: "living", roomC: 20.43, setC: 21, floorC: 15 }],
    gridW: 1312.4,
    pvW: 412,
    batteryW: null,
    socPercent: null,
    budgetW: 500,
    miners: [
      { name: "heater", state: "mining", powerW: 462, targetW: 475 },
      { name: "bitaxe", state: "mining", powerW: 17.6, targetW: 18 },
    ],
    event: {
      id: "peak-0116",
      type: "limit",
      priority: "peak",
      limitW: 500,
      start: "2026-01-17T00:00:00Z",
      end: "2026-01-17T02:00:00Z",
      optedOut: false,
      met: true,
      state: "active",
    },
    reason: { code: "COOP_LIMIT", text: "co-op peak event: at most 500 W until 19:00" },
    coop: { state: "linked", lastContactAt: "2026-01-17T00:10:00Z", name: "Prairie REC" },
    today: { energyWh: 9_420, sats: 1_193, creditCents: 27, estimated: true },
  },
  explain: {
    totalW: 493,
    reason: { code: "COOP_LIMIT", layer: "coop", text: "co-op peak event: at most 500 W until 19:00" },
    notHigher: { code: "LIMIT_BREAKER_80", atW: 1440, text: "15 A breaker allows 1440 W" },
    notLower: { code: "COMFORT_HEAT", atW: 493, text: "the room asks for heat, 0.6 °C below its set point" },
    next: { code: "COOP_SNAPBACK_DELAY", inS: 6580, text: "the event ends and heat comes back" },
    inputs: {
      surplusW: 0,
      marginW: 60,
      alpha: 0.4,
      importUsdKwh: 0.18,
      exportUsdKwh: 0.03,
      mineUsdKwh: 0.05,
      roomC: 20.43,
      outdoorC: -3.8,
      gridW: 1312.4,
      pvW: 412,
      ages: { grid: "fresh", room: "fresh" },
    },
    miners: [],
  },
  split: {
    legs: [
      {
        role: "coop",
        targetPpm: 300_000,
        measuredPpm: 300_152,
        lowPpm: 294_600,
        highPpm: 305_800,
        acceptedDifficulty: "540213248",
      },
      {
        role: "member",
        targetPpm: 700_000,
        measuredPpm: 699_848,
        lowPpm: 694_200,
        highPpm: 705_400,
        acceptedDifficulty: "1260883328",
      },
    ],
    drift: [],
    verdict: "ok",
    shares: 11_766,
    window: { start: "2026-01-16T00:00:00Z", end: "2026-01-17T00:00:00Z" },
    mechanisms: { heater: "time_slice", bitaxe: "time_slice" },
  },
  alarms: [
    {
      code: "SURPLUS_METER_STALE",
      text: "The grid meter was silent for 10 min; it answers again since 14:30",
    },
  ],
  history: sampleHistory(),
  log: [
    { at: "2026-01-16T21:20:00Z", text: "grid meter silent: careful limit" },
    { at: "2026-01-16T21:30:00Z", text: "grid meter answers again" },
    { at: "2026-01-16T23:58:20Z", text: "ramping down for the co-op event peak-0116" },
    { at: "2026-01-17T00:00:00Z", text: "co-op event peak-0116 begins: 493 W, limit 500 W" },
    { at: "2026-01-17T00:05:00Z", text: "pool day 2026-01-16 is not calculated yet" },
  ],
};

/** The same home when nothing at all is known. */
export const unknownView: DashboardView = {
  ...sampleView,
  simulated: false,
  headline: null,
  status: {
    at: "2026-01-17T00:10:20Z",
    loop: true,
    zone: [{ name: "living", roomC: null, setC: 21, floorC: 15 }],
    gridW: null,
    pvW: null,
    batteryW: null,
    socPercent: null,
    budgetW: null,
    miners: [{ name: "heater", state: "unknown", powerW: null, targetW: null }],
    event: null,
    reason: null,
    coop: { state: "lost", lastContactAt: null, name: null },
    today: { energyWh: null, sats: null, creditCents: null, estimated: true },
  },
  explain: null,
  split: null,
  alarms: [],
  history: [],
  log: [],
};

/** Ten and a half hours, a point a minute, with ten silent minutes of the meter. */
function sampleHistory(): HistoryPoint[] {
  const endMs = Date.parse("2026-01-17T00:10:00Z");
  return Array.from({ length: 630 }, (_, index): HistoryPoint => {
    const atMs = endMs - (629 - index) * 60_000;
    const hour = ((atMs / 3_600_000) % 24) - 7;
    const day = hour < 0 ? hour + 24 : hour;
    const cloud = Math.sin(index / 7) * Math.sin(index / 17) > 0.15 ? 0.35 : 1;
    const pvW = Math.max(0, Math.sin(((day - 7.3) / 9.6) * Math.PI)) * 3400 * cloud;
    const isEvent = day >= 17;
    const budgetW = isEvent ? 500 : 1440;
    const powerW = isEvent ? 480 : Math.min(1400, 480 + Math.floor(Math.max(0, pvW - 700) / 450) * 230);
    const isSilent = day >= 14.33 && day < 14.5;
    return {
      atMs,
      roomC: 19.3 + Math.sin(index / 110) * 0.5 + index / 470,
      outdoorC: -6 + Math.sin(index / 200) * 4,
      powerW,
      budgetW,
      pvW,
      gridW: isSilent ? null : 600 + Math.sin(index / 5) * 150 + powerW - pvW,
      eventLimitW: isEvent ? 500 : null,
    };
  });
}
