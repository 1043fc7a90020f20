import { Args } from "@oclif/core";
import { openHome } from "../../app/home-files.ts";
import { noLoop } from "../../app/live-documents.ts";
import { askLoop } from "../../app/local-client.ts";
import { BaseCommand, type Outcome } from "../../base-command.ts";

export default class EventOptOut extends BaseCommand {
  static override summary =
    "Leave one event of the co-op. Its limit then no longer holds here; heat floor and breaker are not affected.";
  static override examples = ["<%= config.bin %> event opt-out peak-1"];
  static override args = {
    id: Args.string({ required: true, description: "the event's id, as event list shows it" }),
  };

  async run(): Promise<Outcome> {
    const { args, flags } = await this.parse(EventOptOut);
    const { paths } = openHome(process.env);
    if (flags["dry-run"]) {
      return this.finish({
        data: { id: args.id, optedOut: null },
        lines: ["Nothing was changed (dry run)."],
      });
    }
    const document = await askLoop(paths, `/v1/events/${encodeURIComponent(args.id)}/opt-out`, {});
    if (!document) throw noLoop("An event can be left or joined only while a loop runs");
    return this.finish({
      data: document.data,
      lines: [
        `You are out of event ${args.id}: its limit does not hold here any more. hearth event opt-in ${args.id} takes part again.`,
      ],
    });
  }
}
