/** `npm run bench [-- start-up|scan|polls|control|memory|reaction]`: the figures of the goals, measured on this machine now. */
import { benchControl } from "./control.ts";
import { say } from "./figures.ts";
import { benchMemory } from "./memory.ts";
import { benchPolls } from "./polls.ts";
import { benchReaction } from "./reaction.ts";
import { benchScan } from "./scan.ts";
import { benchStartUp } from "./start-up.ts";

const parts: Record<string, () => void | Promise<void>> = {
  "start-up": benchStartUp,
  scan: benchScan,
  polls: benchPolls,
  control: () => benchControl(),
  memory: benchMemory,
  // Last: it makes this process as slow as the service is.
  reaction: benchReaction,
};
const wanted = process.argv.slice(2).filter((name) => name in parts);
for (const [name, run] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  await run();
  say("");
}
