import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MINERS_PAGE, minersPage } from "./miners-page.ts";

test("docs/miners.md says what the drivers say (else: npm run docs)", async () => {
  expect(readFileSync(MINERS_PAGE, "utf8")).toBe(await minersPage());
}, 60_000);
