import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkCharacter, isMemberCode, parseMemberCode, workerName } from "#src/settlement/worker-code.ts";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const code7 = fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 7, maxLength: 7 });

describe("member codes", () => {
  it.each([
    ["7k3q9d2", "z"],
    ["0000000", "0"],
    ["hq4m8tz", "1"],
    ["zzzzzzz", "7"],
  ])("%s has the check character %s", (code, expected) => {
    expect(checkCharacter(code)).toBe(expected);
  });

  it("are read in any case, with look-alike letters, blanks and dashes", () => {
    expect(parseMemberCode(" 7K3Q-9D2Z ")).toBe("7k3q9d2z");
    expect(parseMemberCode("OOOO0000")).toBe("00000000");
    expect(parseMemberCode("HQ4M8TZI")).toBe("hq4m8tz1");
    expect(parseMemberCode("hq4m8tzL")).toBe("hq4m8tz1");
  });

  it.each(["", "7k3q9d2", "7k3q9d2zz", "7k3q9d2y", "7u3q9d2z", "7k3q9d2z\u0000"])("refuse %j", (text) => {
    expect(parseMemberCode(text)).toBeNull();
  });

  it("find every single wrong character", () => {
    fc.assert(
      fc.property(code7, fc.nat(7), fc.constantFrom(...ALPHABET), (code, at, wrong) => {
        const member = code + checkCharacter(code);
        fc.pre(member.charAt(at) !== wrong);
        expect(isMemberCode(member)).toBe(true);
        expect(isMemberCode(member.slice(0, at) + wrong + member.slice(at + 1))).toBe(false);
      }),
    );
  });

  it("are only the exact form", () => {
    expect(isMemberCode("7K3Q9D2Z")).toBe(false);
  });
});

describe("worker names", () => {
  it("add two digits for the device", () => {
    expect(workerName("7k3q9d2z", 1)).toBe("7k3q9d2z01");
    expect(workerName("7k3q9d2z", 42)).toBe("7k3q9d2z42");
  });

  it.each([0, 100, 1.5, Number.NaN])("refuse the device %d", (index) => {
    expect(() => workerName("7k3q9d2z", index)).toThrow(RangeError);
  });

  it("refuse a wrong member code", () => {
    expect(() => workerName("7k3q9d2y", 1)).toThrow(RangeError);
  });
});
