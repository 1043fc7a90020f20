/** `npm run docs`: writes the pages that are made from the code. */
import { writeFileSync } from "node:fs";
import { MINERS_PAGE, minersPage } from "./miners-page.ts";

writeFileSync(MINERS_PAGE, await minersPage());
