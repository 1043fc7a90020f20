import { Flags } from "@oclif/core";
import type { HomeDiscovery, HomeMiner } from "../app/discover-home.ts";
import { BaseCommand, envName, type Outcome } from "../base-command.ts";
import { toCapabilityView } from "../model/miner-view.ts";
import { discoverTable } from "../text/table.ts";

export default class Discover extends BaseCommand {
  static override summary =
    "Find miners on the private networks of this machine, or at given addresses. Only reads are sent to them.";
  static override examples = [
    "<%= config.bin %> discover",
    "<%= config.bin %> discover --subnet 192.168.1.0/24",
    "<%= config.bin %> discover --host 192.168.1.44 --host 127.0.0.1:4028 --json",
    "<%= config.bin %> discover --wait 60",
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
    wait: Flags.integer({
      helpValue: "SECONDS",
      env: envName("wait"),
      min: 1,
      max: 600,
      description: "go on listening: press the IP-report button of the miner meanwhile",
    }),
    "allow-public": Flags.boolean({
      env: envName("allow-public"),
      description: "also ask a --host outside home networks",
    }),
  };

  async run(): Promise<Outcome> {
    const { flags } = await this.parse(Discover);
    const { discoverHome } = await import("../app/discover-home.ts");
    if (flags.wait !== undefined) {
      this.talk(`Listening for ${flags.wait} s: press the IP-report button of the miner. Ctrl-C stops.`);
    }
    const found = await discoverHome(process.env, {
      ...(flags.host ? { hosts: flags.host } : {}),
      ...(flags.subnet ? { subnets: flags.subnet } : {}),
      ...(flags.wait === undefined ? {} : { listenMs: flags.wait * 1000 }),
      allowPublic: flags["allow-public"],
      dryRun: flags["dry-run"],
      onFound: ({ identity, host, port }) => this.talk(`Found ${identity.model} at ${host}:${port}`),
      signal: this.signal,
    });
    return this.finish({ data: toDocument(found), lines: discoverTable(found), warnings: found.warnings });
  }
}

function toDocument({ miners, offline, locked }: HomeDiscovery) {
  return {
    miners: miners.map(toMinerDocument),
    offline,
    locked: locked.map(({ host, port, error }) => ({ host, port, code: error.code, message: error.message })),
  };
}

/** The reading shape of product.md §7. */
function toMinerDocument({ host, port, identity, capabilities, name, movedFrom, tier }: HomeMiner) {
  const { make, model, firmware, firmwareVersion, mac, serial, id } = identity;
  return {
    ...{ host, port, make, model, firmware, firmwareVersion, mac, serial, id },
    supported: true,
    tier,
    name,
    movedFrom,
    capabilities: capabilities === null ? null : toCapabilityView(capabilities),
  };
}
