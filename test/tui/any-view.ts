import fc from "fast-check";
import type { MinerDecision } from "#src/model/decision.ts";
import { REASON_CODES } from "#src/model/reason.ts";
import type { DashboardView } from "#src/model/view.ts";

/** Text as an attacker, a firmware or a person may send it. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        "\u001b[2J",
        "\u001b]0;title\u0007",
        "\u001b]8;;http://x\u001b\\",
        "\u009b31m",
        "\u0007",
        "\r\n",
        "\t",
        "\u202e",
        "\u200b",
        "\u2066",
        "e\u0301\u0302\u0303",
        "🔥",
        "👨‍👩‍👧",
        "暖",
        "heater ",
        "word",
        " ",
        "❤\ufe0f",
        "\ud83d",
        "ก็็็็",
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join("")),
);

const number = fc.option(
  fc.oneof(fc.double({ min: -20_000, max: 20_000, noNaN: true }), fc.constant(Number.NaN)),
);
const temperature = fc.double({ min: -40, max: 80, noNaN: true });
const instant = fc.oneof(
  fc
    .integer({ min: 1_767_000_000, max: 1_799_000_000 })
    .map((seconds) => new Date(seconds * 1000).toISOString()),
  fc.constantFrom("2026-01-17T00:10:20Z", "nonsense"),
);
const code = fc.constantFrom(...REASON_CODES);
const bound = fc.option(fc.record({ code, atW: fc.integer({ min: 0, max: 9000 }), text: anyText }));

const event = fc.record({
  id: anyText,
  type: fc.constantFrom("limit" as const, "off" as const, "shift" as const, "raise" as const),
  priority: fc.constantFrom("drill" as const, "economic" as const, "peak" as const, "emergency" as const),
  limitW: fc.integer({ min: 0, max: 9000 }),
  start: instant,
  end: fc.option(instant),
  optedOut: fc.boolean(),
  met: fc.option(fc.boolean()),
  state: fc.constantFrom("future" as const, "active" as const, "ended" as const, "cancelled" as const),
});

const ppm = fc.integer({ min: 0, max: 1_000_000 });
const split = fc.record({
  legs: fc.array(
    fc.record({
      role: fc.constantFrom("coop" as const, "member" as const),
      targetPpm: ppm,
      measuredPpm: fc.option(ppm),
      lowPpm: fc.option(ppm),
      highPpm: fc.option(ppm),
      acceptedDifficulty: fc.oneof(fc.nat().map(String), anyText),
    }),
    { maxLength: 3 },
  ),
  drift: fc.array(anyText, { maxLength: 3 }),
  verdict: fc.constantFrom("ok" as const, "not_enough_shares" as const, "drift" as const, "skewed" as const),
  shares: fc.nat(),
  window: fc.option(fc.record({ start: instant, end: instant })),
  mechanisms: fc.dictionary(anyText, anyText, { maxKeys: 3 }),
});

const status = fc.record({
  at: instant,
  loop: fc.boolean(),
  zone: fc.array(
    fc.record({ name: anyText, roomC: fc.option(temperature), setC: temperature, floorC: temperature }),
    { maxLength: 5 },
  ),
  gridW: number,
  pvW: number,
  batteryW: number,
  socPercent: number,
  budgetW: number,
  miners: fc.array(
    fc.record({
      name: anyText,
      state: fc.constantFrom(
        "mining" as const,
        "paused" as const,
        "starting" as const,
        "fault" as const,
        "unknown" as const,
      ),
      powerW: number,
      targetW: number,
    }),
    { maxLength: 8 },
  ),
  event: fc.option(event),
  reason: fc.option(fc.record({ code: anyText, text: anyText })),
  coop: fc.record({
    state: fc.constantFrom(
      "unpaired" as const,
      "linked" as const,
      "stale" as const,
      "lost" as const,
      "refused" as const,
    ),
    lastContactAt: fc.option(instant),
    name: fc.option(anyText),
  }),
  today: fc.record({
    energyWh: number,
    sats: fc.option(fc.nat()),
    creditCents: fc.option(fc.integer()),
    estimated: fc.constant(true as const),
  }),
});

const explain = fc.record({
  totalW: fc.integer({ min: 0, max: 9000 }),
  reason: fc.record({
    code,
    layer: fc.constantFrom("floor" as const, "coop" as const, "comfort" as const),
    text: anyText,
  }),
  notHigher: bound,
  notLower: bound,
  next: fc.option(fc.record({ code, inS: fc.nat(), text: anyText })),
  inputs: fc.record({
    surplusW: number,
    marginW: number,
    alpha: number,
    importUsdKwh: number,
    exportUsdKwh: number,
    mineUsdKwh: number,
    roomC: number,
    outdoorC: number,
    gridW: number,
    pvW: number,
    ages: fc.constant({}),
  }),
  miners: fc.constant<MinerDecision[]>([]),
});

const history = fc
  .array(
    fc.record({
      roomC: number,
      outdoorC: number,
      powerW: number,
      budgetW: number,
      pvW: number,
      gridW: number,
      eventLimitW: number,
    }),
    { maxLength: 80 },
  )
  .chain((points) =>
    fc
      .integer({ min: 1, max: 40 })
      .map((everyMin) =>
        points.map((point, index) => ({ ...point, atMs: 1_768_600_000_000 + index * everyMin * 60_000 })),
      ),
  );

/** Any picture that could reach the dashboard, hostile strings included. */
export const anyView: fc.Arbitrary<DashboardView> = fc.record({
  home: anyText,
  tz: fc.constantFrom("America/Denver", "Asia/Kathmandu", "UTC", "Nowhere/Land"),
  temperatureUnit: fc.constantFrom("C" as const, "F" as const),
  simulated: fc.boolean(),
  headline: fc.option(anyText),
  status,
  explain: fc.option(explain),
  split: fc.option(split),
  alarms: fc.array(fc.record({ code: anyText, text: anyText }), { maxLength: 6 }),
  history,
  log: fc.array(fc.record({ at: instant, text: anyText }), { maxLength: 12 }),
});
