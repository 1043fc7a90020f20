import { describe, expect, it } from "vitest";
import { frameToken, md5crypt, seal, unseal } from "#src/miners/whatsminer-token.ts";
import { cryptHash, openSealed, sealText, sha256 } from "#src/sim/whatsminer-crypt.ts";

describe("tokens", () => {
  it.each([
    ["admin", "abcdefgh", "l/LAqC8oJERu7Cmx6trtY/"],
    ["admin", "$1$abcdefgh$", "l/LAqC8oJERu7Cmx6trtY/"],
    ["", "x", "fwjfZtMwarkdetsjiQreU1"],
    ["a longer password with ünicode of many letters", "BQ5hoXV9", "FHxOIRSB38VdaRKWO50RL/"],
    ["l/LAqC8oJERu7Cmx6trtY/7020", "jbzkfQls", ".ODjwOineQNhYG5HwNekC0"],
  ])("hash %j with salt %j as openssl does, in the driver and in the emulator", (password, salt, hash) => {
    expect(md5crypt(password, salt)).toBe(hash);
    expect(cryptHash(password, salt.replaceAll(/\$1\$|\$/g, ""))).toBe(hash);
  });

  it("of API v3 are the first letters of a hash", () => {
    expect(frameToken("set.miner.pools", "abcdefg", "QbVy1Ou3", 1_700_000_000).token).toBe("8XdQZJdP");
  });

  it.each(["", "a", "sixteen letters!", '{"cmd":"power_on","ü":1}'])("seal and open %j", (text) => {
    const key = sha256("key");

    expect(openSealed(Buffer.from(key), seal(key, text)) ?? "").toBe(text);
    expect(unseal(key, sealText(key, text))).toBe(text);
    expect(unseal(key, "no base64!")).toBeNull();
    expect(unseal(key, "YWJj")).toBeNull();
  });
});
