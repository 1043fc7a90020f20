import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { decisionAt, replayDecisions, replayError } from "#src/app/replay.ts";
import type { Snapshot } from "#src/control/types.ts";
import { openDecisionLog } from "#src/ledger/decision-log.ts";
import type { Decision } from "#src/model/decision.ts";
import { avalon, BenchHome, bitaxe, makeConfig, peakEvent } from "../control/bench-home.ts";
import { testFolder } from "../ledger/books.ts";

/** A bench home that remembers what it showed last. */
class LoggedHome extends BenchHome {
  shown: Snapshot | null = null;

  override snapshot(): Snapshot {
    this.shown = super.snapshot();
    return this.shown;
  }
}

/** A home whose ticks go into a log as the loop writes them; `change` falsifies what is written. */
function loggedHome(options: { maxBytes?: number; change?: (decision: Decision) => Decision } = {}) {
  const path = join(testFolder(), "decisions.db");
  const home = new LoggedHome(makeConfig({ miners: [avalon, bitaxe] }), { roomC: 17 });
  const limits = { maxBytes: options.maxBytes ?? 1e9, maxAgeMs: 86_400_000 };
  const open = () => openDecisionLog(path, "0.0.1", limits);
  let log = open();
  return {
    path,
    home,
    close: () => log.close(),
    /** As a process that was killed and came back: a new writer, and a state read from the disk. */
    restart() {
      log.close();
      log = open();
      home.state = JSON.parse(JSON.stringify(home.state));
    },
    run(ticks: number): void {
      for (let tick = 0; tick < ticks; tick++) {
        const [before, atMs] = [home.state, home.wallMs];
        const { commands, decision, state: after } = home.tick();
        const written = options.change?.(decision) ?? decision;
        const snapshot = home.shown as Snapshot;
        log.append({ atMs, config: home.config, before, after, snapshot, commands, decision: written });
      }
    },
  };
}

describe("a decision log, decided again", () => {
  it("gives the same bytes over stretches, an event, a changed configuration, a lost meter and a restart", () => {
    const { path, home, run, restart, close } = loggedHome();
    run(130);
    const startMs = home.wallMs + 300_000;
    home.world.extra = { events: [peakEvent({ startMs, endMs: startMs + 300_000 })] };
    run(90);
    home.world.isMeterSilent = true;
    home.config = makeConfig({ miners: [avalon, bitaxe], reserveW: 120 });
    run(30);
    restart();
    run(10);
    close();

    const result = replayDecisions(path);

    expect(result).toMatchObject({ decisions: 260, stretches: 4, difference: null });
    expect(replayError(result)).toBeNull();
    expect(home.results.some(({ commands }) => commands.length > 0)).toBe(true);
  });

  it("tells the first decision that differs, where, how it stood then, and exits with 7", () => {
    let ticks = 0;
    const change = (decision: Decision) => {
      ticks += 1;
      return ticks < 12 ? decision : { ...decision, totalW: decision.totalW + 1 };
    };
    const { path, run, close, home } = loggedHome({ change });
    run(20);
    close();

    const result = replayDecisions(path);

    const totalW = home.results[11]?.decision.totalW ?? Number.NaN;
    expect(result).toMatchObject({
      decisions: 12,
      difference: {
        where: "decision.totalW",
        was: String(totalW + 1),
        is: String(totalW),
        program: "0.0.1",
      },
    });
    expect(replayError(result)).toMatchObject({ code: "REPLAY_DIFFERS", exit: 7 });
  });

  it("is one with the state file beside it, can be cut to a time, and tells the decision of a moment", () => {
    const { path, run, close, home } = loggedHome();
    const startMs = home.wallMs;
    run(250);
    close();

    const cut = replayDecisions(path.replace("decisions.db", "state.db"), { fromMs: startMs + 700_000 });

    // From the start of the stretch that holds it: there the state is known.
    expect(cut).toMatchObject({ decisions: 130, stretches: 2, difference: null });
    expect(decisionAt(path, startMs + 1_003_000)?.decision).toEqual(home.results[200]?.decision);
    expect(decisionAt(path, startMs - 1)).toBeNull();
  });

  it("drops its oldest stretches when it is full, and what is left still decides the same", () => {
    const { path, run, close } = loggedHome({ maxBytes: 90_000 });
    run(900);
    close();

    const database = new DatabaseSync(path, { readOnly: true });
    const [row] = database.prepare("SELECT sum(length(packed)) AS bytes, min(seq) AS first FROM ticks").all();
    database.close();
    const result = replayDecisions(path);
    expect(Number(row?.["bytes"])).toBeLessThan(90_000);
    expect(Number(row?.["first"])).toBeGreaterThan(1);
    expect(result.difference).toBeNull();
    expect(result.decisions).toBeGreaterThan(120);
  });

  it("drops by age a little at a time, so that a clock ten years ahead empties nothing", () => {
    const { path, home, run, close } = loggedHome();
    run(480);
    home.wallMs += 10 * 365 * 86_400_000;
    run(1);
    home.wallMs -= 10 * 365 * 86_400_000;
    run(10);
    close();

    // Two stretches of 120 ticks went, no more.
    expect(replayDecisions(path)).toMatchObject({ decisions: 491 - 240, difference: null });
  });

  it("that is damaged, no log or not there is told as such, never as agreement", () => {
    const { path, run, close } = loggedHome();
    run(10);
    close();
    const database = new DatabaseSync(path);
    database.exec("DELETE FROM ticks WHERE seq = 6");
    database.close();
    const foreign = join(testFolder(), "decisions.db");
    writeFileSync(foreign, "t,pv_w\n0,0\n");

    const invalid = expect.objectContaining({ code: "DECISIONS_INVALID", exit: 2 });
    expect(() => replayDecisions(path)).toThrow(invalid);
    expect(() => replayDecisions(foreign)).toThrow(invalid);
    expect(() => replayDecisions(join(testFolder(), "decisions.db"))).toThrow(
      expect.objectContaining({ code: "DECISIONS_MISSING", exit: 6 }),
    );
  });
});
