import { readFileSync } from "node:fs";

/** The command that was probably meant; null when none is close. */
export function nearestCommand(typed: string, entryUrl: string): string | null {
  let best: { name: string; distance: number } | null = null;
  for (const name of commandNames(entryUrl)) {
    const distance = editDistance(typed.slice(0, 60), name);
    if (distance <= 2 && distance < (best?.distance ?? 3)) best = { name, distance };
    if (typed.startsWith(`${name} `) && !best) best = { name, distance: 2 };
  }
  return best?.name ?? null;
}

function commandNames(entryUrl: string): string[] {
  try {
    const manifest = JSON.parse(readFileSync(new URL("../oclif.manifest.json", entryUrl), "utf8"));
    return Object.keys(manifest.commands).map((id) => id.replaceAll(":", " "));
  } catch {
    return [];
  }
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
