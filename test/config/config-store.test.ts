import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { emptyConfig, readConfig, requireConfig } from "#src/config/config-store.ts";
import { writeConfig } from "#src/config/config-write.ts";
import { takeLock } from "#src/config/lock.ts";
import { createFolders, type HearthPaths, hearthPaths, isInstalled } from "#src/config/paths.ts";
import { openSecrets } from "#src/config/secrets.ts";

let folder: string;
let paths: HearthPaths;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hearth-config-"));
  paths = hearthPaths({ HEARTH_HOME: folder });
  createFolders(paths);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("config.json", () => {
  test("is null before it is written, and comes back as it was", () => {
    expect(readConfig(paths)).toBeNull();
    expect(isInstalled(paths)).toBe(false);

    const config = { ...emptyConfig("America/Denver"), home: { ...emptyConfig("UTC").home, name: "Farm" } };
    writeConfig(paths, config);

    expect(readConfig(paths)).toEqual({ config, warnings: [] });
    expect(isInstalled(paths)).toBe(true);
  });

  test("is readable by its owner alone, and so are the copies", () => {
    writeConfig(paths, emptyConfig("UTC"));
    writeConfig(paths, emptyConfig("America/Denver"));

    for (const file of [paths.config, `${paths.config}.1`]) expect(statSync(file).mode & 0o077).toBe(0);
  });

  test("keeps a copy of itself and two earlier generations", () => {
    for (const tz of ["UTC", "Europe/Paris", "America/Denver", "America/Chicago", "Asia/Tokyo"]) {
      writeConfig(paths, emptyConfig(tz));
    }

    const zones = [1, 2, 3, 4].map((generation) => {
      const copy = `${paths.config}.${generation}`;
      return existsSync(copy) ? JSON.parse(readFileSync(copy, "utf8")).home.tz : null;
    });
    expect(zones).toEqual(["Asia/Tokyo", "America/Chicago", "America/Denver", null]);
  });

  test.each([
    ["half a file", '{"schema":"hearth.conf'],
    ["no file of ours", '{"schema":"hearth.config/1","miners":7}'],
  ])("with %s the last good copy is used and the bad one kept aside", (_, broken) => {
    writeConfig(paths, emptyConfig("UTC"));
    writeConfig(paths, emptyConfig("America/Denver"));
    writeFileSync(paths.config, broken);

    const loaded = requireConfig(paths);

    expect(loaded.config.home.tz).toBe("America/Denver");
    expect(loaded.warnings).toHaveLength(1);
    expect(readFileSync(`${paths.config}.bad`, "utf8")).toBe(broken);
  });

  test("without any good copy a broken file is an error and is not touched", () => {
    writeFileSync(paths.config, "{");

    expect(() => readConfig(paths)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID", exit: 2 }));
    expect(readFileSync(paths.config, "utf8")).toBe("{");
  });

  test("of a newer program is refused and not replaced by an older copy", () => {
    writeConfig(paths, emptyConfig("UTC"));
    writeConfig(paths, emptyConfig("UTC"));
    writeFileSync(paths.config, '{"schema":"hearth.config/2"}');

    expect(() => readConfig(paths)).toThrow(expect.objectContaining({ code: "CONFIG_NEWER", exit: 4 }));
  });

  test("that is missing is said with the next step", () => {
    expect(() => requireConfig(paths)).toThrow(expect.objectContaining({ code: "NOT_SET_UP", exit: 2 }));
  });
});

describe("folders", () => {
  test("follow XDG without HEARTH_HOME", () => {
    const xdg = hearthPaths({ XDG_CONFIG_HOME: "/c", XDG_DATA_HOME: "/d", XDG_RUNTIME_DIR: "/r" });

    expect(xdg).toMatchObject({
      config: "/c/hearth/config.json",
      ledger: "/d/hearth/ledger.db",
      socket: "/r/hearth/hearth.sock",
    });
  });

  test("with a socket path that the system cannot take are refused", () => {
    const long = `/tmp/${"x".repeat(100)}`;

    expect(() => hearthPaths({ HEARTH_HOME: long })).toThrow(
      expect.objectContaining({ code: "SOCKET_PATH_LONG", exit: 2 }),
    );
  });
});

describe("the loop's lock", () => {
  test("is held by one at a time and free after its release", () => {
    const first = takeLock(paths);

    expect(() => takeLock(paths)).toThrow(expect.objectContaining({ code: "LOOP_RUNNING", exit: 4 }));

    first.release();
    takeLock(paths).release();
  });
});

describe("secrets", () => {
  test("come back, and are files of 0600", () => {
    const secrets = openSecrets(paths);
    const ref = secrets.write("ven-client", "s3cret");

    expect(ref).toBe("file:ven-client");
    expect(secrets.read(ref)).toBe("s3cret");
    expect(statSync(join(paths.secrets, "ven-client")).mode & 0o077).toBe(0);
    expect(secrets.read("file:nothing")).toBeNull();
  });

  test("that others can read are refused", () => {
    writeFileSync(join(paths.secrets, "open"), "x", { mode: 0o644 });

    expect(() => openSecrets(paths).read("file:open")).toThrow(
      expect.objectContaining({ code: "SECRET_MODE", exit: 5 }),
    );
  });

  test.each(["../config.json", "a/b", "", ".hidden"])("with the name %j do not exist", (name) => {
    expect(() => openSecrets(paths).read(name)).toThrow(expect.objectContaining({ code: "SECRET_NAME" }));
  });
});
