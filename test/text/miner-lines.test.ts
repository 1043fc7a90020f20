import { expect, it } from "vitest";
import { type MinerPage, minerLines } from "#src/text/miner-lines.ts";

const page = (capabilities: MinerPage["capabilities"]): MinerPage => ({
  ...{ name: "den", host: "192.0.2.7", port: 80, adopted: null, backupAt: null, capabilities },
  identity: {
    id: "02:00:00:00:00:01",
    make: null,
    model: "S19",
    firmware: "vnish",
    firmwareVersion: "1",
    serial: null,
  },
  driver: { title: "VNish", tier: "gold", exemptions: [] },
  reading: {
    ...{
      state: "mining",
      stateDetail: null,
      powerW: null,
      powerSource: null,
      powerTargetW: null,
      mode: null,
    },
    ...{
      hashrateThs: null,
      chipMaxC: null,
      boardC: null,
      inletC: null,
      outletC: null,
      fans: [],
      uptimeS: null,
    },
    pools: [],
  },
});
const can = (capabilities: MinerPage["capabilities"]) =>
  minerLines(page(capabilities))
    .find((line) => line.startsWith("Can"))
    ?.replace(/^Can\s+/, "");

it.each([
  ["few by their names", ["low", "high"], [800, 1300], "pause; low (800 W), high (1300 W); split by time"],
  ["watts but once", ["1080", "1360"], [1080, 1360], "pause; 1080 W, 1360 W; split by time"],
  [
    "without watts where none are known",
    ["525 MHz", "600 MHz"],
    null,
    "pause; 525 MHz, 600 MHz; split by time",
  ],
  [
    "many by their ends",
    Array.from({ length: 17 }, (_, step) => `${190 + 25 * step}MHz`),
    Array.from({ length: 17 }, (_, step) => 784 + 100 * step),
    "pause; 17 steps from 190MHz (784 W) to 590MHz (2384 W); split by time",
  ],
] as const)("steps are told %s", (_, steps, stepsW, words) => {
  const rest = { pause: true, power: "discrete", split: "none", minW: null, maxW: null };
  expect(can({ ...rest, steps, stepsW })).toBe(words);
});

it("what is not known is not told", () => expect(can(null)).toBe("–"));
