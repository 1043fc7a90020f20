import { describe, expect, it } from "vitest";
import { createAvalonDriver } from "#src/miners/avalon.ts";
import { toIdentity } from "#src/miners/avalon-identity.ts";
import { never, ok } from "./avalon-unit.ts";
import { scripted, sections } from "./fixtures.ts";
import { recordedLink } from "./recorded-link.ts";

const recorded = (folder: string) => recordedLink(`avalon/${folder}`, (text) => text);

it("a Mini 3 is known by its MAC", () => {
  expect(toIdentity(sections("avalon/mini3-25022401/version.json"))).toEqual({
    id: "e0:e1:a9:0a:0b:0c",
    mac: "e0:e1:a9:0a:0b:0c",
    serial: "02010000deadbeef",
    make: "Canaan",
    model: "Avalon Mini3",
    firmware: "avalon",
    firmwareVersion: "25022401_cb28ba7",
  });
});

it("a Q is known by its MAC", () => {
  expect(toIdentity(sections("avalon/q-25052801/version.json"))).toMatchObject({
    id: "e0:e1:a9:0a:0b:0d",
    model: "Avalon Q",
  });
});

describe("a unit without a MAC in its version", () => {
  const identify = (folder: string) => createAvalonDriver().identify(recorded(folder), never);

  it.each([
    ["its own number", "nano3-25103101", "serial:0201000000facade0201000000beaded", "25103101_0a6c2f8"],
    ["the number of its hash board", "nano3-24071801", "serial:0201000055c0de01", "24071801_42c628d"],
    ["the MAC of its page", "nano3-24071801-page", "e0:e1:a9:0a:0b:12", "24071801_42c628d"],
  ])("is known by %s", async (_, folder, id, firmwareVersion) => {
    await expect(identify(folder)).resolves.toMatchObject({ id, model: "Avalonnano", firmwareVersion });
  });

  it("and without any number has no identity", async () => {
    const login = '<html><body><input type="password">"mac":"e0:e1:a9:0a:0b:12"</body></html>';
    const link = recordedLink("avalon/nano3-24071801-page", (text, name) =>
      name === "get_minerinfo.cgi.json" ? login : text,
    );

    await expect(createAvalonDriver().identify(link, never)).resolves.toBeNull();
  });

  it("says that it does not tell yet who it is while its summary is empty", async () => {
    const link = recordedLink("avalon/nano3-24071801", (text, name) =>
      name === "estats.json" ? text.replace(/"MM ID0":"[^"]*"/, '"MM ID0":""') : text,
    );

    await expect(createAvalonDriver().identify(link, never)).rejects.toMatchObject({
      code: "MINER_CUT_ANSWER",
      exit: 3,
    });
  });

  it.each([
    ["a placeholder", "<DELETED>"],
    ["zeros", "0000000000000000"],
    ["half a number", "02010000dead"],
    ["nothing", ""],
  ])("takes %s for no number", (_, DNA) => {
    expect(toIdentity({ VERSION: [{ PROD: "Avalon Q", MODEL: "Q", DNA }] })).toBeNull();
  });

  it("is foreign when it is no Avalon, and then nothing more is asked", async () => {
    const link = scripted({
      cgminer: () => ok("v", ',"VERSION":[{"PROD":"Antminer S19","MAC":"e0e1a90a0b0c"}]'),
    });

    await expect(createAvalonDriver().identify(link, never)).resolves.toBeNull();
    expect(link.asked).toEqual(["version"]);
  });
});
