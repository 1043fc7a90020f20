import { describe, expect, it } from "vitest";
import { bindDriver } from "#src/app/miner-port.ts";
import { minerDriver, minerDrivers } from "#src/miners/registry.ts";
import type { MinerReading } from "#src/model/miner.ts";
import { startRecorded, versionsOf } from "./recorded-device.ts";

/** What every driver of the registry must do, against its recorded answers on a real socket. */
const never = new AbortController().signal;
const recordings = minerDrivers.flatMap(({ id }) => versionsOf(id).map((version) => ({ id, version })));
const PASSWORD = "hunter2";

async function bind(id: string, port: number) {
  const entry = minerDriver(id);
  if (entry === null) throw new Error(`no driver ${id}`);
  return bindDriver(entry, "127.0.0.1", port, { password: PASSWORD, link: { totalMs: 400, quietMs: 30 } });
}

const figures = (reading: MinerReading) => [
  reading.powerW,
  reading.hashrateThs,
  reading.chipMaxC,
  reading.boardC,
  reading.inletC,
  reading.outletC,
  reading.uptimeS,
  reading.powerTargetW,
];

describe.each(recordings)("the driver of $id with $version", ({ id, version }) => {
  const folder = `${id}/${version}`;

  it("identifies its own recordings, and no other driver does", async () => {
    await using server = await startRecorded(folder);

    for (const other of minerDrivers) {
      const driver = await bind(other.id, server.port);
      const identity = await driver.identify(never).catch(() => null);
      expect([other.id, identity?.firmware ?? null]).toEqual([other.id, other.id === id ? id : null]);
    }
  });

  it("reads, and tells what it can do with an action for each word, by reads alone", async () => {
    await using server = await startRecorded(folder);
    const driver = await bind(id, server.port);

    const reading = await driver.read(never);
    const { actions, canPause, power, split, steps, splitStepPpm } = await driver.capabilities(never);

    expect(figures(reading).some((value) => value !== null)).toBe(true);
    expect(Boolean(actions.pause && actions.resume)).toBe(canPause);
    expect(Boolean(actions.setStep)).toBe(power === "discrete");
    expect(Boolean(actions.setTarget)).toBe(power === "continuous");
    expect(splitStepPpm !== null).toBe(split !== "none");
    expect(steps.map(({ wallW }) => wallW)).toEqual(steps.map(({ wallW }) => wallW).sort((a, b) => a - b));
    // The link was opened without a guard: one attempt to write would have failed the calls above.
    expect(server.asked.length).toBeGreaterThan(0);
    expect(server.asked.length).toBeLessThan(16);
  });

  it.each([
    ["cut in half", (text: string) => text.slice(0, text.length / 2)],
    ["empty", () => ""],
    ["of another type", () => '["a",1,null]'],
    ["a number", () => "42"],
    ["a page", () => "<html><body>Welcome</body></html>"],
    ["a login page", () => '<html><body><input type="password"></body></html>'],
    ["huge", () => "x".repeat(1_200_000)],
    ["deep", () => "[".repeat(500) + "]".repeat(500)],
  ] as [string, (text: string) => string][])(
    "takes an answer %s as a miss with a typed error and no secret",
    async (_, change) => {
      await using server = await startRecorded(folder, change);
      const driver = await bind(id, server.port);

      const error = await driver.read(never).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ name: "HearthError", code: expect.stringMatching(/^MINER_/) });
      expect(JSON.stringify([String(error), error])).not.toMatch(/hunter2|"Password":"x"/);
    },
  );

  it("never turns a missing number into another one", async () => {
    // Every figure of the answer is renamed away: what is left is unknown.
    await using server = await startRecorded(folder, (text) =>
      text
        .replaceAll(/"([A-Za-z_0-9 %-]+)":\s*"?-?\d/g, '"gone $1":"')
        .replaceAll(/"gone ([^"]*)":"([^",}\]]*)"?/g, '"gone $1":"$2"')
        .replaceAll(/"([A-Za-z_0-9 %-]+)":\s*\[\s*-?\d[^\]]*\]/g, '"gone $1":[]')
        .replaceAll(/\b[A-Za-z0-9]+\[(?=-?\d)/g, "Gone["),
    );
    const driver = await bind(id, server.port);

    const reading = await driver.read(never).catch(() => null);

    if (reading !== null) expect(figures(reading).filter((value) => value !== null)).toEqual([]);
  });

  it("states a tier and what it is exempt from", async () => {
    const loaded = await minerDriver(id)?.load();

    expect(["bronze", "silver", "gold", "platinum"]).toContain(loaded?.tier);
    expect(loaded?.exemptions.every((reason) => reason.length > 10)).toBe(true);
  });
});
