import { existsSync } from "node:fs";
import { homePaths } from "../app/home-paths.ts";
import { readStatus } from "../app/live-documents.ts";
import { BaseCommand, type Outcome } from "../base-command.ts";
import { EXIT, HearthError } from "../model/errors.ts";
import type { StatusView } from "../model/view.ts";

export default class Status extends BaseCommand {
  static override summary =
    "What is happening now: rooms, watts, sun, grid, reason, event, today's sats and credit.";
  static override examples = ["<%= config.bin %> status", "<%= config.bin %> status --json"];

  async run(): Promise<Outcome> {
    await this.parse(Status);
    const paths = homePaths(process.env);
    const { status, isLive } = await readStatus(paths);
    const { lines, warnings } = await this.#words(status);
    if (isLive) return this.finish({ data: status, lines, warnings });
    const error = new HearthError(
      EXIT.stale,
      "NO_LOOP",
      status
        ? `No loop runs now; this is the last picture, of ${status.at}`
        : "No loop runs and none has run here yet",
      { hint: existsSync(paths.config) ? "hearth run" : "hearth discover, or hearth demo" },
    );
    return this.finish({ data: status, lines, warnings, error });
  }

  /** For people, in their units and zone; a script waits for none of it. */
  async #words(status: StatusView | null): Promise<{ lines: string[]; warnings: string[] }> {
    if (this.jsonEnabled()) return { lines: [], warnings: [] };
    const { openHome } = await import("../app/home-files.ts");
    const { statusLines } = await import("../text/plain-status.ts");
    const { config, warnings } = openHome(process.env);
    const style = { tz: config?.home.tz ?? "UTC", temperatureUnit: config?.home.temperature ?? "C" };
    return { lines: status ? statusLines(status, style) : [], warnings };
  }
}
