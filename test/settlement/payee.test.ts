import { createHash } from "node:crypto";
import { type bech32, bech32m, createBase58check } from "@scure/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkAddress, fullUser } from "#src/settlement/payee.ts";

const sha = (data: Uint8Array) => new Uint8Array(createHash("sha256").update(data).digest());
const base58 = (...bytes: number[]) => createBase58check(sha).encode(new Uint8Array(bytes));
const filled = (length: number) => new Array<number>(length).fill(7);
const segwit = (coder: typeof bech32 | typeof bech32m, version: number, length: number) =>
  coder.encode("bc", [version, ...coder.toWords(new Uint8Array(filled(length)))]);

const MAINNET: [string, string][] = [
  ["1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "p2pkh"],
  ["3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "p2sh"],
  ["bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "p2wpkh"],
  ["BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "p2wpkh"],
  ["bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3", "p2wsh"],
  ["bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "p2tr"],
];

const TESTNET: [string, string][] = [
  ["tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "p2wpkh"],
  ["tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy", "p2wsh"],
  ["tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c", "p2tr"],
  [base58(0x6f, ...filled(20)), "p2pkh"],
  [base58(0xc4, ...filled(20)), "p2sh"],
];

describe("a payout address", () => {
  it.each(MAINNET)("%s is %s on mainnet and refused on testnet", (address, type) => {
    expect(checkAddress(address, "mainnet")).toMatchObject({
      valid: true,
      type,
      network: "mainnet",
      reason: null,
    });
    expect(checkAddress(address, "testnet")).toMatchObject({ valid: false, type: null, network: "mainnet" });
  });

  it.each(TESTNET)("%s is %s on testnet and refused on mainnet", (address, type) => {
    expect(checkAddress(address, "testnet")).toMatchObject({ valid: true, type, network: "testnet" });
    expect(checkAddress(address, "mainnet")).toMatchObject({ valid: false, network: "testnet" });
  });

  it("is shown in groups of four", () => {
    const { groups } = checkAddress(" bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq ", "mainnet");
    expect(groups.slice(0, 2)).toEqual(["bc1q", "ar0s"]);
    expect(groups.at(-1)).toBe("dq");
  });

  const refusals: [string, string, RegExp][] = [
    ["nothing", "", /no address/],
    ["mixed case", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdQ", /upper and lower/],
    ["Bech32 on version 1", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", /wrong kind/],
    ["Bech32m on version 0", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", /wrong kind/],
    ["a version 0 of 16 bytes", "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", /no payout address/],
    ["a version 1 of 40 bytes", segwit(bech32m, 1, 40), /no payout address/],
    ["a pay-to-anchor output", "bc1pfeessrawgf", /no payout address/],
    ["a program of one byte", "bc1pw5dgrnzv", /no address/],
    ["an empty program", "bc1gmk9yu", /no address/],
    ["a wrong letter", "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4", /checksum/],
    ["too much padding", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf", /./],
    ["version 17", "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", /./],
    ["regtest", "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", /local test network/],
    ["another coin", "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", /./],
    ["another base58 version", base58(0x30, ...filled(20)), /another network/],
    ["a private key", base58(0x80, ...filled(32), 1), /private key/],
    ["a testnet private key", base58(0xef, ...filled(32)), /private key/],
    ["a private key in hex", "ab".repeat(32), /private key/],
    ["an extended key", base58(0x04, 0x88, 0xb2, 0x1e, ...filled(74)), /extended key/],
    ["an invoice", "lnbc2500u1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqf", /invoice/],
    ["an offer", "lno1pqps7sjqpgtyzm3qv4uxzmtsd3jjqer9wd3hy6tsw35k7msjzfpy7nz5yqcny", /offer/],
    ["an e-mail address", "member@coop.example", /e-mail/],
    ["a payment link", "bitcoin:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", /payment link/],
    ["a blank inside", "bc1qar0srrr7 xfkvy5l643lydnw9re59gtzzwf5mdq", /blanks/],
    ["an endless text", "1".repeat(5000), /too long/],
  ];
  it.each(refusals)("is refused for %s and never repeated", (_name, text, reason) => {
    const check = checkAddress(text, "mainnet");
    expect(check).toMatchObject({ valid: false, type: null, groups: [] });
    expect(check.reason).toMatch(reason);
    if (text.length > 10) expect(check.reason).not.toContain(text.slice(0, 12));
  });

  it.each([2, 3, 15, 16])("is refused for the undefined witness version %d", (version) => {
    expect(checkAddress(segwit(bech32m, version, 32), "mainnet").reason).toMatch(/anybody could take/);
  });

  it("is refused for every single wrong character", () => {
    const letters = "023456789acdefghjklmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ1bio";
    fc.assert(
      fc.property(
        fc.constantFrom(...MAINNET.map(([address]) => address)),
        fc.nat(70),
        fc.constantFrom(...letters),
        (address, at, letter) => {
          fc.pre(at < address.length && address.charAt(at) !== letter);
          const wrong = address.slice(0, at) + letter + address.slice(at + 1);
          expect(checkAddress(wrong, "mainnet").valid).toBe(false);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("never throws on any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !checkAddress(text, "mainnet").valid));
  });
});

describe("the full user", () => {
  it("joins payee and worker", () => {
    expect(fullUser("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "7k3q9d2z01")).toBe(
      "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq.7k3q9d2z01",
    );
  });

  it("is refused when the firmware would cut it, unless the family takes more", () => {
    const taproot = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0";
    expect(() => fullUser(taproot, "7k3q9d2z01")).toThrow(
      expect.objectContaining({ code: "USER_TOO_LONG", exit: 2 }),
    );
    expect(fullUser(taproot, "7k3q9d2z01", 127)).toHaveLength(73);
  });
});
