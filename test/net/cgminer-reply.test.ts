import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCgminerReply } from "#src/net/cgminer-reply.ts";

const STATUS = '"STATUS":[{"STATUS":"S","When":1763700012,"Code":11,"Msg":"ok"}]';
const parse = (text: string) => parseCgminerReply(text, "192.0.2.7:4028");

describe("the twenty malformed answers of the field", () => {
  it("1 drops the NUL at the end, with a line feed behind it and inside", () => {
    for (const tail of ["\0", "\0\n", " \0\0"]) {
      expect(parse(`{${STATUS},"SUM\0MARY":[{"Elapsed":1}],"id":1}${tail}`).sections["SUMMARY"]).toEqual([
        { Elapsed: 1 },
      ]);
    }
  });

  it("2 puts the comma between objects, 3 drops the one after a bracket", () => {
    expect(
      parse(`{${STATUS},"STATS":[{"BMMiner":"1.0.0"}{"STATS":0,"Elapsed":50}]}`).sections["STATS"],
    ).toEqual([{ BMMiner: "1.0.0" }, { STATS: 0, Elapsed: 50 }]);
    expect(parse(`{${STATUS},"STATS":[,{"STATS":0}]}`).sections["STATS"]).toEqual([{ STATS: 0 }]);
  });

  it("4 drops the comma before a closing bracket", () => {
    expect(parse(`{${STATUS},"DEVS":[{"Voltage":1180,},]}`).sections["DEVS"]).toEqual([{ Voltage: 1180 }]);
  });

  it("5 puts the comma between a text and the next key", () => {
    expect(parse(`{${STATUS},"A":[{"hash-sn":"BKM3""temp0":61.5}]}`).sections["A"]).toEqual([
      { "hash-sn": "BKM3", temp0: 61.5 },
    ]);
  });

  it("6 keeps raw line feeds inside a text", () => {
    expect(parse('{"STATUS":[{"STATUS":"I","Code":118,"Msg":"line\none\ttwo"}]}').message).toBe(
      "line\none\ttwo",
    );
  });

  it("7 turns nan and inf into null, and leaves a worker of that name alone", () => {
    const reply = parse(
      `{${STATUS},"DEVS":[{"Temperature":"nan","MHS 5s":"inf","MHS av":nan,"User":"nan"}]}`,
    );

    expect(reply.sections["DEVS"]).toEqual([
      { Temperature: null, "MHS 5s": null, "MHS av": null, User: "nan" },
    ]);
  });

  it("8 takes the tail of an answer as an empty one", () => {
    expect(parse(',"id":1}')).toMatchObject({ status: "NO_REPLY", sections: {} });
  });

  it("9 leaves out what was cut off and says so", () => {
    const reply = parse(`{${STATUS},"ERRORS":[{"a":1,"b":2},{"a":3,"b":4`);

    expect(reply.isPartial).toBe(true);
    expect(reply.sections["ERRORS"]).toEqual([{ a: 1, b: 2 }, { a: 3 }]);
  });

  it("10 reads an array that is written like an object", () => {
    const text = `{${STATUS},"Msg2":{"error_code":["110":"2024-06-15 09:15:00","218":"2024-06-15 10:30:00"]}}`;

    expect(parse(text).sections["Msg2"]).toEqual({
      error_code: { "110": "2024-06-15 09:15:00", "218": "2024-06-15 10:30:00" },
    });
  });

  it("11 knows a board whose mining process is down", () => {
    expect(() => parse("Socket connect failed: Connection refused\n")).toThrow(
      expect.objectContaining({ code: "MINER_BACKEND_DOWN", exit: 3 }),
    );
  });

  it("12 and 13 take off the wrapper of a callback", () => {
    expect(parse(`minerinfoCallback({${STATUS},"A":1});`).sections).toEqual({ A: 1 });
    expect(parse(`getCookieCallback ({ ${STATUS}, "A":"b", });`).sections).toEqual({ A: "b" });
  });

  it("14 asks for a login where a login page came, and calls other pages unreadable", () => {
    expect(() => parse('<html><form><input type="password"></form></html>')).toThrow(
      expect.objectContaining({ code: "MINER_AUTH_REQUIRED", exit: 5 }),
    );
    expect(() => parse("<!DOCTYPE html><p>Welcome</p>")).toThrow(
      expect.objectContaining({ code: "MINER_BAD_ANSWER", exit: 3 }),
    );
  });

  it("15 tells that nothing came", () => {
    expect(parse("")).toMatchObject({ status: "NO_REPLY" });
    expect(parse("\0")).toMatchObject({ status: "NO_REPLY" });
  });

  it("16 merges objects that stand back to back", () => {
    expect(parse(`{${STATUS},"A":[1]}{"B":[2],"id":1}`).sections).toEqual({ A: [1], B: [2] });
  });

  it("17 brings misspelt names to the usual ones", () => {
    expect(
      parse(`{${STATUS},"A":[{"Tenperature":61,"Long Pool":"N","Pool Stale%%":1}]}`).sections["A"],
    ).toEqual([{ Temperature: 61, "Long Poll": "N", "Pool Stale%": 1 }]);
  });

  it("18 and 19 read a bare status, with a message of text or data", () => {
    expect(parse('{"STATUS":"RESTART"}').status).toBe("RESTART");
    expect(parse('{"STATUS":"S","When":5,"Code":131,"Msg":"ok"}')).toMatchObject({
      code: 131,
      message: "ok",
      when: 5,
    });
    expect(parse('{"STATUS":"S","Code":131,"Msg":{"mac":"a"}}').sections).toEqual({ Msg: { mac: "a" } });
  });

  it("20 strips quotes inside the quotes", () => {
    expect(parse(`{${STATUS},"A":[{"Firmware Version":"'20220919.15.REL'"}]}`).sections["A"]).toEqual([
      { "Firmware Version": "20220919.15.REL" },
    ]);
  });

  it("never touches text that only looks malformed", () => {
    const user = "a}{b,}[,]";
    const reply = parse(`{${STATUS},"POOLS":[{"User":"${user}",}{"User":"x"}]}`);

    expect(reply.sections["POOLS"]).toEqual([{ User: user }, { User: "x" }]);
  });

  it("keeps every digit of long numbers", () => {
    expect(parse(`{${STATUS},"A":[{"Best Share":12345678901234567890}]}`).sections["A"]).toEqual([
      { "Best Share": "12345678901234567890" },
    ]);
    expect(parse(`{${STATUS},"A":[{"Best Share":12345678901234567890,}]}`).sections["A"]).toEqual([
      { "Best Share": "12345678901234567890" },
    ]);
  });
});

describe("the text form", () => {
  it("reads values with spaces and colons", () => {
    const reply = parse(
      "STATUS=S,When=1742265580,Code=22,Msg=CGMiner versions,Description=cgminer 4.11.1|VERSION,CGMiner=4.11.1,API=3.7,PROD=Avalon Mini3,MODEL=Mini3,MAC=e0e1a93e2c7d|\0",
    );

    expect(reply).toMatchObject({ status: "S", code: 22, when: 1742265580, isPartial: false });
    expect(reply.sections["VERSION"]).toEqual([
      { CGMiner: "4.11.1", API: "3.7", PROD: "Avalon Mini3", MODEL: "Mini3", MAC: "e0e1a93e2c7d" },
    ]);
  });

  it("keeps bars and commas that belong to a message", () => {
    const help =
      "STATUS=I,When=5,Code=118,Msg=ASC 0 set info: help|fan-spd, auto|softon|softoff|,Description=x|";

    expect(parse(help).message).toBe("ASC 0 set info: help|fan-spd, auto|softon|softoff|");
  });

  it("keeps the commas of a bracket field", () => {
    const text =
      "STATUS=S,Code=70,Msg=a|STATS=0,ID=AVALON0,MM ID0=Ver[Mini3-1] SYSTEMSTATU[Work: In Work, Hash Board: 1]|";

    expect(parse(text).sections["STATS"]).toEqual([
      { STATS: "0", ID: "AVALON0", "MM ID0": "Ver[Mini3-1] SYSTEMSTATU[Work: In Work, Hash Board: 1]" },
    ]);
  });

  it("reads the refusals of the firmware", () => {
    const refusal =
      "STATUS=E,When=1763702100,Code=120,Msg=ASC 0 set failed: current mode 1 is caling Don't permit switch mode,Description=cgminer 4.11.1|";

    expect(parse(refusal)).toMatchObject({ status: "E", code: 120 });
  });
});

describe("joined answers", () => {
  it("lays the sections side by side and takes the worst status", () => {
    const reply = parse(
      '{"version":[{"STATUS":[{"STATUS":"S","Code":22,"Msg":"v"}],"VERSION":[{"API":"3.7"}],"id":1}],"x":[{"STATUS":[{"STATUS":"E","Code":14,"Msg":"Invalid command"}],"id":1}],"id":1}',
    );

    expect(reply).toMatchObject({ status: "E", code: 14, sections: { VERSION: [{ API: "3.7" }] } });
  });
});

describe("errors", () => {
  it("show the start of the answer without passwords", () => {
    const text = `garbage "Password":"hunter2","stratumPassword":"hunter3",Password=hunter4,${"y".repeat(600)}`;

    expect(() => parse(text)).toThrow(/garbage/);
    expect(() => parse(text)).not.toThrow(/hunter/);
  });

  it("show no part of a password that holds blanks", () => {
    for (const text of [
      "garbage Password=hunter2 and hunter3,Status=Alive",
      "garbage 'pass': 'hunter2 and hunter3'",
      "garbage passphrase=hunter2 and hunter3|",
    ]) {
      expect(() => parse(text)).toThrow(/garbage/);
      expect(() => parse(text)).not.toThrow(/hunter/);
    }
  });

  it("end garbage of any kind as a typed error or an answer, never otherwise", () => {
    const pieces = fc.constantFrom(
      '{"',
      '":',
      "[",
      "]",
      "{",
      "}",
      ",",
      "\0",
      '"STATUS"',
      '"S"',
      "nan",
      "1e9",
      "\\",
      "(",
      ");",
      "|",
      "=",
      "STATUS=",
      "\n",
      '"',
      "é",
      "<html",
      "'",
    );
    const text = fc.oneof(
      fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join("")),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(text, (raw) => {
        try {
          expect(typeof parse(raw).status).toBe("string");
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^MINER_/) });
        }
      }),
      { numRuns: 5000 },
    );
  });

  it("read every cut of a good answer as partial, or refuse it, and never invent a value", () => {
    const whole = `{${STATUS},"POOLS":[{"URL":"a","Accepted":12345},{"URL":"b","Accepted":67890}],"id":1}`;
    const known = new Set(["a", "b", 12345, 67890]);
    for (let length = 1; length < whole.length; length++) {
      try {
        const reply = parse(whole.slice(0, length));
        expect(reply.isPartial).toBe(true);
        for (const pool of (reply.sections["POOLS"] ?? []) as Record<string, never>[]) {
          expect(Object.values(pool).every((value) => known.has(value))).toBe(true);
        }
      } catch (error) {
        expect(error).toMatchObject({ code: "MINER_BAD_ANSWER" });
      }
    }
  });

  it("refuse deep nesting and do not stall on a megabyte of brackets", () => {
    for (const text of [
      "[".repeat(1_000_000),
      `a(${") ".repeat(400_000)}`,
      `STATUS=${",a".repeat(400_000)}`,
    ]) {
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^MINER_/) }));
    }
  });
});
