import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AddSourceOptions, addSource, listSources, removeSource } from "#src/app/edit-sources.ts";
import { probeSource } from "#src/app/probe-source.ts";
import { recordSource } from "#src/app/record-source.ts";
import { entryFrom } from "#src/app/source-entry.ts";
import { testSources } from "#src/app/test-source.ts";
import { type ModbusDevice, put, startModbusDevice, textWords } from "../sources/modbus-server.ts";
import { startWebDevice, type WebDevice } from "../sources/support.ts";

const signal = new AbortController().signal;
const mac = "A4CF12F45A01";

let shelly: WebDevice;
let meter: ModbusDevice;
let folder: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  const emeters = [
    { power: 512.5, is_valid: true },
    { power: -1800, is_valid: true },
  ];
  shelly = await startWebDevice({ "/shelly": { type: "SHEM", mac }, "/status": { mac, emeters } });
  const registers = new Map<number, number>();
  const texts = [
    ...textWords("Acme", 16),
    ...textWords("Meter", 16),
    ...Array(16).fill(0),
    ...textWords("SN1", 16),
  ];
  const body = Array.from({ length: 105 }, (_, index) => (index === 16 ? 0xfe0c : index === 20 ? 0 : 0x8000));
  put(registers, 40_000, [0x5375, 0x6e53, 1, 66, ...texts, 1, 0, 203, 105, ...body, 0xffff, 0]);
  meter = await startModbusDevice(new Map([[1, registers]]));
});
afterAll(async () => {
  await shelly.close();
  await meter.close();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hearth-sources-"));
  env = { HEARTH_HOME: folder };
});
afterEach(() => rmSync(folder, { recursive: true }));

const options = (entry: Record<string, unknown>, more: Partial<AddSourceOptions> = {}): AddSourceOptions => ({
  ...{ env, secret: null, isUntested: false, dryRun: false, signal },
  entry: { name: "main", role: "grid", kind: "http", ...entry },
  ...more,
});

const fromTemplate = (set: string[], host = shelly.host) =>
  entryFrom({
    ...{
      name: "main",
      role: "grid",
      template: "shelly-gen1",
      kind: null,
      host,
      set,
      options: [],
      fields: {},
    },
    ...{ hasSecret: false, isUntested: false, signal },
  });

const power = (index: number) => ({ url: `http://${shelly.host}/status`, select: `emeters[${index}].power` });

describe("adding", () => {
  it("by a template keeps the serial number of the device that answered", async () => {
    const { entry, notes } = await fromTemplate(["clamps=0:2"]);
    const { source, reading } = await addSource(options(entry));

    expect(source.identity?.expected).toBe(mac);
    expect(reading).toMatchObject({ value: -1287.5, unit: "W", sign: "exporting", reason: null });
    expect(notes.join(" ")).toMatch(/source test --sign/);
    expect(listSources(env)).toMatchObject([{ name: "main", template: "shelly-gen1", hasSecret: false }]);
  });

  it("by a template for another device changes nothing", async () => {
    const other = await startWebDevice({ "/shelly": { gen: 2, model: "SPEM-003CEBEU" } });

    await expect(fromTemplate(["clamps=0:2"], other.host)).rejects.toMatchObject({
      code: "SOURCE_OTHER_DEVICE",
      exit: 3,
    });
    await other.close();
  });

  it("as a dry run reads it, and keeps nothing", async () => {
    const { reading } = await addSource(options(power(0), { dryRun: true }));

    expect(reading?.value).toBe(512.5);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("keeps the secret in a file of its own, away from the configuration, and removing it takes it along", async () => {
    await addSource(options({ ...power(0), http: { auth: "bearer" } }, { secret: "s3cret" }));
    const secret = join(folder, "secrets", "source-main");

    expect(readFileSync(secret, "utf8")).toBe("s3cret");
    expect(readFileSync(join(folder, "config.json"), "utf8")).not.toContain("s3cret");
    removeSource({ env, name: "main", dryRun: false });
    expect(() => readFileSync(secret)).toThrow("ENOENT");
  });

  it.each([
    ["that does not answer", { url: "http://127.0.0.1:9/" }, 3, "SOURCE_UNREACHABLE"],
    ["that tells no value", { url: "SHELLY/status", select: "nothing" }, 6, "SOURCE_NO_VALUE"],
    ["of a kind that nobody knows", { kind: "opc-ua" }, 2, "TEMPLATE_UNKNOWN"],
    ["with an option that is none", { kind: "modbus", modbus: { address: -1 } }, 2, "SOURCE_INVALID"],
    ["in a zone that is not there", { role: "room", zone: "den", url: "SHELLY/status" }, 2, "SOURCE_INVALID"],
    ["outside of the home", { url: "http://8.8.8.8/" }, 4, "SOURCE_ADDRESS_REFUSED"],
    ["reckoned from nothing", { kind: "calc", calc: { op: "add", inputs: ["sun"] } }, 2, "CALC_INPUT"],
  ])("of one %s is refused, and nothing is kept", async (_, entry, exit, code) => {
    const url = "url" in entry ? { url: entry.url?.replace("SHELLY", `http://${shelly.host}`) } : {};

    await expect(addSource(options({ ...entry, ...url }))).rejects.toMatchObject({ exit, code });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("of one that does not answer is possible when a person says so", async () => {
    const { reading } = await addSource(options({ url: "http://127.0.0.1:9/" }, { isUntested: true }));

    expect(reading).toBeNull();
    expect((await testSources({ env, name: null, signal })).map((tried) => tried.error?.code)).toEqual([
      "SOURCE_UNREACHABLE",
    ]);
  });
});

describe("a source that others are reckoned from", () => {
  it("is read once for them, and not removed under them", async () => {
    await addSource(options({ ...power(0), every_s: 60 }));
    await addSource(options({ ...power(1), name: "sun", role: "pv", invert: true, every_s: 60 }));
    await addSource(
      options({ name: "house", role: "load", kind: "calc", calc: { op: "add", inputs: ["main", "sun"] } }),
    );
    shelly.heard.length = 0;
    const tried = await testSources({ env, name: null, signal });

    expect(tried.map(({ reading }) => reading.value)).toEqual([512.5, 1800, 2312.5]);
    expect(shelly.heard).toHaveLength(1);
    expect(() => removeSource({ env, name: "sun", dryRun: false })).toThrow(
      expect.objectContaining({ code: "SOURCE_IN_USE", exit: 4 }),
    );
  });
});

describe("probing", () => {
  it("names the template, the device and the next command", async () => {
    const [found] = await probeSource({ env, host: shelly.host, allowPublic: false, signal });

    expect(found).toMatchObject({ template: "shelly-gen1", model: "SHEM", id: mac });
    expect(found?.next).toBe(
      `hearth source add NAME --template shelly-gen1 --host ${shelly.host} --role grid --set clamps=…`,
    );
  });

  it("finds what a SunSpec device has behind it", async () => {
    const found = await probeSource({ env, host: meter.host, allowPublic: false, signal });

    expect(found).toMatchObject([{ template: "sunspec", model: "Acme Meter", id: "SN1", roles: ["grid"] }]);
  });

  it("of something unknown says so", async () => {
    const other = await startWebDevice({});

    await expect(probeSource({ env, host: other.host, allowPublic: false, signal })).rejects.toMatchObject({
      ...{ code: "SOURCE_NOT_RECOGNISED", exit: 3 },
    });
    await other.close();
  });
});

describe("a recording", () => {
  const read = (path: string) =>
    readdirSync(path)
      .map((file) => readFileSync(join(path, file), "utf8"))
      .join("\n");

  it("keeps what a device answered, but for its serial number", async () => {
    await addSource(options((await fromTemplate(["clamps=0:2"])).entry));
    const { files } = await recordSource({
      env,
      name: "main",
      folder: join(folder, "out"),
      dryRun: false,
      signal,
    });
    const kept = read(join(folder, "out", "shelly-gen1", "main"));

    expect(files).toEqual(["shelly.json", "status.json"]);
    expect(kept).toContain("-1800");
    expect(kept).not.toContain(mac);
  });

  it("keeps registers, but for the serial number", async () => {
    await addSource(options({ kind: "sunspec", host: meter.host, sunspec: { part: "meter" } }));
    await recordSource({ env, name: "main", folder: join(folder, "out"), dryRun: false, signal });
    const kept = read(join(folder, "out", "sunspec", "main"));

    expect(kept).toContain(String(0xfe0c));
    expect(kept).not.toContain(JSON.stringify(textWords("SN1", 2)).slice(1, -1));
  });
});
