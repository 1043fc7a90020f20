/** Calls for a tick out of turn: an event has come, or a person wants something. */
export interface Bell {
  ring(): void;
  /** Who answers; until then nobody hears it. Rings before the answer has begun are one. */
  answer(listener: () => void): void;
}

export function createBell(): Bell {
  let listener: (() => void) | null = null;
  let isRung = false;
  return {
    ring() {
      if (isRung || !listener) return;
      isRung = true;
      // After whatever rings has come to its end.
      queueMicrotask(() => {
        isRung = false;
        listener?.();
      });
    },
    answer(next) {
      listener = next;
    },
  };
}
