import { readdirSync } from "node:fs";
import { recordingName } from "#src/app/recording.ts";
import { createSystemClock } from "#src/net/system-clock.ts";
import { parseRequest } from "#src/sim/cgminer-wire.ts";
import { type DeviceFace, openDevicePort } from "#src/sim/device-port.ts";
import { FaultDesk } from "#src/sim/fault.ts";
import { createRandom } from "#src/sim/random.ts";
import { fixture } from "./fixtures.ts";

const INVALID_COMMAND =
  '{"STATUS":[{"STATUS":"E","When":1763700000,"Code":14,"Msg":"Invalid command"}],"id":1}';

/** Folders of recorded answers of a family, by version. */
export const versionsOf = (id: string) => readdirSync(new URL(`../fixtures/${id}`, import.meta.url));

/** A device on a real socket that answers with the recordings of a folder; `change` may spoil them. */
export async function startRecorded(folder: string, change: (text: string) => string = (text) => text) {
  const files = new Set(readdirSync(new URL(`../fixtures/${folder}`, import.meta.url)));
  const asked: string[] = [];
  const answer = (name: string): string | null => {
    asked.push(name);
    return files.has(name) ? change(fixture(`${folder}/${name}`)) : null;
  };
  const face: DeviceFace = {
    web({ method, path }) {
      const body = answer(recordingName({ protocol: "http", request: `${method} ${path}` }));
      return body === null ? { status: 404, body: '{"error":"unknown route"}' } : { status: 200, body };
    },
    socket(bytes) {
      const request = parseRequest(bytes);
      if (request === null) return undefined;
      const wire = bytes.replaceAll("\0", "").trim();
      const name = request === "invalid" ? "" : recordingName({ protocol: "cgminer", request: wire });
      return `${answer(name) ?? INVALID_COMMAND}\0`;
    },
    frames: (json) =>
      answer(recordingName({ protocol: "frames", request: json })) ?? '{"code":-2,"msg":"invalid cmd"}',
  };
  const clock = createSystemClock();
  const listening = await openDevicePort({
    host: "127.0.0.1",
    port: 0,
    face,
    faults: new FaultDesk({ clock, random: createRandom(1), plans: [], deafPart: 0 }),
    isUp: () => true,
  });
  return { asked, port: listening.port, [Symbol.asyncDispose]: () => listening.close() };
}
