import { openHome } from "../../app/home-files.ts";
import { readEvents } from "../../app/live-documents.ts";
import { BaseCommand, type Outcome } from "../../base-command.ts";
import { eventTable } from "../../text/table.ts";

export default class EventList extends BaseCommand {
  static override summary = "Curtailment events of the co-op that this home knows.";
  static override examples = ["<%= config.bin %> event list", "<%= config.bin %> event list --json"];

  async run(): Promise<Outcome> {
    await this.parse(EventList);
    const { paths, config } = openHome(process.env);
    const { events, isLive } = await readEvents(paths);
    const lines = events.length > 0 ? eventTable(events, config?.home.tz ?? "UTC") : ["No events are known."];
    const warnings = isLive ? [] : ["no loop runs now; these are the events known when it last ran"];
    return this.finish({ data: { events }, lines, warnings });
  }
}
