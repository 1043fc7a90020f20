import { describe, expect, it } from "vitest";
import { createWhatsminerDriver } from "#src/miners/whatsminer.ts";
import { unreachableError } from "#src/model/errors.ts";
import { fixture, scripted } from "./fixtures.ts";
import { M20, M30, M60, msg, never, v2Unit, v3Unit } from "./whatsminer-units.ts";

describe("which API it is", () => {
  const frames = () => ({ code: 0, when: 1_763_705_560, msg: msg(`${M60}/get.device.info.json`) });
  const oldOfNew = (line: string) => {
    const { cmd } = JSON.parse(line) as { cmd: string };
    const version = { api_ver: "3.0.2", fw_ver: "20251209.16.Rel2" };
    return cmd === "get_version"
      ? JSON.stringify({ STATUS: "S", Code: 131, Msg: version })
      : fixture(`${M30}/${cmd}.json`);
  };

  it("v3 wins where the firmware has both", async () => {
    const link = scripted({ cgminer: oldOfNew, frames });

    await expect(createWhatsminerDriver().identify(link, never)).resolves.toMatchObject({
      model: "M60S_VK40",
    });
  });

  it("v2 is taken where frames are refused, and older firmware is sent none", async () => {
    const refused = () => unreachableError("MINER_UNREACHABLE", "refused");
    const closed = scripted({ cgminer: oldOfNew, frames: refused });
    const older = v2Unit().link;

    await expect(createWhatsminerDriver().identify(closed, never)).resolves.toMatchObject({
      model: "M30S+_VE40",
    });
    await expect(createWhatsminerDriver().identify(older, never)).resolves.toMatchObject({
      model: "M30S+_VE40",
    });
    expect(older.asked.some((line) => line.includes("get.device.info"))).toBe(false);
  });

  it("v2 stands in for v3 while the frames are away, as after a start, and gives way within a minute", async () => {
    const { script, told } = v3Unit();
    let isUp = false;
    const link = scripted({
      cgminer: oldOfNew,
      frames: (request) => (isUp ? script(request) : unreachableError("MINER_UNREACHABLE", "refused")),
    });
    const driver = createWhatsminerDriver();
    const { actions } = await driver.capabilities(link, never);
    expect((await driver.identify(link, never))?.model).toBe("M30S+_VE40");

    isUp = true;
    expect((await driver.read(link, never)).stateDetail).toBe("error 110, error 218");
    link.pace.slept += 60_000;
    expect((await driver.read(link, never)).stateDetail).toBe("error 264 Power communication error");
    expect((await driver.identify(link, never))?.model).toBe("M60S_VK40");
    await expect(actions.pause?.(never)).resolves.toBe("effective");
    expect(told).toMatchObject([{ cmd: "set.miner.service", param: "stop" }]);
  });

  it("frames come first on their own port, and nothing else is asked there", async () => {
    const link = { ...scripted({ frames }), port: 4433 };

    await createWhatsminerDriver().identify(link, never);
    expect(link.asked).toEqual(['{"cmd":"get.device.info","param":null}']);
  });

  it("is found anew when what was known makes no sense any more", async () => {
    let isNew = false;
    const link = scripted({
      cgminer: (line) =>
        isNew
          ? unreachableError("MINER_BAD_ANSWER", "no sense")
          : fixture(`${M30}/${(JSON.parse(line) as { cmd: string }).cmd}.json`),
      frames,
    });
    const driver = createWhatsminerDriver();

    await expect(driver.identify(link, never)).resolves.toMatchObject({ model: "M30S+_VE40" });
    isNew = true;
    await expect(driver.identify(link, never)).resolves.toMatchObject({ model: "M60S_VK40" });
    expect((await driver.read(link, never)).stateDetail).toBe("error 264 Power communication error");
  });

  it("is none of them for other makes, and an error where nothing answers", async () => {
    const invalid = () => '{"STATUS":[{"STATUS":"E","Code":14,"Msg":"Invalid command"}],"id":1}';
    const silent = () => unreachableError("MINER_TIMEOUT", "silent");
    const other = scripted({ cgminer: invalid, frames: () => ({ code: -2, msg: "x", when: null }) });
    const summaryAlone = scripted({
      cgminer: (line) => (line.includes("summary") ? fixture(`${M20}/summary.json`) : invalid()),
      frames: silent,
    });

    await expect(createWhatsminerDriver().identify(other, never)).resolves.toBeNull();
    await expect(createWhatsminerDriver().identify(summaryAlone, never)).rejects.toMatchObject({ exit: 3 });
    await expect(
      createWhatsminerDriver().identify(scripted({ cgminer: silent, frames: silent }), never),
    ).rejects.toMatchObject({ code: "MINER_TIMEOUT" });
  });
});
