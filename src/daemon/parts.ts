import { createMinerPlaces } from "../app/miner-places.ts";
import { type AdoptedOptions, openAdopted } from "../app/open-adopted.ts";
import type { HearthPaths } from "../config/paths.ts";
import { openSecrets } from "../config/secrets.ts";
import { expandKind } from "../config/source-templates.ts";
import { type DecisionLog, openDecisionLog } from "../ledger/decision-log.ts";
import { type Ledger, openLedger } from "../ledger/ledger.ts";
import { openStateStore, type StateStore } from "../ledger/state-store.ts";
import type { Clock } from "../model/clock.ts";
import type { HearthConfig } from "../model/config.ts";
import { HearthError } from "../model/errors.ts";
import { createHttp, type Http } from "../net/http.ts";
import { createSourceLinks } from "../net/source-links.ts";
import { createSources, type Source } from "../sources/registry.ts";
import { type Alarms, createAlarms } from "./alarms.ts";
import { type Bell, createBell } from "./bell.ts";
import { type Brain, createBrain } from "./brain.ts";
import type { CoopLink } from "./coop-link.ts";
import { createDayBooks, type DayBooks } from "./day-books.ts";
import { createEnergyMeter, type EnergyMeter } from "./energy-meter.ts";
import { createEventBook, type EventBook } from "./event-book.ts";
import { createInputBoard, type InputBoard } from "./input-board.ts";
import { minedValueUsdKwh } from "./mined-value.ts";
import { createMinerFinder, type FindMiner, type MinerFinder } from "./miner-finder.ts";
import { createMinerKeeper, type MinerKeeper } from "./miner-keeper.ts";
import { openOrSetAside } from "./set-aside.ts";
import type { SliceSwitch } from "./slicer.ts";
import type { SplitWatch } from "./split-watch.ts";
import { createStream, type Stream } from "./stream.ts";
import { createPicture, type Picture } from "./view.ts";

/** Everything that a running loop consists of; built once, closed in reverse order. */
export interface Parts {
  store: StateStore;
  ledger: Ledger;
  /** Null where none is kept. */
  decisions: DecisionLog | null;
  http: Http;
  stream: Stream;
  alarms: Alarms;
  board: InputBoard;
  sources: Source[];
  keepers: MinerKeeper[];
  finder: MinerFinder | null;
  meters: Map<string, EnergyMeter>;
  book: EventBook;
  link: CoopLink | null;
  split: SplitWatch | null;
  /** For a tick at once. */
  bell: Bell;
  brain: Brain;
  books: DayBooks;
  picture: Picture;
}

const CACHE_MS = 10_000;

export interface PartsOptions {
  paths: HearthPaths;
  config: HearthConfig;
  clock: Clock;
  /** Searches for miners that moved; null: none is looked for. */
  find: FindMiner | null;
  /** Of this program, for the decision log. */
  version: string;
  keepsDecisions: boolean;
  /** What to close should building fail half-way; later entries first. */
  cleanup: (() => void | Promise<void>)[];
}

/** Builds the parts from the configuration and what the disk remembers. Opens no connection to a device yet. */
export async function buildParts(options: PartsOptions): Promise<Parts> {
  const { paths, config, clock, find, cleanup } = options;
  const spoilt: Spoilt[] = [];
  // In simulated time a power cut ends the home with the program: waiting for the disk would keep nothing.
  const isDurable = !clock.isSimulated;
  // Heat never stops because of the books (settlement.md §16): what is broken is said, and the loop goes on without it.
  const unless = <T>(code: string, build: () => T, instead: () => T): T => {
    try {
      return build();
    } catch (error) {
      if (!(error instanceof HearthError)) throw error;
      spoilt.push({ code, text: `${error.message}. The loop goes on without it` });
      return instead();
    }
  };
  const store = unless(
    "STATE_BROKEN",
    () => openState(paths.state, isDurable, spoilt),
    () => openStateStore(":memory:"),
  );
  cleanup.push(() => store.close());
  const ledger = unless(
    "LEDGER_BROKEN",
    () => openLedger(paths.ledger, { isDurable }),
    () => openLedger(":memory:"),
  );
  cleanup.push(() => ledger.close());
  const decisions = unless<DecisionLog | null>(
    "DECISIONS_BROKEN",
    () => (options.keepsDecisions ? openDecisions(options, spoilt) : null),
    () => null,
  );
  cleanup.push(() => decisions?.close());
  const http = createHttp({ keepAlive: true });
  cleanup.push(() => http.close());
  const stream = createStream(clock);
  const book = createEventBook(store);
  // What only a paired home needs is loaded only there: it is a tenth of the memory of the others.
  const coop = config.coop ? await import("./coop-link.ts") : null;
  const link = unless(
    "COOP_LINK_BROKEN",
    () => coop?.createCoopLink({ config, clock, http, secrets: openSecrets(paths), store, ledger }) ?? null,
    () => null,
  );
  const ground: AdoptedOptions = { paths, store, pace: clock };
  const places = createMinerPlaces(store);
  const keepers: MinerKeeper[] = [];
  for (const miner of config.miners) {
    const keeper = createMinerKeeper({
      config: miner,
      port: await openAdopted(places.placed(miner), ground),
      clock,
      saved: store.get(`rungs:${miner.name}`),
      circuitW: circuitLimitW(config, miner.circuit),
    });
    cleanup.push(() => keeper.close());
    keepers.push(keeper);
  }
  const finder = find ? createMinerFinder({ clock, ground, places, find }) : null;
  const meters = new Map(
    config.miners.map((miner) => [
      miner.name,
      createEnergyMeter(miner.name, store.get(`energy:${miner.name}`)),
    ]),
  );
  const board = createInputBoard(
    clock,
    config.zones.map((zone) => zone.name),
  );
  const terms = store.terms().length > 0 ? await import("../app/split-terms.ts") : null;
  const known = unless(
    "TERMS_BROKEN",
    () => terms?.activeTerms(store) ?? null,
    () => null,
  );
  const split = known
    ? (await import("./split-watch.ts")).createSplitWatch({
        active: known,
        keepers,
        store,
        ledger,
        clock,
        onSwitch: (miner, change) => noteSwitch(miner, change),
      })
    : null;
  const bell = createBell();
  const brain = createBrain({
    config,
    clock,
    store,
    board,
    keepers,
    book,
    coopContactMs: () => link?.lastContactMs() ?? null,
    minedUsdKwh: () => minedValueUsdKwh(link?.facts() ?? null, keepers),
    onWish: bell.ring,
    deviceSeed: config.coop?.member ?? config.miners[0]?.id ?? "hearth",
  });
  const picture = createPicture({
    config,
    isSimulated: clock.isSimulated,
    keepers,
    book,
    nowMs: () => clock.nowMs(),
    decision: brain.decision,
    coop: () => ({ state: link?.state() ?? "unpaired", lastContactMs: link?.lastContactMs() ?? null }),
    split: cached(clock, () => split?.proof() ?? null),
    today: cached(clock, () => books.today()),
    alarms: () => alarms.list(),
  });
  const alarms = createAlarms((code, text, active) => {
    stream.emit("alarm", { code, text, active });
    picture.note(active ? `alarm: ${text}` : `over: ${text}`);
  });
  const books = createDayBooks({
    config,
    clock,
    store,
    ledger,
    link,
    split,
    meters,
    onDay: (record) => {
      stream.emit("settlement", {
        day: record.day,
        revision: record.revision,
        state: record.state,
        postedCents: record.credit.posted_cents,
      });
      picture.note(`${record.day} is ${record.state}`);
    },
    onDispute: (day, text) =>
      alarms.set("SETTLEMENT_DIFFERS", `The co-op's record of ${day} does not hold: ${text}`),
  });
  const links = createSourceLinks({ clock, secret: openSecrets(paths).need });
  cleanup.push(() => links.close());
  const sources = createSources(
    config.sources.map((source) => expandKind(source)),
    links,
  );

  for (const { code, text } of spoilt) alarms.set(code, text);

  function noteSwitch(miner: string, change: SliceSwitch): void {
    const { from, to, result, tookMs } = change;
    const legs = { fromLeg: from, toLeg: to };
    stream.emit("command", { miner, action: "select-pool", fromW: null, toW: null, result, tookMs, ...legs });
    picture.note(`${miner}: work goes to the ${to === "coop" ? "co-op" : "member"}'s pool (${result})`);
  }

  return {
    store,
    ledger,
    decisions,
    http,
    stream,
    alarms,
    board,
    sources,
    keepers,
    finder,
    meters,
    book,
    link,
    split,
    bell,
    brain,
    books,
    picture,
  };
}

/** Figures that a screen may ask for four times a second are reckoned anew every ten. */
function cached<T>(clock: Clock, reckon: () => T): () => T {
  let known: { mono: number; value: T } | null = null;
  return () => {
    const mono = clock.monoMs();
    if (!known || mono - known.mono >= CACHE_MS) known = { mono, value: reckon() };
    return known.value;
  };
}

interface Spoilt {
  code: string;
  text: string;
}

/** What the loop remembers; read once, so that a file that is no database is known as such. */
function openState(path: string, isDurable: boolean, spoilt: Spoilt[]): StateStore {
  const state = openOrSetAside(path, () => {
    const store = openStateStore(path, { isDurable });
    store.get("status");
    return store;
  });
  if (state.spoilt) spoilt.push({ code: "STATE_BROKEN", text: `state.db ${state.spoilt}` });
  return state.opened;
}

/** The ring of decisions, for replays. */
function openDecisions({ paths, version }: PartsOptions, spoilt: Spoilt[]): DecisionLog {
  const log = openOrSetAside(paths.decisions, () => openDecisionLog(paths.decisions, version));
  if (log.spoilt) spoilt.push({ code: "DECISIONS_BROKEN", text: `decisions.db ${log.spoilt}` });
  return log.opened;
}

/** Most that a circuit carries for long, W (control.md §8). */
function circuitLimitW(config: HearthConfig, name: string): number {
  const circuit = config.circuits.find((candidate) => candidate.name === name);
  return circuit ? 0.8 * circuit.breaker_a * circuit.voltage_v : 0;
}
