import { Args, Flags } from "@oclif/core";
import { BaseCommand, envName, type Outcome } from "../../base-command.ts";

export default class SplitCheckAddress extends BaseCommand {
  static override summary =
    "Whether coins can be sent to a payout address: checksum, network and type, checked on this machine alone.";
  static override examples = [
    "<%= config.bin %> split check-address bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
    "<%= config.bin %> split check-address tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx --network testnet",
  ];
  static override args = { address: Args.string({ required: true, description: "the address" }) };
  static override flags = {
    network: Flags.string({
      env: envName("network"),
      options: ["mainnet", "testnet"],
      default: "mainnet",
      description: "network that it must belong to",
    }),
  };

  async run(): Promise<Outcome> {
    const { args, flags } = await this.parse(SplitCheckAddress);
    const { checkAddress } = await import("../../app/check-address.ts");
    const data = checkAddress(args.address, flags.network === "testnet" ? "testnet" : "mainnet");
    const [first = "", ...rest] = data.groups;
    const last = rest.pop() ?? "";
    const lines = data.valid
      ? [`A valid ${data.network} address (${data.type}): [${first}] ${rest.join(" ")} [${last}]`]
      : [`Not accepted: ${data.reason}`];
    return this.finish({ data, lines });
  }
}
