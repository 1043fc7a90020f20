import { BaseCommand, type Outcome } from "../../base-command.ts";
import { formatPpm } from "../../text/format.ts";
import { mechanismWords } from "../../text/split-mechanism.ts";

export default class SplitShow extends BaseCommand {
  static override summary = "Who gets which part of the hashing, by which mechanism.";
  static override examples = ["<%= config.bin %> split show", "<%= config.bin %> split show --json"];

  async run(): Promise<Outcome> {
    await this.parse(SplitShow);
    const { showSplit } = await import("../../app/split-commands.ts");
    const data = showSplit(process.env);
    const lines =
      data.terms.state === "none"
        ? ["No split is agreed. Next: hearth split set PERCENT --payee ADDRESS"]
        : [
            `Terms version ${data.terms.version} (${data.terms.state})`,
            ...data.legs.map((leg) => `  ${leg.role}  ${formatPpm(leg.sharePpm)}  ${leg.pool}  ${leg.user}`),
            ...data.miners.map(
              ({ name, worker, ...how }) => `  ${name}: ${mechanismWords(how)}, worker ${worker}`,
            ),
          ];
    return this.finish({ data, lines });
  }
}
