import { Args, Flags } from "@oclif/core";
import { BaseCommand, envName, type Outcome } from "../../base-command.ts";

export default class SourceProbe extends BaseCommand {
  static override summary =
    "Ask an address what it is, without a login and without changing anything, and say how to add it.";
  static override examples = [
    "<%= config.bin %> source probe 192.168.1.30",
    "<%= config.bin %> source probe 192.168.1.31:1502 --json",
  ];
  static override args = { host: Args.string({ required: true, description: "HOST or HOST:PORT" }) };
  static override flags = {
    "allow-public": Flags.boolean({
      env: envName("allow-public"),
      description: "the address may lie outside home networks",
    }),
  };

  async run(): Promise<Outcome> {
    const { args, flags } = await this.parse(SourceProbe);
    const { probeSource } = await import("../../app/probe-source.ts");
    const { probeLines } = await import("../../text/source-lines.ts");
    const found = await probeSource({
      env: process.env,
      host: args.host,
      allowPublic: flags["allow-public"],
      signal: this.signal,
    });
    return this.finish({ data: { found }, lines: probeLines(found) });
  }
}
