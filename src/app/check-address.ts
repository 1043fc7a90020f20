import { type AddressCheck, checkAddress as check } from "../settlement/payee.ts";

/** `hearth split check-address`: valid exactly when settlement.md §7 accepts it (interfaces.md §4). */
export function checkAddress(address: string, network: "mainnet" | "testnet"): AddressCheck {
  return check(address, network);
}
