import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { adoptFrom } from "#src/app/adopt-from.ts";
import { readMiner } from "#src/app/miner-commands.ts";
import { createDriverMemory, passwordName } from "#src/app/miner-notes.ts";
import { hearthPaths } from "#src/config/paths.ts";
import { openStateStore } from "#src/ledger/state-store.ts";
import { askJson, row } from "../sim/support.ts";
import { devices, inWorld } from "./emulated-world.ts";

const signal = new AbortController().signal;

it("miners whose long serial numbers differ at the end share neither password nor backup", () => {
  const [one, other] = ["A", "B"].map((end) => passwordName(`serial:${"0123456789".repeat(4)}${end}`));

  expect(one).not.toBe(other);
  expect(one).toMatch(/^[a-z0-9][a-z0-9.-]{0,63}$/);
});

it("a command that only reads knows the notes of the driver, and leaves them as they are", async () => {
  const luxos = devices.find(({ title }) => title === "luxos-s19");
  if (luxos === undefined) throw new Error("no such device");
  const folder = mkdtempSync(join(tmpdir(), "hearth-notes-"));
  const env = { HEARTH_HOME: folder };
  try {
    await inWorld(luxos, {}, async ({ miner }) => {
      const name = `${miner.host}:${miner.port}`;
      await adoptFrom({
        ...{ env, host: name, name: "den", zone: null, circuit: null, breakerA: 20, voltageV: 240 },
        ...{ password: null, allowPublic: false, dryRun: false, signal },
      });
      const read = async () =>
        (await readMiner({ env, name: "den", signal, purpose: "read" })).reading.stateDetail;
      const session = String(row(await askJson(miner.port, "logon"), "SESSION")["SessionID"]);
      await askJson(miner.port, "atmset", `${session},enabled=false`);
      // Its owner's own doing, as far as anybody here knows.
      expect(await read()).toBeNull();

      const store = openStateStore(hearthPaths(env).state);
      createDriverMemory(store, miner.id).set("atm", "off");
      expect(await read()).toMatch(/thermal management .* may be off/);
      expect(createDriverMemory(store, miner.id).get("atm")).toBe("off");
      store.close();
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
