import { Flags } from "@oclif/core";
import { envName, type Outcome, StreamCommand } from "../../base-command.ts";
import { EXIT, usageError } from "../../model/errors.ts";

export default class EmulateMiner extends StreamCommand {
  static override summary =
    "An emulated miner on a real socket, speaking its firmware's own protocol, healthy or with faults.";
  static override description =
    "It mines at two emulated pools of its own. --list shows the models, their firmware generations and the faults.";
  static override examples = [
    "<%= config.bin %> emulate miner --list",
    "<%= config.bin %> emulate miner --model avalon-mini3 --port 4028",
    "<%= config.bin %> emulate miner --model bitaxe --firmware 2.14 --fault late:20",
    "<%= config.bin %> emulate miner --model bitaxe --fault lie --fault delay:1500 --json",
  ];
  static override flags = {
    list: Flags.boolean({
      env: envName("list"),
      description: "show models, generations and faults, and end",
    }),
    model: Flags.string({ helpValue: "MODEL", env: envName("model"), description: "which device" }),
    firmware: Flags.string({
      helpValue: "GENERATION",
      env: envName("firmware"),
      description: "which generation of its firmware; the newest when left out",
    }),
    fault: Flags.string({
      helpValue: "KIND[:NUMBER]",
      multiple: true,
      env: envName("fault"),
      description: "what goes wrong with it; may be given several times",
    }),
    host: Flags.string({
      helpValue: "HOST",
      env: envName("host"),
      default: "127.0.0.1",
      description: "address to listen on",
    }),
    port: Flags.integer({
      helpValue: "PORT",
      env: envName("port"),
      default: 0,
      min: 0,
      max: 65_535,
      description: "port for all its protocols; 0 takes a free one",
    }),
    name: Flags.string({
      helpValue: "NAME",
      env: envName("name"),
      default: "emulated",
      description: "its name",
    }),
    seed: Flags.integer({
      helpValue: "N",
      env: envName("seed"),
      default: 1,
      min: 0,
      description: "draws noise and luck",
    }),
    "password-file": Flags.file({
      helpValue: "FILE",
      env: envName("password-file"),
      description: "file with the password of its page, in place of the factory's",
    }),
  };

  async run(): Promise<Outcome> {
    const { flags } = await this.parse(EmulateMiner);
    const { emulatedModels, emulateMiner, faultMenu } = await import("../../app/emulate-miner.ts");
    const models = emulatedModels();
    if (flags.list) {
      this.announce({
        data: { models, faults: Object.fromEntries(faultMenu()) },
        lines: [
          ...models.map(({ model, title, generations }) => {
            const firmware = generations.length > 0 ? `; --firmware ${generations.join(", ")}` : "";
            return `${model.padEnd(16)} ${title}${firmware}`;
          }),
          "",
          ...faultMenu().map(([kind, words]) => `${kind.padEnd(16)} ${words}`),
        ],
      });
      return { data: null };
    }
    if (flags.model === undefined) {
      throw usageError("FLAG_NEEDED", "Say which device to emulate", {
        hint: `--model with one of ${models.map(({ model }) => model).join(", ")}`,
      });
    }
    const { readPasswordFile } = await import("../../app/password-file.ts");
    await emulateMiner({
      model: flags.model,
      firmware: flags.firmware ?? null,
      faults: flags.fault ?? [],
      host: flags.host,
      port: flags.port,
      name: flags.name,
      seed: flags.seed,
      password: readPasswordFile(flags["password-file"]),
      signal: this.signal,
      onReady: ({ name, model, id, host, port }, pools) => {
        this.announce({
          data: { miner: { name, model, id, host, port }, pools, faults: flags.fault ?? [] },
          lines: [
            `${name} (${model}, ${id}) at ${host}:${port}`,
            `pools ${pools.join(", ")}`,
            "Ctrl-C ends it.",
          ],
        });
      },
    });
    if (this.signal.aborted) process.exitCode = EXIT.interrupted;
    return { data: null };
  }
}
