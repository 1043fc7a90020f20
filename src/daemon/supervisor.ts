import type { Clock } from "../model/clock.ts";
import type { Alarms } from "./alarms.ts";

/** A tick that comes later than so many periods after the last is an overrun (control.md §12). */
const LATE_TICKS = 3;
/** So many failures within that time put the miners into their safe state. */
const MAX_FAILURES = 3;
const FAILURE_WINDOW_MS = 300_000;
/**
 * How long they stay in it before the loop starts over by itself. Longer than the service manager's watchdog, which
 * is not fed meanwhile and so gets to start the whole process anew where there is one.
 */
const HOLD_MS = 60_000;
/** After a longer gap nothing that was read before it tells of now (control.md §2, STALE). */
const STALE_MS = 60_000;

export interface SupervisorOptions {
  clock: Clock;
  tickMs: number;
  alarms: Alarms;
  /** Makes the next tick start as after a restart. */
  startOver: () => void;
  /** Drops every reading: each device and source counts as unknown until it is read again. */
  forget: () => void;
  /** One attempt per miner to leave it as configured; ends within seconds whatever they do. */
  safeState: () => Promise<void>;
}

/** Watches the tick: late ones, failed ones, and what becomes of the miners when they heap up (control.md §12). */
export function createSupervisor(options: SupervisorOptions) {
  const { clock, tickMs, alarms } = options;
  let lastMono: number | null = null;
  let heldUntilMono: number | null = null;
  let failures: number[] = [];

  const failed = async (text: string) => {
    const nowMono = clock.monoMs();
    options.startOver();
    failures = [...failures.filter((mono) => nowMono - mono < FAILURE_WINDOW_MS), nowMono];
    if (failures.length < MAX_FAILURES) return;
    failures = [];
    heldUntilMono = nowMono + HOLD_MS;
    alarms.set(
      "SYS_SAFE_STATE",
      `${text}, the third time in five minutes; the miners were put into their safe state`,
    );
    await options.safeState();
  };

  return {
    /** Before a tick: false while the miners rest in their safe state. */
    async mayDecide(): Promise<boolean> {
      const nowMono = clock.monoMs();
      const gapMs = lastMono === null ? 0 : nowMono - lastMono;
      lastMono = nowMono;
      if (gapMs > STALE_MS) options.forget();
      if (gapMs > LATE_TICKS * tickMs) {
        const text = `The loop stood still for ${Math.round(gapMs / 1000)} s`;
        alarms.set("SYS_OVERRUN", text);
        await failed(text);
      } else alarms.set("SYS_OVERRUN", null);
      return heldUntilMono === null || nowMono >= heldUntilMono;
    },
    /** A tick threw. */
    threw: () => failed("Deciding failed"),
    /** A tick came to its end. */
    completed(): void {
      heldUntilMono = null;
      alarms.set("SYS_SAFE_STATE", null);
    },
  };
}

export type Supervisor = ReturnType<typeof createSupervisor>;
