import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { say } from "./figures.ts";

const INSIDE = fileURLToPath(new URL("./scan-inside.ts", import.meta.url));

/** Discovery in a network of its own, where 254 addresses are dark (requirements DISC-1). */
export function benchScan(): void {
  // A namespace of this process alone: nothing leaves the computer.
  for (const entry of [["-n"], ["-r", "-n"]]) {
    const inside = ["unshare", ...entry, process.execPath, INSIDE];
    const done = spawnSync("/usr/bin/env", inside, { stdio: ["ignore", "inherit", "pipe"] });
    if (done.status === 0) return;
  }
  say(
    "scan: not measured, because this computer gives no network namespaces (unshare -n, with the ip command)",
  );
}
