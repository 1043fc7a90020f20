import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SRC = fileURLToPath(new URL("../src", import.meta.url));

/** Who may import whom (architecture-examples.md §2.2). `node` stands for every built-in module. */
const RULES: Record<string, { ours: string[]; packages: string[] }> = {
  model: { ours: [], packages: ["zod"] },
  control: { ours: ["model"], packages: [] },
  settlement: {
    ours: ["model"],
    packages: ["temporal-polyfill", "canonicalize", "@scure/base", "@scure/btc-signer"],
  },
  net: { ours: ["model"], packages: ["node", "node-fetch", "bonjour-service", "digest-fetch", "ipaddr.js"] },
  // Hashes and ciphers are pure; firmware that signs its requests needs them.
  miners: { ours: ["model"], packages: ["@noble/hashes", "@noble/ciphers"] },
  sources: { ours: ["model"], packages: ["@jmespath-community/jmespath"] },
  coop: { ours: ["model", "settlement", "net"], packages: ["node:crypto", "jose", "oauth4webapi"] },
  ledger: { ours: ["model", "settlement"], packages: ["node", "canonicalize", "ulid"] },
  config: { ours: ["model"], packages: ["node", "conf"] },
  "coop-server": {
    ours: ["model", "settlement", "coop", "ledger", "net"],
    packages: ["node", "jose", "ulid"],
  },
  sim: { ours: ["model", "net"], packages: ["node"] },
  app: {
    ours: [
      "model",
      "control",
      "settlement",
      "net",
      "miners",
      "sources",
      "coop",
      "ledger",
      "config",
      "coop-server",
      "sim",
    ],
    // The lowest possible cost of a simulated run is a linear programme.
    packages: ["node", "highs"],
  },
  daemon: {
    ours: ["model", "control", "settlement", "net", "miners", "sources", "coop", "ledger", "config", "app"],
    packages: ["node"],
  },
  demo: { ours: ["model", "app", "daemon", "sim", "coop-server"], packages: ["node"] },
  text: { ours: ["model"], packages: [] },
  tui: { ours: ["model", "text"], packages: ["ink", "react"] },
  commands: {
    ours: ["model", "app", "text", "base-command", "miner-command"],
    packages: ["@oclif/core", "node"],
  },
  ".": {
    ours: ["model", "near-miss", "app", "base-command"],
    packages: ["@oclif/core", "@inquirer/prompts", "node:fs", "node:url"],
  },
};

/** What a folder may take only as types, or only through `await import()`. */
const TYPES_ONLY: Record<string, string[]> = {
  miners: ["net"],
  sources: ["net"],
  commands: ["daemon", "demo", "tui"],
};
const DYNAMIC_ONLY: Record<string, string[]> = {
  commands: ["daemon", "demo", "coop-server", "sim", "tui", "config", "net", "@inquirer/prompts", "uqr"],
};

/** Files of a drivers' folder that every family may use. */
const SHARED_PARTS: Record<string, string[]> = {
  miners: [
    ...["cgminer.ts", "evidence.ts", "login.ts", "pool-target.ts"],
    ...["clock-ladder.ts", "esp-board.ts", "esp-pools.ts"],
    // What both generations of Braiins OS speak.
    ...["bos-errors.ts", "bos-graphql.ts", "bos-groups.ts", "bos-socket.ts"],
  ],
  sources: ["source.ts", "units.ts"],
};

interface Import {
  file: string;
  /** Name of the file when it lies in the same folder, else null. */
  sibling: string | null;
  folder: string;
  target: string;
  isTypeOnly: boolean;
  isDynamic: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file));
const imports = files.flatMap(readImports);

test("every folder imports only what its row allows", () => {
  const broken = imports
    .filter((entry) => !isAllowed(entry))
    .map((entry) => `${entry.file} -> ${entry.target}`);

  expect(broken).toEqual([]);
});

test("no driver imports another driver", () => {
  const siblings = imports.filter(
    ({ folder, sibling }) =>
      ["miners", "sources"].includes(folder) &&
      sibling !== null &&
      SHARED_PARTS[folder]?.includes(sibling) === false,
  );
  // `avalon.ts` may be cut into `avalon-stats.ts` and so on; the registry knows everybody.
  const strangers = siblings.filter(({ file, sibling }) => familyOf(file) !== familyOf(sibling ?? ""));

  expect(strangers.map(({ file, sibling }) => `${file} -> ${sibling}`)).toEqual([]);
});

test("only tui knows react and ink", () => {
  const others = imports.filter((entry) => /^(ink|react)/.test(entry.target) && entry.folder !== "tui");

  expect(others).toEqual([]);
});

test("every source file belongs to a folder with a row", () => {
  const folders = new Set(files.map((file) => topFolder(file)));

  expect([...folders].filter((folder) => !(folder in RULES))).toEqual([]);
});

/** `miners/avalon-stats.ts` belongs to `avalon`. */
function familyOf(file: string): string {
  return (file.split("/").at(-1) ?? file).replace(/\.tsx?$/, "").split("-")[0] ?? file;
}

function topFolder(file: string): string {
  return file.includes("/") ? (file.split("/")[0] ?? ".") : ".";
}

function readImports(file: string): Import[] {
  const text = readFileSync(join(SRC, file), "utf8");
  const found: Import[] = [];
  const pattern =
    /^\s*(?:import|export)\s+(type\s)?[^"';]*?from\s+"([^"]+)"|^\s*import\s+"([^"]+)"|import\("([^"]+)"\)/gm;
  for (const match of text.matchAll(pattern)) {
    const specifier = match[2] ?? match[3] ?? match[4] ?? "";
    found.push({
      file,
      folder: topFolder(file),
      sibling: /^\.\/[^/]+$/.test(specifier) && !file.endsWith("registry.ts") ? specifier.slice(2) : null,
      target: targetOf(file, specifier),
      isTypeOnly: match[1] !== undefined,
      isDynamic: match[4] !== undefined,
    });
  }
  return found;
}

function targetOf(file: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  const target = relative(SRC, resolve(dirname(join(SRC, file)), specifier));
  return target.includes("/") ? (target.split("/")[0] ?? ".") : target.replace(/\.tsx?$/, "");
}

function isAllowed({ folder, target, isTypeOnly, isDynamic }: Import): boolean {
  const rule = RULES[folder];
  if (!rule) return false;
  if (target === folder || rule.ours.includes(target)) return true;
  if (rule.packages.some((name) => target === name || target.startsWith(`${name}/`))) return true;
  if (isTypeOnly && TYPES_ONLY[folder]?.includes(target)) return true;
  if (isDynamic && DYNAMIC_ONLY[folder]?.includes(target)) return true;
  const isBuiltin = target.startsWith("node:") || builtinModules.includes(target);
  if (isBuiltin) return rule.packages.includes("node") || rule.packages.includes(target);
  return false;
}
