import { openHome } from "../app/home-files.ts";
import { followViews, noLoop } from "../app/live-documents.ts";
import { askLoop, followLoop } from "../app/local-client.ts";
import { type Outcome, StreamCommand } from "../base-command.ts";

export default class Watch extends StreamCommand {
  static override summary =
    "The dashboard of a loop that runs elsewhere on this machine; NDJSON with --json.";
  static override examples = ["<%= config.bin %> watch", "<%= config.bin %> watch --json"];

  async run(): Promise<Outcome> {
    await this.parse(Watch);
    const { paths } = openHome(process.env);
    if (!(await askLoop(paths, "/v1/status"))) throw noLoop("There is nothing to watch");
    if (this.jsonEnabled() || !process.stdout.isTTY) {
      for await (const line of followLoop(paths, this.signal)) process.stdout.write(`${line}\n`);
      return { data: null };
    }
    const { runDashboard } = await import("../tui/run-dashboard.tsx");
    const quit = new AbortController();
    const views = followViews(paths, AbortSignal.any([quit.signal, this.signal]));
    const end = await runDashboard({ views, onQuit: () => quit.abort() });
    if (end === "interrupted") process.exitCode = 130;
    return { data: null };
  }
}
