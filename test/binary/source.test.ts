import { afterAll, beforeAll, expect, test } from "vitest";
import { startWebDevice, type WebDevice } from "../sources/support.ts";
import { temporaryHome } from "./spawn-hearth.ts";

/** `hearth source …` as a person types it; what the commands do in detail is tried in test/app/sources.test.ts. */
let hearth: ReturnType<typeof temporaryHome>;
let shelly: WebDevice;

beforeAll(async () => {
  hearth = temporaryHome();
  const emeters = [
    { power: 512.5, is_valid: true },
    { power: -1800, is_valid: true },
  ];
  const mac = "A4CF12F45A01";
  shelly = await startWebDevice({
    "/shelly": { type: "SHEM", mac, auth: false },
    "/status": { mac, emeters },
  });
});
afterAll(async () => {
  await shelly.close();
  await hearth.close();
});

test("a meter is added by its template, and read as a stream until Ctrl-C", async () => {
  const flags = ["--template", "shelly-gen1", "--host", shelly.host, "--set", "clamps=0:2", "--every", "1"];
  const added = await hearth.run(["source", "add", "main", "--role", "grid", ...flags, "--json"]);
  const child = hearth.start(["source", "test", "main", "--watch", "--json"]);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const lines: string[] = [];
  for await (const chunk of child.stdout) {
    lines.push(...String(chunk).trim().split("\n"));
    child.kill("SIGINT");
  }

  expect(added.exit).toBe(0);
  expect(JSON.parse(added.stdout)).toMatchObject({
    ...{ schema: "hearth.source.add/1", ok: true },
    data: { result: "added", reading: { value: -1287.5, unit: "W", sign: "exporting", age_s: 0 } },
  });
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ name: "main", value: -1287.5, reason: null });
  expect(await ended).toBe(130);
});

test("a meter that does not answer is told with the next step, and exit 3", async () => {
  const flags = ["--url", "http://127.0.0.1:9/", "--role", "grid"];
  const { exit, stdout, stderr } = await hearth.run(["source", "add", "mute", ...flags]);

  expect(exit).toBe(3);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/No connection to 127\.0\.0\.1:9 \(connection refused\)\.\nTry: /);
});
