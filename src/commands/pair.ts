import { Flags } from "@oclif/core";
import { BaseCommand, envName, type Outcome } from "../base-command.ts";
import { usageError } from "../model/errors.ts";

export default class Pair extends BaseCommand {
  static override summary =
    "Adopt a miner that discover found, or pair this home with the co-op by a short code.";
  static override examples = [
    "<%= config.bin %> pair --miner 192.168.1.44 --breaker 20 --voltage 240",
    "<%= config.bin %> pair --miner 192.168.1.50 --password-file ~/antminer.txt",
    "<%= config.bin %> pair --coop https://coop.example",
  ];
  static override flags = {
    miner: Flags.string({
      helpValue: "HOST[:PORT]",
      env: envName("miner"),
      exclusive: ["coop"],
      description: "HOST[:PORT] of a miner to adopt",
    }),
    coop: Flags.string({ helpValue: "URL", env: envName("coop"), description: "address of the co-op" }),
    name: Flags.string({
      helpValue: "NAME",
      env: envName("name"),
      dependsOn: ["miner"],
      description: "name of the miner; made from its model",
    }),
    zone: Flags.string({
      helpValue: "NAME",
      env: envName("zone"),
      dependsOn: ["miner"],
      description: "room that it heats",
    }),
    circuit: Flags.string({
      helpValue: "NAME",
      env: envName("circuit"),
      dependsOn: ["miner"],
      description: "circuit that feeds it",
    }),
    breaker: Flags.integer({
      helpValue: "AMPERES",
      env: envName("breaker"),
      min: 1,
      max: 200,
      dependsOn: ["miner"],
      description: "ampere rating of a new circuit's breaker",
    }),
    "password-file": Flags.file({
      helpValue: "FILE",
      env: envName("password-file"),
      dependsOn: ["miner"],
      description: "file with the password of the miner's own page; without it the factory's is tried once",
    }),
    "allow-public": Flags.boolean({
      env: envName("allow-public"),
      dependsOn: ["miner"],
      description: "the address may lie outside home networks",
    }),
    voltage: Flags.integer({
      helpValue: "VOLTS",
      env: envName("voltage"),
      min: 100,
      max: 480,
      dependsOn: ["miner"],
      description: "volts of a new circuit",
    }),
  };

  async run(): Promise<Outcome> {
    const { flags } = await this.parse(Pair);
    if (flags.miner !== undefined) return this.#adopt(flags.miner, flags);
    if (flags.coop !== undefined) return this.#pairCoop(flags.coop, flags);
    throw usageError("FLAG_NEEDED", "Say what to pair: a miner or the co-op", {
      left: "Nothing was changed",
      hint: "hearth pair --miner HOST[:PORT], or hearth pair --coop URL",
    });
  }

  async #adopt(
    host: string,
    flags: {
      "dry-run": boolean;
      "password-file"?: string | undefined;
      "allow-public": boolean;
      name?: string | undefined;
      zone?: string | undefined;
      circuit?: string | undefined;
      breaker?: number | undefined;
      voltage?: number | undefined;
    },
  ): Promise<Outcome> {
    const { adoptFrom } = await import("../app/adopt-from.ts");
    const { readPasswordFile } = await import("../app/password-file.ts");
    const { miner, isKnown, warnings } = await adoptFrom({
      env: process.env,
      host,
      name: flags.name ?? null,
      zone: flags.zone ?? null,
      circuit: flags.circuit ?? null,
      breakerA: flags.breaker ?? null,
      voltageV: flags.voltage ?? null,
      password: readPasswordFile(flags["password-file"]),
      allowPublic: flags["allow-public"],
      dryRun: flags["dry-run"],
      signal: this.signal,
    });
    const isDry = flags["dry-run"];
    const verb = isDry
      ? isKnown
        ? "would be updated"
        : "would be adopted"
      : isKnown
        ? "is up to date"
        : "is adopted";
    const lines = [
      `${miner.name} ${verb}: ${miner.model ?? miner.driver} ${miner.id} at ${miner.host}:${miner.port}, heats ${miner.zone} on ${miner.circuit}.`,
      isDry ? "Nothing was changed (dry run)." : "Next: hearth pair --coop URL, or hearth run",
    ];
    return this.finish({ data: { miner, known: isKnown }, lines, warnings });
  }

  async #pairCoop(
    url: string,
    flags: { yes: boolean; "no-input": boolean; "dry-run": boolean },
  ): Promise<Outcome> {
    const { pairWithCoop } = await import("../app/pair-with-coop.ts");
    const { name, keyThumbprint, keyWords, coop } = await pairWithCoop({
      env: process.env,
      url,
      toolVersion: this.config.version,
      signal: this.signal,
      dryRun: flags["dry-run"],
      onCode: async (pairing) => {
        const { renderUnicodeCompact } = await import("uqr");
        if (process.stderr.isTTY)
          this.talk(renderUnicodeCompact(pairing.verificationUriComplete ?? pairing.verificationUri));
        this.talk(`Co-op: ${pairing.document.name}`);
        this.talk(`Its key: ${pairing.keyWords}\n         ${pairing.keyThumbprint}`);
        if (flags["dry-run"]) return;
        this.talk(`Open ${pairing.verificationUri} and type the code ${pairing.userCode}`);
        const minutes = Math.round((pairing.expiresMs - Date.now()) / 60_000);
        this.talk(`Waiting for the approval on that page, for ${minutes} min at most; Ctrl-C stops.`);
      },
      acceptKey: () => this.confirm("Does the page of the co-op show the same key words?", flags),
    });
    const lines = coop
      ? [
          `Paired with ${name} as member ${coop.member}. Its key: ${keyWords}.`,
          "Next: hearth split set PERCENT --payee ADDRESS",
        ]
      : [`Would pair with ${name}. Its key: ${keyWords}. Nothing was changed.`];
    return this.finish({
      data: { coop: name, keyThumbprint, keyWords, member: coop?.member ?? null },
      lines,
    });
  }
}
