import fc from "fast-check";
import { minerDrivers } from "#src/miners/registry.ts";
import { HearthError } from "#src/model/errors.ts";
import type { MinerReading } from "#src/model/miner.ts";
import type { DeviceLink, MinerDriver } from "#src/model/miner-link.ts";
import { parseAnnouncement } from "#src/net/announcements.ts";
import { parseCgminerReply } from "#src/net/cgminer-reply.ts";
import { parseFrameReply } from "#src/net/frame-link.ts";
import { fixture } from "./fixtures.ts";
import { elsewhere, mutated, mutations } from "./mutations.ts";
import { versionsOf } from "./recorded-device.ts";
import { recordedLink } from "./recorded-link.ts";

/** Longest that one payload may take, ms (reliability.md, fuzz plan). */
export const LONGEST_MS = 100;

export interface FuzzTarget {
  name: string;
  /** Feeds mutated payloads and resolves to how many it was; throws what is wrong with their end. */
  run(changes: Parameters<typeof mutated>[1], pick: number): Promise<number>;
}

const never = new AbortController().signal;

/** Every parser of what miners send: the replies of each protocol, and each driver over its recorded answers. */
export async function fuzzTargets(): Promise<FuzzTarget[]> {
  const drivers = await Promise.all(
    minerDrivers.map(async (entry) => ({ id: entry.id, load: () => entry.load({ password: "x" }) })),
  );
  return [
    target("replies of the CGMiner dialect", CGMINER, (text) => void parseCgminerReply(text, "fuzz")),
    target("frames of Whatsminer v3", FRAMES, (text) => void parseFrameReply(text, "fuzz")),
    target("announcements", ANNOUNCEMENTS, (text) => void parseAnnouncement(Buffer.from(text, "latin1"))),
    ...drivers.map(({ id, load }) => driverTarget(id, load)),
  ];
}

function target(name: string, corpus: readonly string[], parse: (text: string) => void): FuzzTarget {
  return {
    name,
    async run(changes, pick) {
      typedOnly(() => parse(mutated(corpus[pick % corpus.length] ?? "", changes)));
      return 1;
    },
  };
}

/**
 * Identity, reading, capabilities and backup from answers of which a third of the kinds is spoilt, at least one, at times
 * all. An answer that is asked for again is spoilt anew, at another place.
 */
function driverTarget(id: string, load: () => Promise<MinerDriver>): FuzzTarget {
  const folders = versionsOf(id).map((version) => `${id}/${version}`);
  return {
    name: `the driver of ${id}`,
    async run(changes, pick) {
      const folder = folders[pick % folders.length] ?? "";
      const kinds = await kindsAskedFor(folder, load);
      // Drawn apart from the folder, so that each folder meets each choice.
      const turn = Math.floor(pick / folders.length);
      const oneIn = Math.min(3, kinds.length);
      const isSpoilt = (name: string) => turn % 5 === 0 || (kinds.indexOf(name) + turn) % oneIn === 0;
      const payloads = new Set<string>();
      const link = recordedLink(folder, (text, name) => {
        if (!isSpoilt(name)) return text;
        const payload = mutated(text, elsewhere(changes, payloads.size));
        payloads.add(payload);
        return payload;
      });
      const reading = await askAll(await load(), link);
      if (reading !== null) plausible(reading);
      return payloads.size;
    },
  };
}

const kindsAsked = new Map<string, readonly string[]>();

/** Names of the recordings of a folder that a driver asks for where nothing is spoilt; learnt once. */
async function kindsAskedFor(folder: string, load: () => Promise<MinerDriver>): Promise<readonly string[]> {
  const known = kindsAsked.get(folder);
  if (known) return known;
  const names = new Set<string>();
  const link = recordedLink(folder, (text, name) => {
    names.add(name);
    return text;
  });
  await askAll(await load(), link);
  kindsAsked.set(folder, [...names]);
  return [...names];
}

/** Everything that is read of a device; the reading, or null after a typed error. */
async function askAll(driver: MinerDriver, link: DeviceLink): Promise<MinerReading | null> {
  await settled(driver.identify(link, never));
  const reading = await settled(driver.read(link, never));
  await settled(driver.capabilities(link, never));
  await settled(driver.backup(link, never));
  return reading;
}

/** A value, or null after a typed error; anything else is the finding. */
async function settled<T>(pending: Promise<T>): Promise<T | null> {
  try {
    return await pending;
  } catch (error) {
    if (error instanceof HearthError) return null;
    throw error;
  }
}

function typedOnly(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof HearthError)) throw error;
  }
}

/** Whatever came: a figure is a finite number or null, text is clean, nothing is below what physics allows. */
function plausible(reading: MinerReading): void {
  const {
    powerW,
    hashrateThs,
    uptimeS,
    powerTargetW,
    chipMaxC,
    boardC,
    inletC,
    outletC,
    pools,
    stateDetail,
  } = reading;
  for (const value of [powerW, hashrateThs, uptimeS, powerTargetW]) {
    if (value !== null && !(Number.isFinite(value) && value >= 0)) throw new Error(`a figure of ${value}`);
  }
  for (const value of [chipMaxC, boardC, inletC, outletC]) {
    if (value !== null && !(Number.isFinite(value) && value > -200 && value < 1000))
      throw new Error(`${value} degC`);
  }
  if ((powerW === null) !== (reading.powerSource === null))
    throw new Error("watts without a source, or the other way");
  for (const word of [stateDetail, ...pools.flatMap(({ url, user }) => [url, user])]) {
    if (word !== null && /[\u0000-\u001f\u007f-\u009f]/.test(word)) throw new Error("a control character");
  }
}

/** Calls between two looks at how many payloads it has been. */
const BATCH = 500;

/**
 * Feeds at least so many mutated payloads. Throws with the counterexample, its seed and how to run it again. A
 * payload over the time limit is tried thrice more alone, so that a pause of the machine is no finding.
 */
export async function fuzz(fuzzed: FuzzTarget, least: number, seed: number): Promise<FuzzFigures> {
  const figures = { payloads: 0, slowestMs: 0 };
  const timed = async (changes: Parameters<typeof mutated>[1], pick: number) => {
    const startedMs = performance.now();
    figures.payloads += await fuzzed.run(changes, pick);
    return performance.now() - startedMs;
  };
  const batch = fc.asyncProperty(mutations, fc.nat(), async (changes, pick) => {
    let tookMs = await timed(changes, pick);
    for (let again = 0; again < 3 && tookMs > LONGEST_MS; again++)
      tookMs = Math.min(tookMs, await timed(changes, pick));
    figures.slowestMs = Math.max(figures.slowestMs, tookMs);
    if (tookMs > LONGEST_MS) throw new Error(`${fuzzed.name} took ${tookMs.toFixed(0)} ms`);
  });
  for (let number = 0; figures.payloads < least; number++) {
    const check = () => fc.assert(batch, { numRuns: BATCH, seed: seed + number });
    try {
      await withoutStacks(check);
    } catch (error) {
      // Looked for once more, to be told with the place in the code.
      await check();
      throw error;
    }
  }
  return figures;
}

/** Most payloads end as an error, and a fifth of the time would go into stacks that nobody reads. */
async function withoutStacks(run: () => Promise<void>): Promise<void> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    await run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** What came of it: mutated payloads that were parsed, and the time of the slowest call, ms. */
export interface FuzzFigures {
  payloads: number;
  slowestMs: number;
}

const CGMINER = [
  fixture("avalon/mini3-25022401/estats.json"),
  fixture("avalon/mini3-25022401/pools.json"),
  fixture("avalon/q-25052801/estats.json"),
  '{"STATUS":"S","When":1763705000,"Code":131,"Msg":{"mac":"c4:08:28:00:a4:19","error_code":["110":"2024-06-15 09:15:00"]}}',
  "STATUS=S,When=1742265580,Code=22,Msg=CGMiner versions,Description=cgminer 4.11.1|VERSION,CGMiner=4.11.1,PROD=Avalon Mini3,MAC=e0e1a93e2c7d|\0",
  '{"version":[{"STATUS":[{"STATUS":"S","Code":22}],"VERSION":[{"Type":"Antminer S19"}]}],"summary":[{"STATUS":[{"STATUS":"S","Code":11}],"SUMMARY":[{"GHS 5s":"61234.5"}]}],"id":1}',
  'minerinfoCallback({"mac":"e0:e1:a9:3e:2c:7d", });',
];
const FRAMES = [
  '{"code":0,"when":1763705570,"desc":"get.miner.status","msg":{"summary":{"elapsed":50000,"hash-realtime":171.259,"power-realtime":3156.0,"board-temperature":[41.1,40.1,41.5]}}}',
  '{"code":-1,"when":1,"desc":"x","msg":"invalid token"}',
];
const ANNOUNCEMENTS = [
  "192.168.1.44,AA:BB:CC:DD:EE:FF",
  "[192.168.1.44/24],AA:BB:CC:DD:EE:FF",
  "IP:192.168.1.61MAC:c4:08:28:00:a4:19\0",
  "OK\0\0\0\0\0\0\0\0\0",
];
