import { Flags } from "@oclif/core";
import { discoverMiners, type FoundMiner } from "../app/discover.ts";
import { BaseCommand, envName, type Outcome } from "../base-command.ts";
import { discoverTable } from "../text/table.ts";

export default class Discover extends BaseCommand {
  static override summary =
    "Find miners on the private networks of this machine, or at given addresses. Changes nothing.";
  static override examples = [
    "<%= config.bin %> discover",
    "<%= config.bin %> discover --subnet 192.168.1.0/24",
    "<%= config.bin %> discover --host 192.168.1.44 --host 127.0.0.1:4028 --json",
  ];
  static override flags = {
    subnet: Flags.string({
      helpValue: "CIDR",
      multiple: true,
      env: envName("subnet"),
      description: "private range to scan, as 192.168.1.0/24",
    }),
    host: Flags.string({
      helpValue: "HOST[:PORT]",
      multiple: true,
      env: envName("host"),
      description: "HOST or HOST:PORT to ask, and no other",
    }),
  };

  async run(): Promise<Outcome> {
    const { flags } = await this.parse(Discover);
    const found = await discoverMiners({
      hosts: flags.host ?? [],
      subnets: flags.subnet ?? [],
      onFound: (miner) => this.talk(`Found ${miner.identity.model} at ${miner.host}:${miner.port}`),
      signal: this.signal,
    });
    const lines =
      found.length > 0
        ? discoverTable(found)
        : ["No miner answered. Try: hearth discover --host HOST[:PORT]"];
    return this.finish({ data: { miners: found.map(toDocument) }, lines });
  }
}

/** The reading shape of product.md §7. */
function toDocument(found: FoundMiner) {
  const { identity, capabilities } = found;
  return {
    host: found.host,
    port: found.port,
    make: identity.make,
    model: identity.model,
    firmware: identity.firmware,
    firmwareVersion: identity.firmwareVersion,
    mac: identity.mac,
    serial: identity.serial,
    supported: found.isSupported,
    capabilities:
      found.isSupported && capabilities
        ? {
            pause: capabilities.canPause,
            power: capabilities.power,
            split: capabilities.split,
            minW: capabilities.minW,
            maxW: capabilities.maxW,
            stepsW:
              capabilities.steps.length > 0 && capabilities.steps.every((step) => step.targetW !== null)
                ? capabilities.steps.map((step) => step.targetW)
                : null,
          }
        : null,
  };
}
