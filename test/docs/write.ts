/** `npm run docs`: writes the pages that are made from the code. */
import { writeFileSync } from "node:fs";
import { MINERS_PAGE, minersPage } from "./miners-page.ts";
import { TEMPLATES_PAGE, templatesPage } from "./templates-page.ts";

writeFileSync(MINERS_PAGE, await minersPage());
writeFileSync(TEMPLATES_PAGE, templatesPage());
