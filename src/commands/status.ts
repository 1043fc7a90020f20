import { openHome } from "../app/home-files.ts";
import { readStatus } from "../app/live-documents.ts";
import { BaseCommand, type Outcome } from "../base-command.ts";
import { EXIT, HearthError } from "../model/errors.ts";
import { statusLines } from "../text/plain-status.ts";

export default class Status extends BaseCommand {
  static override description =
    "What is happening now: rooms, watts, sun, grid, reason, event, today's sats and credit.";
  static override examples = ["<%= config.bin %> status", "<%= config.bin %> status --json"];

  async run(): Promise<Outcome> {
    await this.parse(Status);
    const { paths, config, warnings } = openHome(process.env);
    const { status, isLive } = await readStatus(paths);
    const style = { tz: config?.home.tz ?? "UTC", temperatureUnit: config?.home.temperature ?? "C" };
    const lines = status ? statusLines(status, style) : [];
    if (isLive) return this.finish({ data: status, lines, warnings });
    const error = new HearthError(
      EXIT.stale,
      "NO_LOOP",
      status
        ? `No loop runs now; this is the last picture, of ${status.at}`
        : "No loop runs and none has run here yet",
      { hint: config ? "hearth run" : "hearth discover, or hearth demo" },
    );
    return this.finish({ data: status, lines, warnings, error });
  }
}
