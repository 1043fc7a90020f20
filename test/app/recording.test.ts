import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { recordMiner } from "#src/app/record-miner.ts";
import { createRedaction, recordingName } from "#src/app/recording.ts";
import { HearthError } from "#src/model/errors.ts";
import { fixture } from "../miners/fixtures.ts";
import { startTcp } from "../net/tcp-server.ts";
import { devices, inWorld } from "./emulated-world.ts";

describe("the file of an answer", () => {
  it.each([
    ["http", "GET /api/system/info", "api.system.info.json"],
    ["http", "GET /", "index.json"],
    ["http", "POST /api/v1/auth/login", "post.api.v1.auth.login.json"],
    ["http", "GET /cgi-bin/get_miner_conf.cgi", "cgi-bin.get_miner_conf.cgi.json"],
    ["cgminer", '{"command":"version"}', "version.json"],
    ["cgminer", '{"command":"check","parameter":"switchpool"}', "check.switchpool.json"],
    ["cgminer", '{"command":"stats","new_api":true}', "stats.new_api.json"],
    ["cgminer", '{"cmd":"get_version"}', "get_version.json"],
    ["cgminer", "ascset|0,help", "ascset.0.help.txt"],
    ["frames", '{"cmd":"get.device.info","param":null}', "get.device.info.json"],
    ["frames", '{"cmd":"get.miner.status","param":"summary"}', "get.miner.status.summary.json"],
    ["frames", '{"cmd":"set.x","param":1,"ts":5,"token":"t","account":"super"}', "set.x.json"],
    ["cgminer", '{"command":"../../etc/passwd"}', "etc.passwd.json"],
  ] as const)("of %s %s is %s", (protocol, request, name) => {
    expect(recordingName({ protocol, request })).toBe(name);
  });
});

describe("redaction", () => {
  const redact = createRedaction();

  it.each([
    [
      "passwords",
      '{"stratumPassword":"hunter2","pass":"hunter2","Password": "hunter2","wifiPass":"hunter2"}',
    ],
    ["tokens and salts", '{"token":"hunter2","salt":"hunter2","newsalt":"hunter2","SessionID":"hunter2"}'],
    ["text answers", "STATUS=S|POOL=0,User=bc1qhunter2,Password=hunter2,Status=Alive|"],
    ["bracket fields", "SSID[hunter2] DNA[hunter2]"],
    ["users", '{"User":"bc1qhunter2.w","stratumUser":"hunter2","worker":"hunter2"}'],
    ["names", '{"hostname":"hunter2","ssid":"hunter2"}'],
    ["serial numbers", '{"serinum":"hunter2","miner-sn":"hunter2"}'],
    ["names in addresses", '{"url":"stratum+tcp://hunter2:hunter2@p.example:3333"}'],
    ["places without a scheme", '{"url":"hunter2.example:3333"}'],
    ["hosts without a scheme", '{"Stratum URL":"hunter2.example"}'],
    ["hosts of text answers", "STATUS=S|POOL=0,Stratum URL=hunter2.example,Status=Alive|"],
    ["pool hosts", '{"URL":"stratum+tcp://hunter2.example:3333","stratumURL":"hunter2.example"}'],
  ])("takes out %s", (_, text) => expect(redact(text)).not.toContain("hunter2"));

  it("keeps what drivers live on: shapes, figures, the same stand-in for the same thing", () => {
    const text =
      '{"macAddr":"B0:81:84:11:22:33","mac":"b08184112233","power":17.12,"a":"192.168.1.44","b":"192.168.1.44","URL":"stratum+tcp://p.example:3333"}';
    const clean = createRedaction()(text);

    expect(JSON.parse(clean)).toEqual({
      macAddr: "02:00:00:00:00:01",
      mac: "020000000001",
      power: 17.12,
      a: "192.0.2.1",
      b: "192.0.2.1",
      URL: "stratum+tcp://pool1.example:3333",
    });
  });

  it("takes out who is paid and where it stands, wherever it says so", () => {
    const payees = ["bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"];
    const places = ["fe80::5ef9:38ff:fe11:2233", "2001:db9:0:0:5ef9:38ff:fe11:2233"];
    const clean = createRedaction()(
      JSON.stringify({ outputs: payees.map((address) => ({ address })), ipv6: places, last: "0:00:03" }),
    );

    for (const word of [...payees, ...places]) expect(clean).not.toContain(word);
    expect(clean).toContain('"last":"0:00:03"');
  });

  it("keeps the port of a pool without its scheme, and the whole address of one with it", () => {
    expect(createRedaction()('{"Stratum URL":"p.example:3333"}')).toBe(
      '{"Stratum URL":"pool1.example:3333"}',
    );
    expect(createRedaction()('{"Stratum URL":"stratum+tcp://p.example:3333"}')).toBe(
      '{"Stratum URL":"stratum+tcp://pool1.example:3333"}',
    );
  });

  it("leaves the name of a fee pool", () => {
    expect(createRedaction()('{"url":"DevFee"}')).toBe('{"url":"DevFee"}');
  });

  it("leaves broken answers as broken as they came", () => {
    const text = '{"STATUS":[{"STATUS":"S"}],"POOLS":[{"Password":"x","Voltage":1180,}{"POOL":1}]';

    expect(createRedaction()(text)).toBe(text.replace('"x"', '"***"'));
  });
});

it("a recording that is called off leaves no half of itself behind", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hearth-record-"));
  const stop = new AbortController();
  // It tells its name, and Ctrl-C comes while it is asked for its figures.
  await using unit = await startTcp((socket, request) => {
    if (request.includes("version")) socket.end(`${fixture("avalon/mini3-25022401/version.json")}\0`);
    else stop.abort(new HearthError(130, "INTERRUPTED", "Interrupted by Ctrl-C"));
  });

  await expect(
    recordMiner({
      ...{ env: { HEARTH_HOME: join(folder, "home") }, name: `127.0.0.1:${unit.port}`, folder },
      ...{ dryRun: false, signal: stop.signal },
    }),
  ).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});

describe.each(devices)("a recording of an emulated $title", (device) => {
  it("holds its answers and none of its secrets", () =>
    inWorld(device, {}, async ({ miner, pools }) => {
      const folder = mkdtempSync(join(tmpdir(), "hearth-record-"));
      try {
        const recording = await recordMiner({
          env: { HEARTH_HOME: join(folder, "home") },
          name: `${miner.host}:${miner.port}`,
          folder,
          dryRun: false,
          signal: new AbortController().signal,
        });

        expect(readdirSync(recording.folder).sort()).toEqual([...recording.files].sort());
        expect(recording.files.length).toBeGreaterThan(0);
        const all = recording.files
          .map((file) => readFileSync(join(recording.folder, file), "utf8"))
          .join("\n");
        expect(all.toLowerCase()).not.toContain(miner.id);
        expect(all.toLowerCase()).not.toContain(miner.id.replaceAll(":", ""));
        for (const { user } of pools) expect(all).not.toContain(user);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }));
});
