import { openHome } from "../app/home-files.ts";
import { readExplain } from "../app/live-documents.ts";
import { BaseCommand, type Outcome } from "../base-command.ts";
import { explainLines } from "../text/explain.ts";

export default class Explain extends BaseCommand {
  static override summary = "Why this many watts, why not more, why not less, and what happens next.";
  static override examples = ["<%= config.bin %> explain", "<%= config.bin %> explain --json"];

  async run(): Promise<Outcome> {
    await this.parse(Explain);
    const { paths } = openHome(process.env);
    const explain = await readExplain(paths);
    return this.finish({ data: explain, lines: explainLines(explain) });
  }
}
