import { readdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { bindDriver } from "#src/app/miner-port.ts";
import { minerDriver, minerDrivers } from "#src/miners/registry.ts";
import type { MinerReading } from "#src/model/miner.ts";
import { fixture } from "./fixtures.ts";

/** What every driver of the registry must do, against its recorded answers on a real socket. */
const never = new AbortController().signal;
const versionsOf = (id: string) => readdirSync(new URL(`../fixtures/${id}`, import.meta.url));
const recordings = minerDrivers.flatMap(({ id }) => versionsOf(id).map((version) => ({ id, version })));

/** Serves the recorded answers of one device in both protocols; `change` may spoil them. */
async function serve(folder: string, change: (text: string) => string | null = (text) => text) {
  const files = new Set(readdirSync(new URL(`../fixtures/${folder}`, import.meta.url)));
  const asked: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => open.delete(socket));
    socket.once("data", (chunk) => {
      const request = chunk.toString("utf8");
      asked.push(request);
      const isWeb = /^[A-Z]+ \//.test(request);
      const name = isWeb ? /\/(\w+) HTTP/.exec(request)?.[1] : /"command":"(\w+)"/.exec(request)?.[1];
      const text = files.has(`${name}.json`) ? change(fixture(`${folder}/${name}.json`)) : "";
      if (text === null) return;
      if (!isWeb) return socket.end(text);
      const status = files.has(`${name}.json`) ? "200 OK" : "404 Not Found";
      return socket.end(
        `HTTP/1.1 ${status}\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    asked,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bind(id: string, port: number) {
  const entry = minerDriver(id);
  if (entry === null) throw new Error(`no driver ${id}`);
  return bindDriver(entry, "127.0.0.1", port, { totalMs: 250, password: "hunter2" });
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
    await using server = await serve(folder);

    for (const other of minerDrivers) {
      const driver = await bind(other.id, server.port);
      const identity = await driver.identify(never).catch(() => null);
      expect(identity?.firmware ?? null).toBe(other.id === id ? id : null);
    }
  });

  it("reads, and tells what it can do with a write for each word", async () => {
    await using server = await serve(folder);
    const driver = await bind(id, server.port);

    const reading = await driver.read(never);
    const { actions, canPause, power, steps } = await driver.capabilities(never);

    expect(figures(reading).some((value) => value !== null)).toBe(true);
    expect(Boolean(actions.pause && actions.resume)).toBe(canPause);
    expect(Boolean(actions.setStep)).toBe(power === "discrete");
    expect(steps.map(({ wallW }) => wallW)).toEqual(steps.map(({ wallW }) => wallW).sort((a, b) => a - b));
    expect(
      server.asked.filter((request) =>
        /,set,|soft|setpool|switchpool\b(?!")|^(PATCH|PUT|POST)/.test(request),
      ),
    ).toEqual([]);
  });

  it.each([
    ["cut in half", (text: string) => text.slice(0, text.length / 2)],
    ["empty", () => ""],
    ["of another type", () => '["a",1,null]'],
    ["a number", () => "42"],
    ["a page", () => "<html><body>Welcome</body></html>"],
    ["huge", () => "x".repeat(1_200_000)],
    ["never coming", () => null],
  ] as [string, (text: string) => string | null][])(
    "takes an answer %s as a miss with a typed error and no secret",
    async (_, change) => {
      await using server = await serve(folder, change);
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
    // Every figure of the answer is renamed away, one file at a time: what is left is unknown.
    await using server = await serve(folder, (text) =>
      text
        .replaceAll(/"([A-Za-z_0-9 %]+)":\s*-?\d/g, '"gone $1":0')
        .replaceAll(/\b[A-Za-z0-9]+\[(?=-?\d)/g, "Gone["),
    );
    const driver = await bind(id, server.port);

    const reading = await driver.read(never).catch(() => null);

    if (reading !== null) expect(figures(reading).filter((value) => value !== null)).toEqual([]);
  });

  it("states a tier", async () => {
    const loaded = await minerDriver(id)?.load();

    expect(["bronze", "silver", "gold", "platinum"]).toContain(loaded?.tier);
    expect(loaded?.exemptions.every((reason) => reason.length > 10)).toBe(true);
  });
});
