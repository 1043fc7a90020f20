/** `npm run bench [-- start-up|scan|polls|control]`: the figures of the goals, measured on this machine now. */
import { benchControl } from "./control.ts";
import { say } from "./figures.ts";
import { benchPolls } from "./polls.ts";
import { benchScan } from "./scan.ts";
import { benchStartUp } from "./start-up.ts";

const parts: Record<string, () => void | Promise<void>> = {
  "start-up": benchStartUp,
  scan: benchScan,
  polls: benchPolls,
  control: () => benchControl(),
};
const wanted = process.argv.slice(2).filter((name) => name in parts);
for (const [name, run] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  await run();
  say("");
}
