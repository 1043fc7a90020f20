import type { ListedMiner } from "../model/miner-view.ts";
import type { StatusView } from "../model/view.ts";
import { requireHome } from "./home-files.ts";
import { lastSeen } from "./last-seen.ts";
import { readStatus } from "./live-documents.ts";
import { askLoop } from "./local-client.ts";

/** Silent for so long when the loop last looked, it was off, ms (control.md §2, STALE). */
const SILENT_MS = 60_000;

/** The adopted miners: as the loop sees them, else as the configuration has them with what was last seen. */
export async function listMiners(
  env: NodeJS.ProcessEnv,
): Promise<{ miners: ListedMiner[]; isLive: boolean }> {
  const { paths, config } = requireHome(env);
  const { fromWire } = await import("../model/wire.ts");
  const document = await askLoop(paths, "/v1/miners");
  if (document)
    return { miners: (fromWire(document.data) as { miners: ListedMiner[] }).miners, isLive: true };
  const { status } = await readStatus(paths);
  const seenAt = lastSeen(paths);
  const miners = config.miners.map((miner): ListedMiner => {
    const { name, id, host, port, driver, zone, circuit } = miner;
    const targetW = storedMiner(status, name)?.targetW ?? null;
    return {
      ...{ name, state: "unknown", powerW: null, targetW },
      ...{ id, host, port, driver, zone, circuit, offlineSince: silentSince(status, seenAt(miner)) },
    };
  });
  return { miners, isLive: false };
}

/** When a loop that ended was the last to look, nobody knows of an answer since: that is no silence of the miner. */
function silentSince(status: StatusView | null, lastSeenAt: string | null): string | null {
  if (status === null || lastSeenAt === null) return null;
  return Date.parse(status.at) - Date.parse(lastSeenAt) > SILENT_MS ? lastSeenAt : null;
}

function storedMiner(status: StatusView | null, name: string) {
  return status?.miners.find((miner) => miner.name === name);
}
