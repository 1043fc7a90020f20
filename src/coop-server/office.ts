import type { SigningKey } from "../coop/keys.ts";
import type { Clock } from "../model/clock.ts";
import type { Http } from "../net/http.ts";
import type { CoopTariff } from "../settlement/tariff.ts";
import type { Store } from "./store.ts";

/** What the co-op's operator sets. */
export interface CoopSettings {
  /** Short name in lower case with dashes; part of everything signed. */
  id: string;
  name: string;
  /** IANA zone of the co-op's days. */
  tz: string;
  /** The pool account in which every member mines with an own worker. */
  pool: { url: string; user: string };
  /** Where the members' own legs go; the co-op's pool when left out. */
  memberPool?: { url: string };
  /** Base of the pool's account API; null: the uploaded work is settled by `network`. */
  poolApiUrl: string | null;
  tariff: CoopTariff;
  /** Reference price, whole cents per BTC. */
  price: { centsPerBtc: number; source: string };
  /** Facts for expected earnings; fee in ppm. */
  network: { difficulty: bigint; rewardSats: bigint; poolFeePpm: number };
  /** Largest part of the payout that this co-op takes, ppm. */
  maxSharePpm: number;
  /** Highest heat floor that outranks this co-op's events, degC. */
  maxFloorC: number;
  /** For the demo and training: every pairing is approved at once. */
  autoApprove?: boolean;
}

/** All that the parts of the server share. */
export interface Office {
  store: Store;
  clock: Clock;
  http: Http;
  settings: CoopSettings;
  key: SigningKey;
  /** Public address without a slash at the end; known once the server listens. */
  url: string;
}

/** The one program of this co-op, and the group every home belongs to. */
export const PROGRAM = { id: "coop-heat", name: "coop-heat", group: "all" } as const;
