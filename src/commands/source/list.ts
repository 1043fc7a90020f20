import { BaseCommand, type Outcome } from "../../base-command.ts";

export default class SourceList extends BaseCommand {
  static override summary = "The meters, inverters, batteries, thermometers and prices that are set up.";
  static override examples = ["<%= config.bin %> source list", "<%= config.bin %> source list --json"];

  async run(): Promise<Outcome> {
    await this.parse(SourceList);
    const { listSources } = await import("../../app/edit-sources.ts");
    const { sourceListLines } = await import("../../text/source-lines.ts");
    const sources = listSources(process.env);
    return this.finish({ data: { sources }, lines: sourceListLines(sources) });
  }
}
