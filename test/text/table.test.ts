import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { statusLines } from "#src/text/plain-status.ts";
import { discoverTable, eventTable, splitLines } from "#src/text/table.ts";
import { anyView } from "../tui/any-view.ts";
import { sampleView, unknownView } from "../tui/sample-view.ts";

const style = { tz: "America/Denver", temperatureUnit: "C" as const };

describe("plain tables", () => {
  it("lists what a search found, with what each device can do", () => {
    const identity = {
      id: "aa:bb:cc:00:11:22",
      mac: "aa:bb:cc:00:11:22",
      serial: null,
      make: "Canaan",
      model: "Avalon Mini3",
      firmware: "avalon" as const,
      firmwareVersion: "24102401",
    };
    const capabilities = {
      canPause: true,
      power: "discrete" as const,
      split: "none" as const,
      minW: 400,
      maxW: 850,
      steps: [{ label: "night/eco", targetW: 400, wallW: 420, hashrateThs: null }],
      actions: { selectPool: async () => "effective" as const },
    };
    expect(
      discoverTable({
        miners: [
          { host: "192.0.2.10", port: 4028, identity, capabilities, name: "den" },
          {
            host: "192.0.2.11",
            port: 80,
            identity: { ...identity, make: null, model: "Bitaxe" },
            capabilities: null,
          },
        ],
        offline: [{ name: "barn", host: "192.0.2.12", port: 80, lastSeenAt: "2026-01-16T08:00:00Z" }],
        locked: [
          { host: "192.0.2.13", port: 80, error: { message: "It wants a password.", hint: "give it" } },
        ],
      }).join("\n"),
    ).toMatchInlineSnapshot(`
      "ADDRESS          NAME  MODEL                FIRMWARE         POWER   SPLIT    ID
      192.0.2.10:4028  den   Canaan Avalon Mini3  avalon 24102401  1 step  by time  aa:bb:cc:00:11:22
      192.0.2.11:80    new   Bitaxe               avalon 24102401  –       –        aa:bb:cc:00:11:22
      barn at 192.0.2.12:80: offline since 2026-01-16T08:00:00Z
      It wants a password. Try: give it"
    `);
    expect(discoverTable({ miners: [], offline: [], locked: [] })[0]).toContain("No miner answered");
  });

  it("lists events in the home's own time", () => {
    const { event } = sampleView.status;
    if (event === null) throw new Error("the sample has an event");
    expect(
      eventTable([event, { ...event, end: null, state: "future", met: null }], "America/Denver"),
    ).toEqual([
      "DAY         FROM   TO     KIND  ASKS           STATE   RESULT       ID",
      "2026-01-16  17:00  19:00  peak  at most 500 W  active  met so far   peak-0116",
      "2026-01-16  17:00  open   peak  at most 500 W  future  not started  peak-0116",
    ]);
  });

  it("proves a split in words", () => {
    if (sampleView.split === null) throw new Error("the sample has a split");
    expect(
      splitLines({ ...sampleView.split, drift: ["heater: pool 2 is not as agreed"] }).join("\n"),
    ).toMatchInlineSnapshot(`
      "LEG     TARGET  MEASURED  95 % RANGE        ACCEPTED WORK
      coop      30 %   30.02 %  29.46 to 30.58 %        540.2 M
      member    70 %   69.98 %  69.42 to 70.54 %          1.3 G

      Verdict    ok, within luck
      Shares     11766 accepted
      Window     2026-01-16 00:00 to 2026-01-17 00:00 UTC
      Mechanism  heater: time_slice
      Mechanism  bitaxe: time_slice
      Drift      heater: pool 2 is not as agreed"
    `);
  });

  it("writes the status in a few aligned lines", () => {
    expect(statusLines(sampleView.status, style).join("\n")).toMatchInlineSnapshot(`
      "At      Fri 16 Jan 17:10 MST
      living  20.4 °C   set 21.0   floor 15.0
      heater  mining   462 W   target 475 W
      bitaxe  mining    18 W   target 18 W
      Budget  500 W
      Sun     412 W
      Grid    importing 1312 W
      Event   co-op peak event: at most 500 W, 17:00-19:00, 1 h 49 min left, met so far
      Reason  co-op peak event: at most 500 W until 19:00
      Co-op   co-op linked (Prairie REC)
      Today   9.42 kWh   1,193 sats   credit $0.27   (estimated)"
    `);
    expect(statusLines({ ...unknownView.status, loop: false }, style).join("\n")).toMatchInlineSnapshot(`
      "At      Fri 16 Jan 17:10 MST   the loop is not running
      living  – no reading   set 21.0   floor 15.0
      heater  unknown   –   target –
      Budget  –
      Sun     – no reading
      Grid    – no reading
      Reason  – no decision yet
      Co-op   co-op lost, never reached
      Today   energy –   sats –   credit –   (estimated)"
    `);
  });

  it("shows temperatures in degF to whoever wants them", () => {
    expect(statusLines(sampleView.status, { ...style, temperatureUnit: "F" })[1]).toBe(
      "living  68.8 °F   set 69.8   floor 59.0",
    );
  });

  it("lets no control byte through, whatever the names and texts hold", () => {
    fc.assert(
      fc.property(anyView, (view) => {
        const lines = [
          ...statusLines(view.status, { tz: view.tz, temperatureUnit: view.temperatureUnit }),
          ...eventTable(view.status.event === null ? [] : [view.status.event], view.tz),
          ...(view.split === null ? [] : splitLines(view.split, view.tz)),
        ];
        for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      }),
    );
  });
});
