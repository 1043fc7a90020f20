import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { adoptFrom } from "#src/app/adopt-from.ts";
import { discoverMiners } from "#src/app/discover.ts";
import { discoverHome } from "#src/app/discover-home.ts";
import { findMiner } from "#src/app/follow-miner.ts";
import type { KnownMiner } from "#src/app/identify-miner.ts";
import { readMiner, showMiner } from "#src/app/miner-commands.ts";
import { passwordName } from "#src/app/miner-notes.ts";
import { readConfig } from "#src/config/config-store.ts";
import { hearthPaths } from "#src/config/paths.ts";
import { openSecrets } from "#src/config/secrets.ts";
import { devices, inWorld, type World } from "./emulated-world.ts";

/** A VNish closes its door for everybody after five wrong passwords, so nobody may waste tries. */
const signal = new AbortController().signal;
const vnish = devices.find(({ title }) => title === "vnish-s19");
/** It does not even tell its name without the password. */
const antminer = devices.find(({ entry }) => entry.model === "antminer-s19");

async function inLockedHome(run: (home: Home, world: World) => Promise<void>, device = vnish): Promise<void> {
  if (device === undefined) throw new Error("no such device");
  const folder = mkdtempSync(join(tmpdir(), "hearth-password-"));
  const env = { HEARTH_HOME: folder };
  try {
    await inWorld(device, { password: "right" }, (world) => {
      const name = `${world.miner.host}:${world.miner.port}`;
      return run({ folder, env, name }, world);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Home {
  folder: string;
  env: NodeJS.ProcessEnv;
  /** HOST:PORT of the miner. */
  name: string;
}

const adopt = ({ env, name }: Home, password: string | null) =>
  adoptFrom({
    ...{ env, host: name, name: "den", zone: null, circuit: null, breakerA: 20, voltageV: 240, password },
    ...{ allowPublic: false, dryRun: false, signal },
  });

describe("a miner whose password is not ours", () => {
  it("is read without any try, and shown with one, for its door closes after five", () =>
    inLockedHome(async ({ env, name }) => {
      const options = { env, name, signal, purpose: "read" as const };
      for (let times = 0; times < 6; times++) {
        expect((await readMiner(options)).reading).toMatchObject({ state: "mining" });
      }
      for (let times = 0; times < 4; times++) {
        const { miner, warnings } = await showMiner({ ...options, password: "wrong" });
        expect([miner.capabilities, miner.reading.state]).toEqual([null, "mining"]);
        expect(warnings).toEqual([
          expect.stringMatching(/refused the password that was given.*--password-file/),
        ]);
      }
      const { miner, warnings } = await showMiner({ ...options, password: "right" });
      expect([miner.capabilities?.pause, warnings]).toEqual([true, []]);
    }));

  it.each(["wrong", null])("is not adopted with it (%s), nor is the password kept", (password) =>
    inLockedHome(async (home) => {
      const refused = { code: "MINER_PASSWORD_WRONG", exit: 5 };
      for (let times = 0; times < 4; times++) {
        await expect(adopt(home, password)).rejects.toMatchObject(refused);
      }
      expect(readdirSync(home.folder)).toEqual([]);
      await expect(adopt(home, "right")).resolves.toMatchObject({ isKnown: false, warnings: [] });
      expect(readConfig(hearthPaths(home.env))?.config.miners).toHaveLength(1);
    }),
  );

  it("is adopted anew, as into another room, with the password that is stored", () =>
    inLockedHome(async (home) => {
      await adopt(home, "right");

      await expect(adopt(home, null)).resolves.toMatchObject({ isKnown: true, warnings: [] });
      const { miner, warnings } = await showMiner({ ...home, name: "den", signal, purpose: "read" });
      expect([miner.capabilities?.pause, warnings]).toEqual([true, []]);
    }));

  it("is looked for by its name, however often, without a try", () =>
    inLockedHome(async ({ env, name }, { miner }) => {
      for (let times = 0; times < 6; times++) {
        await expect(findMiner({ id: miner.id, among: [name] })).resolves.toMatchObject({ id: miner.id });
      }
      const options = { env, name, signal, purpose: "read" as const };
      expect((await showMiner({ ...options, password: "right" })).warnings).toEqual([]);
    }));

  it("is shown the password of its own identity wherever it stands, and never that of another one", () =>
    inLockedHome(async ({ name }, { miner }) => {
      const of = (id: string, host: string) => ({ id, host, driver: "vnish", password: "right" });
      const canPause = async (known: KnownMiner) =>
        (await discoverMiners({ hosts: [name], known: [known] })).miners[0]?.capabilities?.canPause ?? null;

      expect(await canPause(of("02:00:00:00:00:99", miner.host))).toBeNull();
      expect(await canPause(of(miner.id, "192.0.2.9"))).toBe(true);
    }));

  it("is locked, not off, when it tells its name for another password", () =>
    inLockedHome(async (home, { miner }) => {
      await adopt(home, "right");
      const search = { hosts: [home.name], subnets: [], listeners: [], dryRun: false };
      expect(await discoverHome(home.env, search)).toMatchObject({ miners: [{ name: "den" }], offline: [] });
      openSecrets(hearthPaths(home.env)).write(passwordName(miner.id), "wrong");

      expect(await discoverHome(home.env, search)).toMatchObject({
        ...{ miners: [], offline: [] },
        locked: [{ error: { code: "MINER_PASSWORD_WRONG" } }],
      });
    }, antminer));

  it("is found, with the reason why it does not say what it can do", () =>
    inLockedHome(async ({ name }) => {
      const { miners, locked } = await discoverMiners({ hosts: [name] });

      expect(miners).toMatchObject([{ capabilities: null, identity: { firmware: "vnish" } }]);
      expect(locked).toMatchObject([{ error: { code: "MINER_PASSWORD_WRONG" } }]);
    }));
});
