import { Flags } from "@oclif/core";
import { envName, type Outcome, StreamCommand } from "../base-command.ts";

export default class Run extends StreamCommand {
  static override summary =
    "Run the loop of this home: warm rooms first, then spare sun, then price, always under breaker and events. One per home.";
  static override examples = [
    "<%= config.bin %> run",
    "<%= config.bin %> run --headless",
    "<%= config.bin %> run --headless | jq 'select(.type == \"decision\")'",
  ];
  static override flags = {
    headless: Flags.boolean({
      env: envName("headless"),
      description: "stream NDJSON on stdout instead of the dashboard",
    }),
  };

  async run(): Promise<Outcome> {
    const { flags } = await this.parse(Run);
    const { runHome } = await import("../daemon/run-home.ts");
    const isScreen = process.stdout.isTTY === true && process.env["TERM"] !== "dumb";
    const mode =
      flags.headless || this.jsonEnabled() || !process.stdout.isTTY
        ? "ndjson"
        : isScreen
          ? "screen"
          : "plain";
    const end = await runHome({
      env: process.env,
      version: this.config.version,
      mode,
      signal: this.signal,
      write: (text) => process.stdout.write(text),
      talk: (line) => this.talk(line),
      show: async (views, onQuit) => {
        const { runDashboard } = await import("../tui/run-dashboard.tsx");
        return runDashboard({ views, onQuit });
      },
    });
    process.exitCode = end.exit;
    return { data: null };
  }
}
