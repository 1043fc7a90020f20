/** Inside a network namespace (scan.ts): a dark /24, live miners in it, and a tar pit. */
import { spawnSync } from "node:child_process";
import { createServer, type Socket } from "node:net";
import { discoverMiners } from "#src/app/discover.ts";
import { createSystemClock } from "#src/net/system-clock.ts";
import type { EmulatedMiner, MinerModel } from "#src/sim/emulated-miner.ts";
import { startMiner } from "#src/sim/emulators.ts";
import { median, ms, percentile, say, verdictOf } from "./figures.ts";

const SUBNET = "10.77.0.0/24";
const ROUNDS = 20;

function network(...words: string[]): void {
  const { status } = spawnSync("ip", words, { stdio: "ignore" });
  if (status !== 0) throw new Error(`ip ${words.join(" ")} failed`);
}

/** A cable with nobody at its other end: who is asked for there never answers. */
function layNetwork(): void {
  network("link", "set", "lo", "up");
  network("link", "add", "dark", "type", "veth", "peer", "name", "nobody");
  network("addr", "add", "10.77.0.1/24", "dev", "dark");
  network("link", "set", "dark", "up");
  network("link", "set", "nobody", "up");
  for (const host of ["10.77.0.44", "10.77.0.45", "10.77.0.66"])
    network("addr", "add", `${host}/32`, "dev", "lo");
}

async function rounds(count: number, run: () => Promise<number>): Promise<number[]> {
  const values: number[] = [];
  for (let round = 0; round < count; round++) values.push(await run());
  return values;
}

async function timed(): Promise<number> {
  const startedMs = performance.now();
  await discoverMiners({ subnets: [SUBNET] });
  return performance.now() - startedMs;
}

/** From the moment at which the first live miner takes a connection to its line on the screen. */
async function untilFirst(accepted: () => number): Promise<number> {
  let foundMs = Number.NaN;
  await discoverMiners({
    subnets: [SUBNET],
    onFound: () => {
      if (Number.isNaN(foundMs)) foundMs = performance.now();
    },
  });
  return foundMs - accepted();
}

async function startTarPit(): Promise<() => void> {
  const open = new Set<Socket>();
  const servers = [80, 4028, 4433].map((port) => {
    const server = createServer((socket) => {
      open.add(socket);
      socket.on("error", () => undefined);
    });
    server.listen(port, "10.77.0.66");
    return server;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  return () => {
    for (const socket of open) socket.destroy();
    for (const server of servers) server.close();
  };
}

layNetwork();
await timed();
const dark = await rounds(ROUNDS, timed);
say(`scan of a dark /24 on three ports, ${ROUNDS} rounds, milliseconds; goal: p95 under 2000`);
say(
  `  median ${ms(median(dark))}  p95 ${ms(percentile(dark, 0.95))}  ${verdictOf(percentile(dark, 0.95) < 2000)}`,
);

const clock = createSystemClock();
const miners: EmulatedMiner[] = [];
for (const [model, host, port] of [
  ["avalon-mini3", "10.77.0.44", 4028],
  ["bitaxe", "10.77.0.45", 80],
] as [MinerModel, string, number][]) {
  miners.push(await startMiner({ name: host, model, host, port, pools: [], clock, seed: 1 }));
}
const firsts = await rounds(ROUNDS, () => {
  const startedMs = performance.now();
  // Its first connection is taken within a millisecond of the start of the scan, so this is the longer of the two.
  return untilFirst(() => startedMs);
});
say(
  `first live miner of two in that network, from the start of the scan to its line; goal: under 300 ms of its answer`,
);
say(
  `  median ${ms(median(firsts))}  p95 ${ms(percentile(firsts, 0.95))}  ${verdictOf(percentile(firsts, 0.95) < 300)}`,
);

const live = await rounds(ROUNDS, timed);
const stop = await startTarPit();
const pitted = await rounds(ROUNDS, timed);
stop();
const addedMs = median(pitted) - median(live);
say("one tar pit beside them, on all three ports; goal: adds under 500 ms");
say(
  `  without ${ms(median(live))}  with ${ms(median(pitted))}  added ${ms(addedMs)}  ${verdictOf(addedMs < 500)}`,
);
for (const miner of miners) await miner.close();
process.exit(0);
