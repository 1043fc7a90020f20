import { Flags } from "@oclif/core";
import { envName, type Outcome, StreamCommand } from "../../base-command.ts";
import { EXIT } from "../../model/errors.ts";

export default class CoopServe extends StreamCommand {
  static override summary =
    "Run a small co-op: enrolment page, signed split terms, OpenADR 3.1 events, uploads and settlement, in one SQLite file.";
  static override examples = [
    "<%= config.bin %> coop serve",
    "<%= config.bin %> coop serve --listen 127.0.0.1:8460 --db coop.db --settings coop.json",
    "<%= config.bin %> coop serve --json --listen 127.0.0.1:0",
  ];
  static override flags = {
    listen: Flags.string({
      helpValue: "HOST:PORT",
      env: envName("listen"),
      default: "127.0.0.1:8460",
      description: "loopback HOST:PORT; port 0 takes any free one",
    }),
    db: Flags.string({
      helpValue: "FILE",
      env: envName("db"),
      default: "coop.db",
      description: "database file; made when missing",
    }),
    settings: Flags.string({
      helpValue: "FILE",
      env: envName("settings"),
      description: "JSON file; the pilot settings when left out",
    }),
  };

  async run(): Promise<Outcome> {
    const { flags } = await this.parse(CoopServe);
    const { serveCoop } = await import("../../app/coop-serve.ts");
    await serveCoop({
      listen: flags.listen,
      db: flags.db,
      settings: flags.settings ?? `${this.config.root}/templates/coop-pilot.json`,
      signal: this.signal,
      onReady: ({ url, keyThumbprint, keyWords, name }) => {
        this.announce({
          data: { url, keyThumbprint },
          lines: [
            `${name} answers at ${url}`,
            `Its key: ${keyWords}`,
            `         ${keyThumbprint}`,
            "Ctrl-C ends it.",
          ],
        });
      },
    });
    if (this.signal.aborted) process.exitCode = EXIT.interrupted;
    return { data: null };
  }
}
