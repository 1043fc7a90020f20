import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("..", import.meta.url)),
    include: ["test/**/*.test.{ts,tsx}"],
    disableConsoleIntercept: true,
    testTimeout: 20_000,
    // One for every core: most of the time goes to miners on sockets, which wait for each other.
    maxWorkers: "100%",
    coverage: { provider: "v8", include: ["src/**"] },
  },
});
