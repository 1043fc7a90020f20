import { CommandHelp, Help } from "@oclif/core/help";

/** Help with the examples before the flags (interfaces.md §6). */
class ExamplesFirst extends CommandHelp {
  protected override sections(): ReturnType<CommandHelp["sections"]> {
    const sections = super.sections();
    const rank = ({ header }: { header: string }) => ["USAGE", "EXAMPLES"].indexOf(header);
    const order = (header: { header: string }) => (rank(header) < 0 ? 2 : rank(header));
    return sections.toSorted((a, b) => order(a) - order(b));
  }
}

export default class HearthHelp extends Help {
  protected override CommandHelpClass = ExamplesFirst;
}
