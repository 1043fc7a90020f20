import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { TEMPLATES_PAGE, templatesPage } from "./templates-page.ts";

test("docs/templates.md says what the templates say (else: npm run docs)", () => {
  expect(readFileSync(TEMPLATES_PAGE, "utf8")).toBe(templatesPage());
});
