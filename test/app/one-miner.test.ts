import { expect, test } from "vitest";
import { findAdopted, withMiner } from "#src/app/one-miner.ts";
import type { HearthConfig } from "#src/model/config.ts";
import { inHome } from "./emulated-home.ts";

const home = {
  miners: [
    { name: "den", id: "02:00:00:00:00:01", host: "192.168.1.44", port: 4028 },
    { name: "barn", id: "serial:ABC", host: "192.168.1.45", port: 80 },
    { name: "shop", id: "02:00:00:00:00:03", host: "192.168.1.45", port: 4028 },
    { name: "192.168.1.44", id: "02:00:00:00:00:04", host: "192.168.1.46", port: 80 },
  ],
} as unknown as HearthConfig;

test.each([
  ["den", "02:00:00:00:00:01"],
  ["02:00:00:00:00:03", "02:00:00:00:00:03"],
  ["02:00:00:00:00:0A".replace("0A", "03"), "02:00:00:00:00:03"],
  ["192.168.1.45:80", "serial:ABC"],
  ["192.168.1.46", "02:00:00:00:00:04"],
  // A name goes before an address.
  ["192.168.1.44", "02:00:00:00:00:04"],
])("%s is the adopted miner %s", (name, id) => {
  expect(findAdopted(home, name)?.id).toBe(id);
});

test.each(["Den", "", "192.168.1.45", "192.168.1.99", "den:4028", "http://192.168.1.44/"])(
  "%j is none of them, or not one alone",
  (name) => {
    expect(findAdopted(home, name)).toBeNull();
  },
);

test.each([
  ["read", "Run it again; if it stays so, restart the miner"],
  ["write", "Read it again before repeating a change: it may have taken it"],
] as const)(
  "a %s that goes on and on ends after 8 s, with its own next step",
  async (purpose, hint) => {
    const { signal } = new AbortController();
    await inHome(async (env) => {
      const endless = withMiner({ env, name: "den", signal, purpose }, (den) => {
        return new Promise((_, reject) => {
          den.signal.addEventListener("abort", () => reject(den.signal.reason));
        });
      });

      await expect(endless).rejects.toMatchObject({
        message: expect.stringContaining("den was not done within 8 s."),
        ...{ code: "MINER_TIMEOUT", hint },
      });
    });
  },
  20_000,
);
