import { Args, Flags } from "@oclif/core";
import { BaseCommand, envName, type Outcome } from "../../base-command.ts";
import { sourceRoles } from "../../model/source-config.ts";

export default class SourceAdd extends BaseCommand {
  static override summary =
    "Add a meter, inverter, battery, thermometer or price: by a template of its device, or by flags. It is read once first.";
  static override examples = [
    "<%= config.bin %> source add main --template shelly-gen1 --host 192.168.1.30 --role grid --set clamps=0:1",
    "<%= config.bin %> source add den --role room --zone den --url http://192.168.1.31/status --select tmp.value --unit C",
    "<%= config.bin %> source add attic --role outdoor --kind mqtt --host 192.168.1.5 --option mqtt.topic=zigbee2mqtt/attic --select temperature --unit C",
    "<%= config.bin %> source add sun --role pv --kind sunspec --host 192.168.1.40:1502 --option sunspec.part=inverter",
  ];
  static override args = { name: Args.string({ required: true, description: "a name of your own for it" }) };
  static override flags = {
    role: Flags.string({
      required: true,
      options: [...sourceRoles],
      env: envName("role"),
      description: "what it tells",
    }),
    template: Flags.string({
      helpValue: "NAME",
      env: envName("template"),
      description: "kind of device; hearth source probe HOST finds it",
    }),
    kind: Flags.string({
      helpValue: "KIND",
      exclusive: ["template"],
      description: "http (default), mqtt, modbus, exec, calc, homeassistant, sunspec",
    }),
    host: Flags.string({
      helpValue: "HOST[:PORT]",
      env: envName("host"),
      description: "where the device is",
    }),
    url: Flags.string({
      helpValue: "URL",
      env: envName("url"),
      description: "address to read; may hold {host} and {secret}",
    }),
    select: Flags.string({ helpValue: "PATH", description: "JMESPath of the number in the answer" }),
    unit: Flags.string({ helpValue: "UNIT", description: "unit of the number, as kW, F or %" }),
    zone: Flags.string({
      helpValue: "ZONE",
      env: envName("zone"),
      description: "the zone that a room's thermometer is in",
    }),
    invert: Flags.boolean({ description: "turn the sign round" }),
    every: Flags.integer({ helpValue: "SECONDS", min: 1, description: "time between reads" }),
    set: Flags.string({ helpValue: "KEY=VALUE", multiple: true, description: "a parameter of the template" }),
    option: Flags.string({
      helpValue: "FIELD=VALUE",
      multiple: true,
      description: "any field of the source, as modbus.address=40083 or max=9000",
    }),
    "secret-file": Flags.file({
      helpValue: "FILE",
      env: envName("secret-file"),
      description: "file with its password or token; kept as a secret",
    }),
    "allow-public": Flags.boolean({
      env: envName("allow-public"),
      description: "the address may lie outside home networks",
    }),
    untested: Flags.boolean({ description: "add it although it does not answer now" }),
  };

  async run(): Promise<Outcome> {
    const { args, flags } = await this.parse(SourceAdd);
    const { addSource } = await import("../../app/edit-sources.ts");
    const { entryFrom } = await import("../../app/source-entry.ts");
    const { readPasswordFile } = await import("../../app/password-file.ts");
    const { sourceReadingLines } = await import("../../text/source-lines.ts");
    const secret = readPasswordFile(flags["secret-file"]);
    const { entry, notes } = await entryFrom({
      name: args.name,
      role: flags.role,
      template: flags.template ?? null,
      kind: flags.kind ?? null,
      host: flags.host ?? null,
      set: flags.set ?? [],
      options: flags.option ?? [],
      fields: {
        ...given("url", flags.url),
        ...given("select", flags.select),
        ...given("unit", flags.unit),
        ...given("zone", flags.zone),
        ...given("every_s", flags.every),
        ...(flags.invert ? { invert: true } : {}),
        ...(flags["allow-public"] ? { allow_public: true } : {}),
      },
      hasSecret: secret !== null,
      isUntested: flags.untested,
      signal: this.signal,
    });
    const { source, reading, warnings } = await addSource({
      env: process.env,
      entry,
      secret,
      isUntested: flags.untested,
      dryRun: flags["dry-run"],
      signal: this.signal,
    });
    const done = `${source.name} ${flags["dry-run"] ? "would be" : "was"} added as ${source.role}`;
    const lines = [...(reading ? sourceReadingLines([reading]) : []), done, ...notes];
    const result = flags["dry-run"] ? "planned" : "added";
    const { name, role, kind, template } = source;
    return this.finish({
      data: { source: { name, role, kind, template }, reading, result },
      lines,
      warnings,
    });
  }
}

function given(key: string, value: string | number | undefined): Record<string, string | number> {
  return value === undefined ? {} : { [key]: value };
}
