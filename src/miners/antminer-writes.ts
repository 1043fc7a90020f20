import { HearthError } from "../model/errors.ts";
import type { PoolTarget, WriteResult } from "../model/miner.ts";
import { minerBusy } from "../model/miner-errors.ts";
import type { DeviceLink } from "../model/miner-link.ts";
import { field, text } from "../model/parse.ts";
import { proveWrite, type Sent, sendUnproved } from "../model/prove-write.ts";
import {
  ANTMINER_SLOTS,
  type AntminerConfig,
  type ConfigPool,
  hasPools,
  looksLikeConfig,
  modeOf,
  toConfigPool,
  wholeConfig,
  withMode,
  withPools,
} from "./antminer-config.ts";
import type { AskFigures } from "./antminer-figures.ts";
import { SLEEP_MODE } from "./antminer-models.ts";
import type { AntminerNotes } from "./antminer-notes.ts";
import { liveRate } from "./antminer-reading.ts";
import { type AntminerWeb, BLINK, CONFIG, missingFields, REBOOT, SET_CONFIG } from "./antminer-web.ts";
import { checkFailover, noSuchPool, noSuchStep } from "./pool-target.ts";

/** The file is written before the answer is sent, so it shows at once; its effect takes minutes, ms. */
const STORED_WITHIN_MS = 3_000;

/** What every write needs. */
export interface AntminerDesk {
  link: DeviceLink;
  web: AntminerWeb;
  notes: AntminerNotes;
  askFigures: AskFigures;
}

/** The configuration as told; an answer that has nothing of one is a miss. */
export async function askConfig(web: AntminerWeb, link: DeviceLink, signal: AbortSignal): Promise<unknown> {
  const config = await web.get(link, CONFIG, signal);
  if (looksLikeConfig(config)) return config;
  throw missingFields(link.where, "configuration");
}

/** Sleep mode. The mode before it is noted first, for the configuration itself forgets it (miners.md §10). */
export async function pauseAntminer(desk: AntminerDesk, signal: AbortSignal): Promise<WriteResult> {
  const config = await readWhole(desk, signal);
  // Some builds store the sleep and hash on until they are restarted, so what is stored is no proof of rest.
  if (config.mode === SLEEP_MODE) return (await isAtRest(desk, signal)) ? "effective" : "pending";
  desk.notes.saw(config.mode);
  return setMode(desk, config, SLEEP_MODE, signal);
}

/** Back to the mode before the sleep; to low where nobody saw that mode. */
export async function resumeAntminer(desk: AntminerDesk, signal: AbortSignal): Promise<WriteResult> {
  const config = await readWhole(desk, signal);
  if (config.mode !== SLEEP_MODE) return "effective";
  return setMode(desk, config, desk.notes.runningMode(), signal);
}

/**
 * One key holds both sleep and step, so a sleeping miner is not written to: the step is noted as the mode that it
 * wakes in, and counts as set.
 */
export async function setAntminerStep(
  desk: AntminerDesk,
  modes: readonly number[],
  index: number,
  signal: AbortSignal,
): Promise<WriteResult> {
  const mode = modes[index];
  if (mode === undefined) throw noSuchStep(index, modes.length);
  const config = await readWhole(desk, signal);
  if (config.mode === SLEEP_MODE) {
    desk.notes.keepRunningMode(mode);
    return "effective";
  }
  if (config.mode === mode) return "effective";
  return setMode(desk, config, mode, signal);
}

/** All slots at once; the miner restarts with them. */
export async function writeAntminerPools(
  desk: AntminerDesk,
  targets: readonly PoolTarget[],
  signal: AbortSignal,
): Promise<WriteResult> {
  checkFailover(desk.link.where, targets, ANTMINER_SLOTS);
  return setPools(desk, await readWhole(desk, signal), targets.map(toConfigPool), signal);
}

/** The wanted pool goes into the first slot, the others follow in their order; the miner restarts with it. */
export async function selectAntminerPool(
  desk: AntminerDesk,
  index: number,
  signal: AbortSignal,
): Promise<WriteResult> {
  const config = await readWhole(desk, signal);
  const used = config.pools.filter(({ url }) => url !== "");
  const wanted = used[index];
  if (wanted === undefined) throw noSuchPool(index, used.length);
  return setPools(desk, config, [wanted, ...used.filter((pool) => pool !== wanted)], signal);
}

/** Restarts the whole device. */
export async function rebootAntminer({ link, web }: AntminerDesk, signal: AbortSignal): Promise<WriteResult> {
  return sendUnproved(async () => {
    await web.send(link, REBOOT, {}, signal);
    return "sent";
  }, signal);
}

/** Lets its lamp blink until somebody ends it on the miner's own page. */
export async function blinkAntminer({ link, web }: AntminerDesk, signal: AbortSignal): Promise<WriteResult> {
  return sendUnproved(async () => {
    await web.send(link, BLINK, { blink: "true" }, signal);
    return "sent";
  }, signal);
}

/** False also where it does not tell: a pause is not proved then. */
async function isAtRest({ link, askFigures }: AntminerDesk, signal: AbortSignal): Promise<boolean> {
  try {
    return (liveRate(await askFigures(link, { isAsleep: true }, signal)) ?? 0) === 0;
  } catch (error) {
    if (signal.aborted || !(error instanceof HearthError)) throw error;
    return false;
  }
}

async function readWhole({ link, web }: AntminerDesk, signal: AbortSignal): Promise<AntminerConfig> {
  return wholeConfig(link.where, await askConfig(web, link, signal));
}

async function setMode(desk: AntminerDesk, config: AntminerConfig, mode: number, signal: AbortSignal) {
  const body = withMode(desk.link.where, config, mode);
  return writeConfig(desk, body, (seen) => modeOf(seen) === mode, signal);
}

async function setPools(
  desk: AntminerDesk,
  config: AntminerConfig,
  pools: readonly ConfigPool[],
  signal: AbortSignal,
): Promise<WriteResult> {
  if (hasPools(config.raw, pools)) return "effective";
  const body = withPools(desk.link.where, config, pools);
  return writeConfig(desk, body, (seen) => hasPools(seen, pools), signal);
}

/** The stored configuration is the proof; what is stored applies with the restart that follows, 30-90 s long. */
async function writeConfig(
  { link, web }: AntminerDesk,
  body: Record<string, unknown>,
  isShown: (config: unknown) => boolean,
  signal: AbortSignal,
): Promise<WriteResult> {
  return proveWrite(
    {
      send: async () => sentOf(link, await web.send(link, SET_CONFIG, body, signal)),
      look: async () => (isShown(await askConfig(web, link, signal)) ? "taken" : "unchanged"),
      withinMs: STORED_WITHIN_MS,
      goesAway: true,
    },
    link.pace,
    signal,
  );
}

/** `{"stats":"success","code":"M000",…}`, or its own no (miners.md §10). Throws `MINER_BUSY`. */
function sentOf(link: DeviceLink, answer: unknown): Sent {
  const stats = field(answer, "stats");
  if (stats === "success") return "sent";
  if (stats === undefined) return "unsure";
  if (/busy/i.test(text(answer, "msg") ?? "")) {
    throw minerBusy(link.where, "it is taking another configuration");
  }
  return "refused";
}
