/** Sum and count of the samples of one hour, degC. */
interface HourBin {
  hour: number;
  sum: number;
  count: number;
}

const HOUR_MS = 3_600_000;
const HOURS = 24;

/**
 * Mean outdoor temperature of the last 24 hours, for the heating season (control.md §12); survives a restart.
 * `saved` is what `saved()` gave; anything else counts as nothing.
 */
export function createOutdoorMean(saved: unknown) {
  let bins: HourBin[] = Array.isArray(saved) ? saved.filter(isBin).slice(-HOURS) : [];
  return {
    observe(outdoorC: number, wallMs: number): void {
      const hour = Math.floor(wallMs / HOUR_MS);
      const bin = bins.find((entry) => entry.hour === hour);
      if (bin) Object.assign(bin, { sum: bin.sum + outdoorC, count: bin.count + 1 });
      else bins = [...bins.filter((entry) => hour - entry.hour < HOURS), { hour, sum: outdoorC, count: 1 }];
    },
    /** degC; null without any sample of the last day. Every hour weighs alike. */
    meanC(wallMs: number): number | null {
      const hour = Math.floor(wallMs / HOUR_MS);
      const recent = bins.filter((entry) => entry.hour <= hour && hour - entry.hour < HOURS);
      if (recent.length === 0) return null;
      return recent.reduce((sum, entry) => sum + entry.sum / entry.count, 0) / recent.length;
    },
    saved: (): HourBin[] => bins,
  };
}

function isBin(value: unknown): value is HourBin {
  const bin = value as HourBin | null;
  return [bin?.hour, bin?.sum, bin?.count].every(Number.isFinite) && (bin?.count ?? 0) > 0;
}
