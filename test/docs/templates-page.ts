import { readTemplates } from "#src/config/source-templates.ts";
import type { SourceTemplate } from "#src/model/source-template.ts";

/** Where the page stands. */
export const TEMPLATES_PAGE = new URL("../../docs/templates.md", import.meta.url);

/** The page of source templates: what each says of itself. */
export function templatesPage(): string {
  const templates = readTemplates();
  const notes = templates.flatMap(({ name, notes: own }) => own.map((words) => `- \`${name}\`: ${words}`));
  return [INTRODUCTION, ...templates.map(rowOf), "", "## What to prepare and to know", "", ...notes, ""].join(
    "\n",
  );
}

const INTRODUCTION = `# Templates of sources

Written by \`npm run docs\` from \`templates/sources\`; a test fails when it is no longer true. No template has been seen on real hardware yet:
they are built on the section named, and tested against its answers.

- \`hearth source add NAME --template TEMPLATE --host ADDRESS --role ROLE --set KEY=VALUE\`, with \`--secret-file FILE\` where a secret is wanted.
- **Recognised**: \`hearth source probe ADDRESS\` knows the device without a login, and its serial number where one is told.

| Template | Device | Roles | To say | Secret | Recognised | Facts |
|---|---|---|---|---|---|---|`;

function rowOf(template: SourceTemplate): string {
  const { name, title, roles, params, secret, probe, facts } = template;
  const said = Object.entries(params).map(([key, { about, default: usual }]) => {
    const words = about.replaceAll("|", "\\|");
    return usual === null ? `\`${key}\`: ${words}` : `\`${key}\`: ${words} (else ${usual})`;
  });
  const known = probe === null ? "no" : probe.id === null ? "yes" : "with its serial number";
  const cells = [
    `\`${name}\``,
    title,
    Object.keys(roles).join(", "),
    said.join("; ") || "–",
    secret,
    known,
    facts,
  ];
  return `| ${cells.join(" | ")} |`;
}
