import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("..", import.meta.url)),
    include: ["test/**/*.test.{ts,tsx}"],
    disableConsoleIntercept: true,
    testTimeout: 20_000,
    coverage: { provider: "v8", include: ["src/**"] },
  },
});
