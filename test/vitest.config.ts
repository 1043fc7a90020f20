import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./longest-first.ts";

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("..", import.meta.url)),
    include: ["test/**/*.test.{ts,tsx}"],
    disableConsoleIntercept: true,
    testTimeout: 20_000,
    // One for every core: most of the time goes to miners on sockets, which wait for each other.
    maxWorkers: "100%",
    // A process for every file costs more than most files; no test may leave anything behind for the next.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    coverage: { provider: "v8", include: ["src/**"] },
  },
});
