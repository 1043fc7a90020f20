import { afterEach, describe, expect, it } from "vitest";
import { fillTemplate, findTemplate } from "#src/config/source-templates.ts";
import type { OpenSourceLinks } from "#src/net/source-links.ts";
import { createSource } from "#src/sources/registry.ts";
import { openLinks, startWebDevice, type WebDevice } from "./support.ts";

const template = findTemplate("shelly-gen1");
const signal = new AbortController().signal;

/** An EM of two clamps as its first generation answers (sources.md §1.1). */
const shelly = { type: "SHEM", mac: "A4CF12F45A01", auth: false, fw: "20230913-114150/v1.14.0-gcb84623" };
const clamp = (power: number | null, isValid: boolean | null = true) => ({
  ...{ power, pf: 0.97, voltage: 231.4, total: 12_345.6, total_returned: 8_765.4 },
  ...(isValid === null ? {} : { is_valid: isValid }),
});

let device: WebDevice;
let links: OpenSourceLinks;

async function read(emeters: unknown, clamps = "0:2", mac = shelly.mac) {
  device = await startWebDevice({ "/shelly": { ...shelly, mac }, "/status": { emeters, mac } });
  links = openLinks();
  const config = fillTemplate(template, {
    ...{ name: "main", role: "grid", host: device.host, params: { clamps }, deviceId: "a4:cf:12:f4:5a:01" },
  });
  return createSource(config, links).read(signal);
}

afterEach(async () => {
  await links.close();
  await device.close();
});

describe("a Shelly of the first generation", () => {
  it("sums the clamps that count, export negative", async () => {
    await expect(read([clamp(512.5), clamp(-1800)])).resolves.toEqual({ value: -1287.5, reason: null });
  });

  it("reads one clamp alone when only it counts", async () => {
    await expect(read([clamp(512.5), clamp(-1800)], "0:1")).resolves.toEqual({ value: 512.5, reason: null });
  });

  it.each([
    ["a clamp calls itself invalid", [clamp(512), clamp(10, false)], "DEVICE_SAYS_INVALID"],
    ["a clamp does not say that it is valid", [clamp(512), clamp(10, null)], "DEVICE_SAYS_INVALID"],
    ["there are no clamps", [], "DEVICE_SAYS_INVALID"],
    ["a clamp has no power", [clamp(512), clamp(null)], "VALUE_MISSING"],
    ["it has no clamps by nature", undefined, "DEVICE_SAYS_INVALID"],
  ])("knows nothing when %s", async (_, emeters, reason) => {
    await expect(read(emeters)).resolves.toEqual({ value: null, reason });
  });

  it("is not believed when another device answers at its address", async () => {
    await expect(read([clamp(1), clamp(2)], "0:2", "B8D61A000002")).resolves.toEqual({
      value: null,
      reason: "DEVICE_CHANGED",
    });
    expect(device.heard).toEqual(["GET /shelly"]);
  });
});
