import { Args } from "@oclif/core";
import { BaseCommand, type Outcome } from "../../base-command.ts";

export default class SourceRemove extends BaseCommand {
  static override summary = "Take a source out of the configuration, with its secret.";
  static override examples = [
    "<%= config.bin %> source remove main",
    "<%= config.bin %> source remove main --dry-run",
  ];
  static override args = { name: Args.string({ required: true, description: "its name" }) };

  async run(): Promise<Outcome> {
    const { args, flags } = await this.parse(SourceRemove);
    const { removeSource } = await import("../../app/edit-sources.ts");
    const isDryRun = flags["dry-run"];
    const { name, role } = removeSource({ env: process.env, name: args.name, dryRun: isDryRun });
    const lines = [`${name} (${role}) ${isDryRun ? "would be" : "was"} removed`];
    return this.finish({ data: { name, role, result: isDryRun ? "planned" : "removed" }, lines });
  }
}
