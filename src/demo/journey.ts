import { adoptMiner } from "../app/adopt.ts";
import { coopApiFor, saveDemoConfig } from "../app/demo-access.ts";
import { demoPaths, writeDemoConfig } from "../app/demo-home.ts";
import { discoverMiners } from "../app/discover.ts";
import { pairCoop } from "../app/pair-coop.ts";
import { applySplit } from "../app/split-apply.ts";
import type { KnownTerms } from "../app/split-terms.ts";
import { setSplit } from "../app/split-terms.ts";
import { type LoopHandle, startLoop } from "../daemon/loop.ts";
import type { HearthConfig } from "../model/config.ts";
import type { MinerIdentity } from "../model/miner.ts";
import type { DashboardView } from "../model/view.ts";
import { createHttp, type Http } from "../net/http.ts";
import { loadRecordedDay, type RecordedDay } from "../sim/recorded-day.ts";
import { createSimClock, type SimClock } from "../sim/sim-clock.ts";
import { type DemoPlan, planDemo } from "./demo-plan.ts";
import { recordStream, recordTruth } from "./demo-records.ts";
import { type DemoResult, toResult } from "./demo-result.ts";
import { type DemoWorld, startDemoWorld } from "./demo-world.ts";

export interface DemoOptions {
  /** Empty or new; everything is written there. */
  folder: string;
  templatesDir: string;
  seed: number;
  /** Recorded days in order. */
  days: readonly string[];
  version: string;
  signal: AbortSignal;
  onProgress: (line: string) => void;
  /** Called once when the loop runs, with a way to see it. */
  onLoop: (view: () => DashboardView) => void;
}

const SHARE_PPM = 300_000;
/** Where the member's part goes: the published example address of BIP 173, for the demo alone. */
const PAYEE = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
/** A person reads the code and types it. */
const APPROVAL_MS = 12_000;
/** Both miners are back from their restart after this. */
const RESTART_MS = 180_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** 15 A at 120 V, continuous (control.md §8), without the margin that the loop keeps. */
const CIRCUIT_LIMIT_W = 0.8 * 15 * 120;
const FLOOR_C = 15;

/**
 * The whole journey: discover, pair, split, run the days, settle, verify; simulated time, real sockets on loopback.
 * Throws what a person's commands would throw; everything that was started is ended in any case.
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const startedMs = performance.now();
  const days = options.days.map((day) => loadRecordedDay(options.templatesDir, day));
  const plan = planDemo(days.length);
  const clock = createSimClock({ startMs: plan.startMs, speed: null });
  const http = createHttp({ keepAlive: true });
  let world: DemoWorld | null = null;
  try {
    return await clock.spawn(async () => {
      const { seed, templatesDir } = options;
      world = await startDemoWorld({ clock, seed, plan, days, templatesDir, http });
      return await travel(options, { clock, http, plan, days, world, startedMs });
    });
  } finally {
    await (world as DemoWorld | null)?.close();
    clock.stop();
    http.close();
  }
}

interface Travel {
  clock: SimClock;
  http: Http;
  plan: DemoPlan;
  days: RecordedDay[];
  world: DemoWorld;
  startedMs: number;
}

async function travel(
  options: DemoOptions,
  { clock, http, plan, days, world, startedMs }: Travel,
): Promise<DemoResult> {
  const { onProgress, signal } = options;
  const paths = demoPaths(options.folder);
  onProgress(`everything of this demo is in ${options.folder}`);
  const truth = recordTruth(world.home, { floorC: FLOOR_C, limitW: CIRCUIT_LIMIT_W, fromMs: plan.startMs });

  const { config: adopted, identities } = await adoptAll(options, writeDemoConfig(paths, world.home), world);
  saveDemoConfig(paths, adopted);
  const pairing = await pairCoop({
    paths,
    clock,
    http,
    url: world.coop.url,
    toolVersion: options.version,
    signal,
    dryRun: false,
    onCode: ({ document, userCode, keyWords }) => {
      onProgress(`pairing with ${document.name}: code ${userCode}, key ${keyWords}`);
      void clock.spawn(async () => {
        await clock.sleep(APPROVAL_MS);
        world.coop.approve(userCode);
      });
    },
    acceptKey: async ({ keyThumbprint }) => keyThumbprint === world.coop.keyThumbprint,
  });
  const config: HearthConfig = { ...adopted, coop: pairing.coop };
  const known = await agree(options, { clock, http, paths, config });
  await clock.sleep(RESTART_MS, signal);

  const heard = recordStream();
  const loop = await startLoop({ paths, config, clock, version: options.version, onRecord: heard.hear });
  options.onLoop(() => loop.view(headline(plan, clock)));
  const errands = startErrands({
    clock,
    plan,
    world,
    truth,
    member: pairing.coop?.member ?? "",
    onProgress,
    loop,
    signal,
  });
  try {
    await clock.idle(errands);
  } catch (error) {
    await loop.stop("the demo was stopped", 130);
    throw error;
  }
  const proof = loop.split()?.proof() ?? null;
  const events = loop.events();
  await loop.stop("the demo is over", 0);
  onProgress("verifying the ledger");
  return toResult({
    options,
    plan,
    days,
    identities,
    pairing,
    known,
    proof,
    events,
    paths,
    safety: truth.safety(),
    heard,
    wallMs: Math.round(performance.now() - startedMs),
  });
}

async function adoptAll(
  { signal, onProgress }: DemoOptions,
  config: HearthConfig,
  world: DemoWorld,
): Promise<{ config: HearthConfig; identities: { name: string; identity: MinerIdentity }[] }> {
  const hosts = world.home.miners.map((miner) => `${miner.host}:${miner.port}`);
  const { miners: found } = await discoverMiners({ hosts, signal });
  let adopted = config;
  const identities: { name: string; identity: MinerIdentity }[] = [];
  for (const miner of found.toSorted(
    (a, b) => hosts.indexOf(`${a.host}:${a.port}`) - hosts.indexOf(`${b.host}:${b.port}`),
  )) {
    const adoption = adoptMiner(adopted, {
      found: miner,
      name: null,
      zone: null,
      circuit: null,
      breakerA: null,
      voltageV: null,
    });
    adopted = adoption.config;
    identities.push({ name: adoption.miner.name, identity: miner.identity });
    onProgress(`found and adopted ${miner.identity.model} (${miner.identity.id}) as ${adoption.miner.name}`);
  }
  return { config: adopted, identities };
}

async function agree(
  { signal, onProgress }: DemoOptions,
  {
    clock,
    http,
    paths,
    config,
  }: { clock: SimClock; http: Http; paths: ReturnType<typeof demoPaths>; config: HearthConfig },
): Promise<KnownTerms> {
  const api = coopApiFor({ config, clock, http, paths });
  const known = await setSplit({
    paths,
    config,
    clock,
    api,
    sharePpm: SHARE_PPM,
    payee: PAYEE,
    confirm: async () => true,
  });
  onProgress(`split agreed and signed by both: ${SHARE_PPM / 10_000} % to the co-op`);
  for (const { miner, mechanism, result, problem } of await applySplit(config, known.terms, {
    dryRun: false,
    ...{ signal, paths, store: null, pace: clock },
  })) {
    onProgress(`split on ${miner}: ${mechanism}, ${problem ?? result}`);
  }
  return known;
}

interface Errands {
  clock: SimClock;
  plan: DemoPlan;
  world: DemoWorld;
  truth: ReturnType<typeof recordTruth>;
  member: string;
  loop: LoopHandle;
  signal: AbortSignal;
  onProgress: (line: string) => void;
}

/** What the co-op's people do while the days run; ends with the last of them. */
function startErrands(errands: Errands): Promise<void> {
  const { clock, plan, world, truth, member, loop, signal, onProgress } = errands;
  const at = (ms: number, act: () => Promise<void>) =>
    clock.spawn(async () => {
      await clock.sleep(Math.max(0, ms - clock.nowMs()), signal);
      await act();
    });
  const { event } = plan;
  const announce = at(event.announceMs, async () => {
    const { startMs, endMs, limitW, announceMs } = event;
    const noticeS = (startMs - announceMs) / 1000;
    const { id } = await world.coop.createEvent({
      type: "limit",
      limitW,
      startMs,
      endMs,
      priority: "peak",
      noticeS,
      to: "all",
    });
    onProgress(`the co-op announces ${id}: at most ${limitW} W from 17:00 to 19:00`);
  });
  const settlements = plan.settleMs.map((ms, index) =>
    at(ms, async () => {
      const day = plan.days[index] ?? "";
      const fromMs = plan.startMs + index * DAY_MS;
      world.coop.importMeter(member, truth.meterRows(fromMs, fromMs + DAY_MS));
      await world.coop.settle(day);
      onProgress(`the co-op has settled ${day}`);
    }),
  );
  const hours = clock.spawn(async () => {
    while (clock.nowMs() < plan.endMs) {
      await clock.sleep(Math.min(HOUR_MS, plan.endMs - clock.nowMs()), signal);
      if (new Date(clock.nowMs()).getUTCHours() % 3 === 1) onProgress(hourLine(clock, plan, loop));
    }
  });
  return Promise.all([announce, ...settlements, hours]).then(() => {});
}

function hourLine(clock: SimClock, plan: DemoPlan, loop: LoopHandle): string {
  const { status } = loop.view();
  const room = status.zone[0]?.roomC;
  const powerW = status.miners.reduce((sum, miner) => sum + (miner.powerW ?? 0), 0);
  const roomText = room === null || room === undefined ? "unknown" : `${room.toFixed(1)} °C`;
  return `${headline(plan, clock)}  room ${roomText}  heater ${Math.round(powerW)} W  ${status.reason?.text ?? ""}`;
}

function headline(plan: DemoPlan, clock: SimClock): string {
  const nowMs = clock.nowMs();
  const index = Math.min(plan.days.length - 1, Math.max(0, Math.floor((nowMs - plan.startMs) / DAY_MS)));
  const time = new Intl.DateTimeFormat("en-GB", {
    timeZone: plan.tz,
    hour: "2-digit",
    minute: "2-digit",
  }).format(nowMs);
  return `day ${index + 1} of ${plan.days.length}, ${time}`;
}
