import { Flags } from "@oclif/core";
import { BaseCommand, envName, type Outcome } from "../../../base-command.ts";

export default class CoopEventCreate extends BaseCommand {
  static override summary =
    "Announce a curtailment event to the members of the co-op whose database this is. Signed by its key.";
  static override examples = [
    "<%= config.bin %> coop event create --limit 500 --start 2026-12-01T00:00:00Z --for 120",
    "<%= config.bin %> coop event create --type off --priority emergency --for 30 --db coop.db",
  ];
  static override flags = {
    db: Flags.string({
      helpValue: "FILE",
      env: envName("db"),
      default: "coop.db",
      description: "database file of coop serve",
    }),
    settings: Flags.string({
      helpValue: "FILE",
      env: envName("settings"),
      description: "settings file of coop serve; the pilot settings when left out",
    }),
    type: Flags.string({
      env: envName("type"),
      options: ["limit", "off", "shift", "raise"],
      default: "limit",
      description: "what is asked of the heaters",
    }),
    limit: Flags.integer({
      helpValue: "WATTS",
      env: envName("limit"),
      min: 0,
      max: 100_000,
      description: "most watts of a home's heaters; for raise the watts wanted",
    }),
    priority: Flags.string({
      env: envName("priority"),
      options: ["drill", "economic", "peak", "emergency"],
      default: "peak",
      description: "class of the event",
    }),
    start: Flags.string({
      helpValue: "TIME",
      env: envName("start"),
      description: "RFC 3339 time; now when left out",
    }),
    for: Flags.integer({
      helpValue: "MINUTES",
      env: envName("for"),
      min: 1,
      max: 1440,
      default: 60,
      description: "minutes",
    }),
    to: Flags.string({
      helpValue: "MEMBER",
      env: envName("to"),
      default: "all",
      description: "a member code, or all",
    }),
  };

  async run(): Promise<Outcome> {
    const { flags } = await this.parse(CoopEventCreate);
    const { orderEvent } = await import("../../../app/coop-serve.ts");
    const event = await orderEvent({
      db: flags.db,
      settings: flags.settings ?? `${this.config.root}/templates/coop-pilot.json`,
      type: flags.type,
      limitW: flags.limit ?? null,
      priority: flags.priority,
      start: flags.start ?? null,
      minutes: flags.for,
      to: flags.to,
      dryRun: flags["dry-run"],
    });
    const verb = event.id === null ? "would be announced" : `is announced as ${event.id}`;
    const lines = [
      `A ${event.priority} event ${verb}: ${event.type}, ${event.limitW} W, ${event.start} to ${event.end}.`,
    ];
    return this.finish({ data: event, lines });
  }
}
