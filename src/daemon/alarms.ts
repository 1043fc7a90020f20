/** What needs a person's eye now: said once when it begins and once when it is over (architecture-examples.md §1.6). */
export function createAlarms(onChange: (code: string, text: string, active: boolean) => void) {
  const active = new Map<string, string>();
  return {
    /** `text` null ends the alarm. */
    set(code: string, text: string | null): void {
      const before = active.get(code);
      if (text === null) {
        if (active.delete(code)) onChange(code, before ?? "", false);
      } else if (before === undefined) {
        active.set(code, text);
        onChange(code, text, true);
      } else active.set(code, text);
    },
    /** Replaces all alarms whose code begins with the prefix by those given. */
    replace(prefix: string, next: readonly { code: string; text: string }[]): void {
      const wanted = new Set(next.map((alarm) => alarm.code));
      for (const code of [...active.keys()]) {
        if (code.startsWith(prefix) && !wanted.has(code)) this.set(code, null);
      }
      for (const alarm of next) this.set(alarm.code, alarm.text);
    },
    list: () => [...active].map(([code, text]) => ({ code, text })),
  };
}

export type Alarms = ReturnType<typeof createAlarms>;
