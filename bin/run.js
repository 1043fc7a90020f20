#!/usr/bin/env node
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(
    `hearth needs Node.js 24.15 or newer; this is ${process.version}. Nothing was done.\n` +
      "Try: npx hearth, inside the project folder: it uses the Node that npm ci installed\n",
  );
  process.exit(1);
}
if (process.env.NO_COLOR) {
  // Ink's colour library reads FORCE_COLOR only.
  delete process.env.NO_COLOR;
  process.env.FORCE_COLOR = "0";
}
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error) => {
    // A running loop wants to end cleanly when nobody reads it any more; every other command just ends.
    if (error.code === "EPIPE" && !process.emit("outputClosed")) process.exit(0);
    if (error.code !== "EPIPE") throw error;
  });
}
// The service's own form of the command; every other one, and every setting of it, takes the usual way.
const isService =
  process.argv.slice(2).join(" ") === "run --headless" &&
  !["HEARTH_JSON", "HEARTH_QUIET", "HEARTH_DEBUG"].some((name) => process.env[name] !== undefined);
if (isService) {
  const { runHeadless } = await import("../dist/daemon/headless.js");
  await runHeadless();
} else {
  // A quick start for those who wait for an answer; a service would only keep it in memory.
  const { enableCompileCache } = await import("node:module");
  enableCompileCache();
  const { main } = await import("../dist/main.js");
  await main(import.meta.url);
}
