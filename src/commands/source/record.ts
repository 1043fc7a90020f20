import { Args, Flags } from "@oclif/core";
import { BaseCommand, envName, type Outcome } from "../../base-command.ts";

export default class SourceRecord extends BaseCommand {
  static override summary =
    "Read a source once and write what its device answers into files, without secrets, names and serial numbers.";
  static override examples = [
    "<%= config.bin %> source record main",
    "<%= config.bin %> source record main --out ./report",
  ];
  static override args = { name: Args.string({ required: true, description: "its name" }) };
  static override flags = {
    out: Flags.string({
      helpValue: "FOLDER",
      env: envName("out"),
      default: "hearth-recording",
      description: "folder for KIND/NAME/*.json",
    }),
  };

  async run(): Promise<Outcome> {
    const { args, flags } = await this.parse(SourceRecord);
    const { recordSource } = await import("../../app/record-source.ts");
    const { folder, files, tried } = await recordSource({
      env: process.env,
      name: args.name,
      folder: flags.out,
      dryRun: flags["dry-run"],
      signal: this.signal,
    });
    const verb = flags["dry-run"] ? "would be written" : "were written";
    const lines = [
      `${files.length} answers ${verb} to ${folder}: ${files.join(", ")}`,
      "Look through them before you pass them on: words that only you know may have slipped through.",
    ];
    const warnings = tried.reading.value === null ? [`it told no value: ${tried.reading.reason}`] : [];
    return this.finish({ data: { folder, files, reading: tried.reading }, lines, warnings });
  }
}
