import type { SourceRole } from "./source-config.ts";
import type { SourceTemplate } from "./source-template.ts";

/** A configured source as `hearth source list` shows it: no secrets, no login. */
export interface ListedSource {
  name: string;
  role: SourceRole;
  kind: string;
  template: string | null;
  /** Where it is read: host, address, broker, program, or the names it is reckoned from. */
  from: string;
  zone: string | null;
  everyS: number;
  hasSecret: boolean;
}

/** One read of one source. */
export interface SourceReading {
  name: string;
  role: SourceRole;
  /** In `unit`; null: not known, and `reason` says why. */
  value: number | null;
  unit: string;
  /** What the sign means, as "importing"; null where it means nothing. */
  sign: string | null;
  reason: string | null;
  /** When it reached this computer, RFC 3339; null: nothing came. */
  observedAt: string | null;
  /** Null also where nobody knows it. */
  ageS: number | null;
  /** How long the read took, ms. */
  tookMs: number;
}

/** What answers at an address, and how to take it as a source. */
export interface ProbedSource {
  /** Name of the template, or `sunspec`. */
  template: string;
  title: string;
  /** In the device's own words; null when it does not tell. */
  model: string | null;
  id: string | null;
  host: string;
  roles: string[];
  secret: SourceTemplate["secret"];
  notes: string[];
  /** The next command. */
  next: string;
}

/** What `hearth source test --sign` found. */
export interface SignTestResult {
  source: string;
  miner: string;
  /**
   * `import-positive` is right, `export-positive` wants `invert`, `unsigned` shows import and export alike, `no-change` is
   * the wrong meter or phase, `unclear` that something else switched meanwhile.
   */
  verdict: "import-positive" | "export-positive" | "unsigned" | "no-change" | "unclear";
  /** How the meter's reading changed when the heater went to rest, W; null without readings. */
  changeW: number | null;
  /** Factor that would make the change fit; null when the scale is right, or not known. */
  scaleHint: number | null;
  /** What the heater drew less afterwards, W. */
  stepW: number;
  beforeW: number[];
  afterW: number[];
}
