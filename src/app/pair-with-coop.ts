import { takeLock } from "../config/lock.ts";
import { createFolders, hearthPaths } from "../config/paths.ts";
import type { Pairing } from "../coop/pairing.ts";
import { createHttp } from "../net/http.ts";
import { createSystemClock } from "../net/system-clock.ts";
import { type PairResult, pairCoop } from "./pair-coop.ts";

/** `hearth pair --coop` in real time on this environment's folders. */
export async function pairWithCoop(options: {
  env: NodeJS.ProcessEnv;
  url: string;
  toolVersion: string;
  signal: AbortSignal;
  dryRun: boolean;
  onCode: (pairing: Pairing) => void | Promise<void>;
  acceptKey: (pairing: Pairing) => Promise<boolean>;
}): Promise<PairResult> {
  const clock = createSystemClock();
  const http = createHttp();
  const paths = hearthPaths(options.env);
  createFolders(paths);
  // A running loop would go on with the old pairing and the new tokens.
  const lock = takeLock(paths, "Nothing was changed");
  try {
    return await clock.spawn(() => pairCoop({ ...options, paths, clock, http }));
  } finally {
    lock.release();
    http.close();
  }
}
