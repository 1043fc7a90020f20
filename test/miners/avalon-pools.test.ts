import { describe, expect, it } from "vitest";
import { accessError, unreachableError } from "#src/model/errors.ts";
import type { PoolTarget } from "#src/model/miner.ts";
import { never, no, ok, unit } from "./avalon-unit.ts";

const target: PoolTarget = {
  ...{ url: "stratum+tcp://c.example:3", user: "c.w", password: "x" },
  ...{ role: "coop", sharePpm: null },
};
const spare: PoolTarget = { ...target, url: "stratum+tcp://d.example:4", user: "d.w" };
const NANO3 = { folder: "avalon/nano3-24071801", word: "nano3" };
const noSwitch = (line: string) =>
  line === "check|switchpool" ? ok("c", ',"CHECK":[{"Exists":"N","Access":"N"}]') : null;

describe("choosing a pool", () => {
  it("is a switch at run time, and none when the wanted one works already", async () => {
    const { link, capabilities } = unit();
    const { actions } = await capabilities();

    await expect(actions.selectPool?.(1, never)).resolves.toBe("effective");
    await expect(actions.selectPool?.(1, never)).resolves.toBe("effective");
    expect(link.written).toEqual(["switchpool|1"]);
    link.asked.length = 0;
    await expect(actions.selectPool?.(5, never)).rejects.toMatchObject({ code: "MINER_POOL_UNKNOWN" });
    expect(link.asked).toEqual(["pools"]);
  });

  it("that is answered and forgotten is rejected", async () => {
    const { capabilities } = unit((line) => (line === "switchpool|1" ? ok("Switching to pool 1") : null));

    await expect((await capabilities()).actions.selectPool?.(1, never)).resolves.toBe("rejected");
  });

  it("that is forgotten is rejected also where the wanted one still holds an old connection", async () => {
    const row = (index: number) =>
      `{"POOL":${index},"URL":"stratum+tcp://a.example:${index}","User":"u","Password":"p","Priority":${index},"Stratum Active":true}`;
    const { link, capabilities } = unit((line) => {
      if (line === "switchpool|1") return ok("Switching to pool 1");
      return line === "pools" ? ok("p", `,"POOLS":[${row(0)},${row(1)}]`) : null;
    });

    await expect((await capabilities()).actions.selectPool?.(1, never)).resolves.toBe("rejected");
    expect(link.written).toHaveLength(1);
  });

  it("of one that is first in line and not connected yet is pending", async () => {
    let isFirst = false;
    const row = (index: number, priority: number) =>
      `{"POOL":${index},"URL":"stratum+tcp://a.example:${index}","User":"u","Password":"p","Priority":${priority},"Stratum Active":false}`;
    const { capabilities } = unit((line) => {
      if (line === "switchpool|1") isFirst = true;
      const rows = [row(0, isFirst ? 1 : 0), row(1, isFirst ? 0 : 1)].join(",");
      return line === "pools" ? ok("p", `,"POOLS":[${rows}]`) : null;
    });

    await expect((await capabilities()).actions.selectPool?.(1, never)).resolves.toBe("pending");
  });

  it("changes its place and restarts the unit where it cannot switch", async () => {
    const { link, capabilities } = unit(noSwitch);

    await expect((await capabilities()).actions.selectPool?.(1, never)).resolves.toBe("pending");
    expect(link.written).toEqual([
      "setpool|root,root,0,stratum+tcp://b.example:2,u.w,p",
      "setpool|root,root,1,stratum+tcp://a.example:1,u.w,p",
      "ascset|0,reboot,0",
    ]);
  });

  it("whose new order is stored is not called rejected where the restart is refused", async () => {
    const { capabilities } = unit((line) => (line.includes("reboot") ? no("reboot value") : noSwitch(line)));

    await expect((await capabilities()).actions.selectPool?.(1, never)).resolves.toBe("unknown");
  });

  it("is not done with a password that is made up", async () => {
    const { link, capabilities } = unit((line) =>
      line === "pools"
        ? ok(
            "p",
            ',"POOLS":[{"POOL":0,"URL":"a.example:1","User":"u"},{"POOL":1,"URL":"b.example:2","User":"u"}]',
          )
        : noSwitch(line),
    );

    await expect((await capabilities()).actions.selectPool?.(1, never)).rejects.toMatchObject({
      code: "MINER_INCOMPLETE",
    });
    expect(link.written).toEqual([]);
  });
});

describe("writing pools", () => {
  it("goes slot by slot with the factory password, and waits for a restart", async () => {
    const { link, capabilities } = unit();

    await expect((await capabilities()).actions.writePools?.([target, spare], never)).resolves.toBe(
      "pending",
    );
    expect(link.written).toEqual([
      "setpool|root,root,0,stratum+tcp://c.example:3,c.w,x",
      "setpool|root,root,1,stratum+tcp://d.example:4,d.w,x",
    ]);
  });

  it("leaves no slot to a pool that nobody asked for", async () => {
    const { link, capabilities } = unit();

    await expect((await capabilities()).actions.writePools?.([target], never)).resolves.toBe("pending");
    expect(link.written).toEqual([
      "setpool|root,root,0,stratum+tcp://c.example:3,c.w,x",
      "setpool|root,root,1,stratum+tcp://c.example:3,c.w,x",
    ]);
  });

  it("sends nothing for pools that stand there already", async () => {
    const { link, pools, capabilities } = unit();
    const same = pools.map((pool): PoolTarget => ({ ...pool, role: "member", sharePpm: null }));

    await expect((await capabilities()).actions.writePools?.(same, never)).resolves.toBe("effective");
    expect(link.written).toEqual([]);
  });

  it("is effective where the unit shows what it stored", async () => {
    const { pools, capabilities } = unit((line) => {
      const [, slot, url, user, password] = /^setpool\|root,root,(\d),([^,]*),([^,]*),(.*)$/.exec(line) ?? [];
      if (slot === undefined) return null;
      pools[Number(slot)] = { url: url ?? "", user: user ?? "", password: password ?? "" };
      return ok("done");
    });

    await expect((await capabilities()).actions.writePools?.([target, spare], never)).resolves.toBe(
      "effective",
    );
  });

  it("of a Nano 3 sends a voucher made from the hash of the password", async () => {
    const { link, capabilities } = unit(() => null, NANO3);
    const { actions } = await capabilities({ password: "hunter2" });

    await expect(actions.writePools?.([target], never)).resolves.toBe("pending");
    expect(link.written[0]).toBe(
      "setpool|root,ff0000fff52fbd32b2b3b86ff88ef6c4,0,stratum+tcp://c.example:3,c.w,x",
    );
  });

  it("reads a yes with raw line feeds and the password in it, and passes none of it on", async () => {
    const echo =
      '{"STATUS":[{"STATUS":"S","When":1763701260,"Code":119,"Msg":"\npool 0 success set to stratum+tcp://c.example:3\nworker is c.w\nworkerpassword is x9secret\nPlease reboot miner to make config work.\n"}],"id":1}';
    const { capabilities } = unit((line) => (line.startsWith("setpool") ? echo : null));
    const secret = { ...target, password: "x9secret" };

    await expect((await capabilities()).actions.writePools?.([secret, secret], never)).resolves.toBe(
      "pending",
    );
  });

  it("never lets shares fall together to one pool: they are refused before anything is sent", async () => {
    const { link, capabilities } = unit();
    const { actions } = await capabilities();
    link.asked.length = 0;

    const shared = [target, target].map((pool) => ({ ...pool, sharePpm: 500_000 }));
    await expect(actions.writePools?.(shared, never)).rejects.toMatchObject({ code: "SPLIT_UNSUPPORTED" });
    expect(link.asked).toEqual([]);
  });

  it("refuses commas and line feeds before anything is sent", async () => {
    for (const user of ["a,b", "a|b", "a\nb", "a\0b"]) {
      const { link, capabilities } = unit();
      const { actions } = await capabilities();
      link.asked.length = 0;
      await expect(actions.writePools?.([{ ...target, user }], never)).rejects.toMatchObject({
        code: "POOL_TEXT_INVALID",
      });
      expect(link.asked).toEqual([]);
    }
  });

  it("is absent where the unit says that it has no such command", async () => {
    const { capabilities } = unit((line) =>
      line.startsWith("check") ? ok("c", ',"CHECK":[{"Exists":"N","Access":"N"}]') : null,
    );

    expect((await capabilities()).actions).not.toHaveProperty("writePools");
  });

  it.each([
    ["the first", 0, "rejected"],
    ["the second", 1, "unknown"],
  ])("with a no to %s slot is not taken for more than it is", async (_, slot, expected) => {
    const { link, capabilities } = unit((line) =>
      line.startsWith(`setpool|root,root,${slot}`) ? no("The pool url length is too long.") : null,
    );

    await expect((await capabilities()).actions.writePools?.([target, spare], never)).resolves.toBe(expected);
    expect(link.written).toHaveLength(slot + 1);
  });

  it.each([
    ["no connection for", unreachableError("MINER_UNREACHABLE", "gone")],
    ["another device at", accessError("MINER_IDENTITY_CHANGED", "who is that")],
    ["a refused password for", no("Pool set error: userpass err")],
    ["silence to", ""],
  ])("with %s the second slot is not called unchanged", async (_, answer) => {
    const { link, capabilities } = unit((line) => (line.startsWith("setpool|root,root,1") ? answer : null));

    await expect((await capabilities()).actions.writePools?.([target, spare], never)).resolves.toBe(
      "unknown",
    );
    expect(link.written).toHaveLength(2);
  });

  it("with only its first slot stored is remembered as one that waits for a restart", async () => {
    let isGone = true;
    const { link, pools, capabilities } = unit((line) =>
      isGone && line.startsWith("setpool|root,root,1") ? unreachableError("MINER_UNREACHABLE", "gone") : null,
    );
    const { actions } = await capabilities();
    const same = pools.map((pool): PoolTarget => ({ ...pool, role: "member", sharePpm: null }));

    await actions.writePools?.([target, spare], never);
    isGone = false;
    link.written.length = 0;
    await expect(actions.writePools?.(same, never)).resolves.toBe("effective");
    expect(link.written).toHaveLength(2);
  });

  it("that is cut off in the middle is remembered as one that may wait for a restart", async () => {
    const cut = new AbortController();
    let isCut = false;
    const { link, pools, capabilities } = unit((line) => {
      if (isCut || !line.startsWith("setpool")) return null;
      isCut = true;
      cut.abort();
      return new DOMException("stopped", "AbortError");
    });
    const { actions } = await capabilities();
    const same = pools.map((pool): PoolTarget => ({ ...pool, role: "member", sharePpm: null }));

    await expect(actions.writePools?.([target, spare], cut.signal)).rejects.toThrow("aborted");
    link.written.length = 0;
    await expect(actions.writePools?.(same, never)).resolves.toBe("effective");
    expect(link.written).toHaveLength(2);
  });

  it("with a lost answer is unknown, and not sent again", async () => {
    const { link, capabilities } = unit((line) =>
      line.startsWith("setpool") ? unreachableError("MINER_CUT_ANSWER", "lost") : null,
    );

    await expect((await capabilities()).actions.writePools?.([target], never)).resolves.toBe("unknown");
    expect(link.written).toHaveLength(1);
  });
});

describe("pools that wait for a restart", () => {
  const memory = () => {
    const notes = new Map<string, unknown>();
    return {
      get: (key: string) => notes.get(key),
      set: (key: string, value: unknown) => void notes.set(key, value),
    };
  };

  it("are written over whole, also by what stands at work", async () => {
    const { link, pools, capabilities } = unit();
    const kept = memory();
    const same = pools.map((pool): PoolTarget => ({ ...pool, role: "member", sharePpm: null }));

    await (await capabilities({ memory: kept })).actions.writePools?.([target, spare], never);
    link.written.length = 0;
    // Another run of the program, with the same notes.
    const { actions } = await capabilities({ memory: kept });
    await expect(actions.writePools?.(same, never)).resolves.toBe("effective");
    await expect(actions.writePools?.(same, never)).resolves.toBe("effective");

    expect(link.written).toEqual([
      "setpool|root,root,0,stratum+tcp://a.example:1,u.w,p",
      "setpool|root,root,1,stratum+tcp://b.example:2,u.w,p",
    ]);
  });

  it("are not lost under an order of the ones at work", async () => {
    const { link, capabilities } = unit(noSwitch);
    const { actions } = await capabilities();
    await actions.writePools?.([target, spare], never);

    await expect(actions.selectPool?.(1, never)).rejects.toMatchObject({
      code: "MINER_INCOMPLETE",
      hint: expect.stringContaining("Restart"),
    });
    await actions.restart?.(never);
    link.written.length = 0;
    await expect(actions.selectPool?.(1, never)).resolves.toBe("pending");
    expect(link.written.at(-1)).toBe("ascset|0,reboot,0");
  });

  it("are forgotten once they are at work", async () => {
    const { pools, link, capabilities } = unit(noSwitch);
    const { actions } = await capabilities();
    await actions.writePools?.([target, spare], never);
    pools.splice(0, 2, target, spare);
    link.written.length = 0;

    await expect(actions.writePools?.([target, spare], never)).resolves.toBe("effective");
    expect(link.written).toEqual([]);
  });

  it("are none after a refused password", async () => {
    let isRefusing = true;
    const { link, pools, capabilities } = unit((line) =>
      isRefusing && line.startsWith("setpool") ? no("userpass err") : null,
    );
    const { actions } = await capabilities();
    const same = pools.map((pool): PoolTarget => ({ ...pool, role: "member", sharePpm: null }));

    await expect(actions.writePools?.([target], never)).rejects.toMatchObject({
      code: "MINER_PASSWORD_WRONG",
    });
    isRefusing = false;
    await expect(actions.writePools?.(same, never)).resolves.toBe("effective");
    expect(link.written).toHaveLength(1);
  });
});

describe("the password of its page", () => {
  it.each(["userpass err", "username err"])("is tried once, and not shown (%s)", async (words) => {
    const { link, capabilities } = unit((line) =>
      line.startsWith("setpool") ? no(`${words} hunter2`) : null,
    );
    const { actions } = await capabilities({ password: "hunter2" });

    for (let turn = 0; turn < 2; turn++) {
      await expect(actions.writePools?.([target, spare], never)).rejects.toMatchObject({
        code: "MINER_PASSWORD_WRONG",
        exit: 5,
        message: expect.not.stringContaining("hunter2"),
      });
    }
    expect(link.written).toHaveLength(1);
  });

  it("is tried again after a quarter of an hour", async () => {
    const { link, capabilities } = unit((line) => (line.startsWith("setpool") ? no("userpass err") : null));
    const { actions } = await capabilities();

    await expect(actions.writePools?.([target], never)).rejects.toThrow("the factory's password");
    link.pace.slept += 900_000;
    await expect(actions.writePools?.([target], never)).rejects.toThrow("the factory's password");
    expect(link.written).toHaveLength(2);
  });

  it("with a comma cannot be sent, and says so without showing it", async () => {
    const { link, capabilities } = unit();
    const { actions } = await capabilities({ password: "a,b" });

    await expect(actions.writePools?.([target], never)).rejects.toMatchObject({
      code: "MINER_PASSWORD_UNUSABLE",
      exit: 2,
      message: expect.not.stringContaining("a,b"),
    });
    expect(link.written).toEqual([]);
  });
});
