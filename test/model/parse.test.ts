import { expect, it } from "vitest";
import { toMac } from "#src/model/parse.ts";

it.each([
  ["e0e1a93e2c7d", "e0:e1:a9:3e:2c:7d"],
  ["AA-BB-CC-DD-EE-0F", "aa:bb:cc:dd:ee:0f"],
  // A board that has only half started: two of them are not one device.
  ["00:00:00:00:00:00", null],
  ["FF:FF:FF:FF:FF:FF", null],
  ["e0:e1:a9", null],
  [42, null],
])("the MAC address in %j is %s", (told, mac) => expect(toMac(told)).toBe(mac));
