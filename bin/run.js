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
const { enableCompileCache } = await import("node:module");
enableCompileCache();
const { main } = await import("../dist/main.js");
await main(import.meta.url);
