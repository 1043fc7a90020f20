import { describe, expect, it } from "vitest";
import { createLuxosDriver } from "#src/miners/luxos.ts";
import { groupsOf, sharesOf, toWantedGroups, weightsOf } from "#src/miners/luxos-groups.ts";
import { writeLuxosPools } from "#src/miners/luxos-pools.ts";
import type { PoolTarget } from "#src/model/miner.ts";
import { scripted, sections } from "./fixtures.ts";

const never = new AbortController().signal;

type Row = Record<string, unknown>;

const yes = (rest: Row = {}) => ({ STATUS: [{ STATUS: "S", Code: 1, Msg: "ok" }], ...rest });
const no = (code = 14) => JSON.stringify({ STATUS: [{ STATUS: "E", Code: code, Msg: "no" }], id: 1 });

/** Groups as `{ id: [quota, ...pools] }`, pools as `host/user`. */
type Layout = Record<number, [quota: number, ...pools: string[]]>;

/**
 * The pools of a device in memory; ids are used again, the first group cannot be removed. `movesUp`: what stands
 * behind a removed pool gets a lower number.
 */
function device(
  layout: Layout,
  special?: (line: string) => string | undefined,
  { isLiar = false, movesUp = false } = {},
) {
  const state = {
    groups: [] as { id: number; name: string; quota: number }[],
    pools: [] as { id: number; group: number; url: string; user: string }[],
  };
  const freeId = (rows: { id: number }[]) => {
    let id = 0;
    while (rows.some((row) => row.id === id)) id += 1;
    return id;
  };
  for (const [id, [quota, ...pools]] of Object.entries(layout)) {
    state.groups.push({ id: Number(id), name: "same", quota });
    for (const pool of pools) {
      const [host, user = ""] = pool.split("/");
      const url = `stratum+tcp://${host}.example:3333`;
      state.pools.push({ id: freeId(state.pools), group: Number(id), url, user });
    }
  }
  const apply = (command: string, fields: string[]): boolean => {
    const id = Number(fields[0]);
    const group = state.groups.find((row) => row.id === id);
    const { pools } = state;
    if (command === "addgroup") {
      state.groups.push({ id: freeId(state.groups), name: fields[0] ?? "", quota: Number(fields[1]) });
    } else if (command === "groupquota" && group) group.quota = Number(fields[1]);
    else if (command === "removepool") {
      state.pools = pools.filter((row) => row.id !== id);
      if (movesUp) for (const row of state.pools) if (row.id > id) row.id -= 1;
    } else if (command === "removegroup") {
      if (id === 0 || pools.some((row) => row.group === id)) return false;
      state.groups = state.groups.filter((row) => row.id !== id);
    } else if (command === "addpool" && fields.length === 4) {
      const [url = "", user = ""] = fields;
      pools.push({ id: freeId(pools), group: Number(fields[3]), url, user });
    } else return false;
    return true;
  };
  /** How many pools each group had after each command: never none where there was work. */
  const emptied: string[] = [];
  const link = scripted({
    cgminer(line) {
      const said = special?.(line);
      if (said !== undefined) return said;
      const [command = "", parameter = ""] = line.split("|");
      const told = {
        groups: yes({
          GROUPS: state.groups.map(({ id, name, quota }) => ({ GROUP: id, Name: name, Quota: quota })),
        }),
        pools: yes({
          POOLS: state.pools.map(({ id, group, url, user }, place) => ({
            ...{ POOL: id, GROUP: group, URL: url, User: user, Priority: place },
          })),
        }),
      };
      if (command === "groups+pools") {
        return JSON.stringify({ groups: [told.groups], pools: [told.pools], id: 1 });
      }
      if (!isLiar && !apply(command, parameter.split(","))) return no();
      if (state.pools.length === 0) emptied.push(line);
      return JSON.stringify({ ...yes(), id: 1 });
    },
  });
  const shown = () =>
    state.groups.map(({ id, quota }) => [
      id,
      quota,
      ...state.pools
        .filter(({ group }) => group === id)
        .map(({ url, user }) => `${/\/\/([^.]+)/.exec(url)?.[1]}/${user}`),
    ]);
  return { link, shown, emptied };
}

const pool = (
  name: string,
  sharePpm: number | null = null,
  role: PoolTarget["role"] = "member",
): PoolTarget => {
  const [host, user = ""] = name.split("/");
  return { url: `stratum+tcp://${host}.example:3333`, user, password: "x", role, sharePpm };
};

describe("shares become small whole weights", () => {
  it.each([
    [
      [700_000, 300_000],
      [7, 3],
    ],
    [
      [985_000, 15_000],
      [197, 3],
    ],
    [
      [983_000, 17_000],
      [983, 17],
    ],
    [
      [500_000, 500_000],
      [1, 1],
    ],
    [
      [999_900, 100],
      [1000, 1],
    ],
    [
      [600_000, 300_000, 100_000],
      [6, 3, 1],
    ],
    [[1_000_000], [1]],
  ])("%j are %j", (shares, weights) => expect(weightsOf(shares)).toEqual(weights));

  it("and read back as shares of the groups that have a pool", () => {
    const groups = groupsOf(sections("luxos/2024.9.17/groups+pools.json"));
    expect([...sharesOf(groups ?? [])]).toEqual([
      [0, 800_000],
      [1, 0],
      [2, 200_000],
    ]);
  });

  it("a pool without a share stands in for the one before it", () => {
    const groups = toWantedGroups("x", [
      pool("z/0", 0),
      pool("a/1", 800_000),
      pool("b/2", 0),
      pool("c/3", 200_000),
    ]);

    expect(groups.map(({ weight, pools }) => [weight, pools.map(({ user }) => user)])).toEqual([
      [4, ["1", "0", "2"]],
      [1, ["3"]],
    ]);
  });
});

describe("new pools", () => {
  it("of a split are added and read back before the old ones go", async () => {
    const { link, shown, emptied } = device({ 0: [1, "old/a", "old/b"] });

    await expect(
      writeLuxosPools(link, [pool("new/m", 850_000), pool("coop/c", 150_000, "coop")], never),
    ).resolves.toBe("effective");
    expect(link.written).toEqual([
      "addgroup|coop,3",
      "groupquota|0,17",
      "addpool|stratum+tcp://new.example:3333,m,x,0",
      "addpool|stratum+tcp://coop.example:3333,c,x,1",
      "removepool|0",
      "removepool|1",
    ]);
    expect(shown()).toEqual([
      [0, 17, "new/m"],
      [1, 3, "coop/c"],
    ]);
    expect(emptied).toEqual([]);
  });

  it("never get more than their share on the way, wherever it ends", async () => {
    for (let taken = 0; taken < 8; taken++) {
      let changes = 0;
      const { link, shown } = device({ 0: [1, "old/a", "old/b"] }, (line) =>
        /^(?:add|group|remove)\w*\|/.test(line) && changes++ >= taken ? no() : undefined,
      );
      await writeLuxosPools(link, [pool("new/m", 850_000), pool("coop/c", 150_000, "coop")], never);

      const working = shown().filter((group) => group.length > 2);
      const sum = working.reduce((total, [, quota]) => total + Number(quota), 0);
      const coop = working.find((group) => group.includes("coop/c"));
      expect([taken, Number(coop?.[1] ?? 0) / sum]).toEqual([taken, coop === undefined ? 0 : 0.15]);
    }
  });

  it("with other shares alone change the quotas and nothing else", async () => {
    const { link, shown } = device({ 0: [4, "m/1", "m/2"], 3: [1, "c/3"], 1: [7] });

    const wanted = [pool("m/1", 900_000), pool("m/2", 0), pool("c/3", 100_000)];
    await expect(writeLuxosPools(link, wanted, never)).resolves.toBe("effective");
    expect(link.written).toEqual(["groupquota|0,9"]);
    expect(shown()).toContainEqual([0, 9, "m/1", "m/2"]);
    expect(shown()).toContainEqual([1, 7]);
    link.written.length = 0;
    await expect(writeLuxosPools(link, wanted, never)).resolves.toBe("effective");
    expect(link.written).toEqual([]);
  });

  it("in order of failover leave one group; what the device keeps of the others is empty", async () => {
    const { link, shown } = device({ 0: [4, "m/1"], 1: [1, "c/3"] });

    await expect(writeLuxosPools(link, [pool("c/3"), pool("m/1")], never)).resolves.toBe("effective");
    expect(shown().filter((row) => row.length > 2)).toEqual([[0, 4, "c/3", "m/1"]]);
  });

  it("in another order are moved without an empty moment", async () => {
    const { link, shown, emptied } = device({ 0: [1, "a/1", "b/2", "c/3"] });

    await expect(writeLuxosPools(link, [pool("b/2"), pool("a/1")], never)).resolves.toBe("effective");
    expect(shown()).toEqual([[0, 1, "b/2", "a/1"]]);
    expect(emptied).toEqual([]);
    const turned = device({ 0: [1, "a/1"] });
    await expect(writeLuxosPools(turned.link, [pool("n/9"), pool("a/1")], never)).resolves.toBe("effective");
    expect(turned.shown()).toEqual([[0, 1, "n/9", "a/1"]]);
  });

  it("are told apart by id where names and ids come again", async () => {
    const { link, shown } = device({ 0: [1, "a/1"], 2: [1, "b/2"] });

    const wanted = [pool("a/1", 500_000), pool("x/8", 250_000), pool("y/9", 250_000)];
    await expect(writeLuxosPools(link, wanted, never)).resolves.toBe("effective");
    expect(shown()).toEqual([
      [0, 2, "a/1"],
      [2, 1, "y/9"],
      [1, 1, "x/8"],
    ]);
  });

  it("are put away one by one where the same stands twice and the numbers move up", async () => {
    const { link, shown } = device({ 0: [1, "b/2", "a/1", "a/1"] }, undefined, { movesUp: true });

    await expect(writeLuxosPools(link, [pool("b/2")], never)).resolves.toBe("effective");
    expect(shown()).toEqual([[0, 1, "b/2"]]);
    expect(link.written).toEqual(["removepool|1", "removepool|1"]);
  });

  it("keep the field of an empty password", async () => {
    const { link } = device({ 0: [1, "a/1"] });

    await writeLuxosPools(link, [{ ...pool("n/9"), password: "" }], never);
    expect(link.written[0]).toBe("addpool|stratum+tcp://n.example:3333,9,,0");
  });
});

describe("nothing old is lost", () => {
  const wanted = [pool("new/m", 500_000), pool("coop/c", 500_000)];

  it("where the device says yes and does nothing, or no", async () => {
    const lying = device({ 0: [1, "old/a"] }, undefined, { isLiar: true });
    const refusing = device({ 0: [1, "old/a"] }, (line) => (line.startsWith("addpool") ? no(52) : undefined));

    await expect(writeLuxosPools(lying.link, wanted, never)).resolves.toBe("rejected");
    expect(lying.link.written).toEqual(["addgroup|member,1"]);
    await expect(writeLuxosPools(refusing.link, wanted, never)).resolves.toBe("rejected");
    expect(refusing.shown()[0]).toEqual([0, 1, "old/a"]);
  });

  it("where the answer to a change is lost and it shows nothing new", async () => {
    const { link, shown } = device({ 0: [1, "old/a"] }, (line) =>
      line.startsWith("addpool") ? "" : undefined,
    );

    await expect(writeLuxosPools(link, wanted, never)).resolves.toBe("unknown");
    expect(shown()[0]).toEqual([0, 1, "old/a"]);
  });

  it.each([
    ["no pools", JSON.stringify({ groups: [yes({ GROUPS: [{ GROUP: 0, Quota: 1 }] })], id: 1 })],
    [
      "a pool of a group that is not told",
      JSON.stringify({
        groups: [yes({ GROUPS: [{ GROUP: 0, Quota: 1 }] })],
        pools: [yes({ POOLS: [{ POOL: 0, GROUP: 5, URL: "a", User: "b" }] })],
        id: 1,
      }),
    ],
    [
      "a group without a quota",
      JSON.stringify({ groups: [yes({ GROUPS: [{ GROUP: 0 }] })], pools: [yes({ POOLS: [] })], id: 1 }),
    ],
  ])("where it told %s", async (_, answer) => {
    const { link } = device({ 0: [1, "old/a"] }, (line) =>
      line === "groups+pools" ? answer : line === "pools" ? no() : undefined,
    );

    await expect(writeLuxosPools(link, wanted, never)).rejects.toMatchObject({
      code: "MINER_INCOMPLETE",
      exit: 3,
    });
    expect(link.written).toEqual([]);
  });

  it.each([
    ["a comma in a user", [{ ...pool("a/1"), user: "x,y" }], "POOL_TEXT_INVALID", 2],
    ["a bar in a password", [{ ...pool("a/1"), password: "x|y" }], "POOL_TEXT_INVALID", 2],
    ["no address", [{ ...pool("a/1"), url: "a.example" }], "POOL_TEXT_INVALID", 2],
    ["nine pools", Array.from({ length: 9 }, (_, index) => pool(`a/${index}`)), "MINER_TOO_MANY_POOLS", 2],
    ["shares for some only", [pool("a/1", 500_000), pool("b/2")], "SPLIT_UNSUPPORTED", 1],
    ["no share at all", [pool("a/1", 0), pool("b/2", 0)], "SPLIT_UNSUPPORTED", 1],
  ] as [string, PoolTarget[], string, number][])("for %s", async (_, pools, code, exit) => {
    const { link } = device({ 0: [1, "old/a"] });

    await expect(writeLuxosPools(link, pools, never)).rejects.toMatchObject({ code, exit });
    expect(link.asked).toEqual([]);
  });
});

describe("a backup", () => {
  it("holds the destinations with their shares, the groups and the thermal management", async () => {
    const answers: Record<string, string> = {
      "groups+pools": JSON.stringify(sectionsText("groups+pools")),
      "config+atm": JSON.stringify(sectionsText("config+atm")),
    };
    const link = scripted({ cgminer: (line) => answers[line] ?? no() });

    const { pools, settings } = await createLuxosDriver().backup(link, never);
    expect(pools.map(({ url, user, password, sharePpm }) => [url, user, password, sharePpm])).toEqual([
      ["stratum+tcp://pool.member.example:3333", "member.s19", null, 800_000],
      ["stratum+tcp://pool2.member.example:3333", "member.s19", null, 0],
      ["stratum+tcp://pool.coop.example:3333", "coop.member0417", null, 200_000],
    ]);
    expect(settings).toMatchObject({ profile: "default", isCurtailed: false, atm: { Enabled: false } });
  });
});

/** A recorded answer with the envelope that it had. */
function sectionsText(name: string): Row {
  const told = sections(`luxos/2024.9.17/${name}.json`);
  return { joined: [yes(told)], id: 1 };
}
