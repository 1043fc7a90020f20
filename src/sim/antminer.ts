import { antminerBuild, antminerModel } from "./antminer-builds.ts";
import { AntminerDevice } from "./antminer-device.ts";
import { poolsBody, statsBody, summaryBody, systemInfoBody } from "./antminer-pages.ts";
import { answerSocket } from "./antminer-socket.ts";
import type { WebReply, WebRequest } from "./device-port.ts";
import { DigestGate } from "./digest-gate.ts";
import type { EmulatedMiner, EmulatorOptions } from "./emulated-miner.ts";
import { startRig } from "./start-rig.ts";

const REALM = "antMiner Configuration";
const REBOOT_DELAY_S = 1;

/**
 * An Antminer with stock firmware: CGI pages behind digest, and the CGMiner dialect where the build has it on
 * (miners.md §10). Real mining at its first living pool. Throws `PORT_TAKEN` (exit 3).
 */
export async function startAntminer(options: EmulatorOptions): Promise<EmulatedMiner> {
  const name = options.model === "antminer-s21" ? "antminer-s21" : "antminer-s19";
  const build = antminerBuild(name, options.firmware);
  return startRig(options, (parts) => {
    const device = new AntminerDevice(options, { ...parts, build, model: antminerModel(name) });
    const gate = new DigestGate({
      clock: options.clock,
      random: parts.random.fork("nonces"),
      ...{ realm: REALM, user: "root", password: options.password ?? "root" },
    });
    return {
      device,
      face: {
        web: (request) => gate.challenge(request) ?? route(device, request),
        // One port stands for all: where 4028 is off, the connection ends without a word.
        socket: (bytes) => (build.hasSocket ? answerSocket(device, bytes) : null),
      },
      isReachable: () => device.isReachable,
    };
  });
}

function route(device: AntminerDevice, { method, path, body }: WebRequest): WebReply {
  switch (`${method} ${path}`) {
    case "GET /":
      return { status: 200, type: "text/html", body: "<!doctype html><title>Antminer</title>" };
    case "GET /cgi-bin/get_system_info.cgi":
      return json(systemInfoBody(device));
    case "GET /cgi-bin/get_miner_conf.cgi":
      return json(device.configBody());
    case "POST /cgi-bin/set_miner_conf.cgi":
      return setConfig(device, body);
    case "GET /cgi-bin/summary.cgi":
      return mined(device, summaryBody);
    case "GET /cgi-bin/stats.cgi":
      return mined(device, (miner) => statsBody(miner, false));
    case "GET /cgi-bin/pools.cgi":
      return mined(device, poolsBody);
    case "GET /cgi-bin/get_blink_status.cgi":
      return json({ blink: device.isBlinking });
    case "POST /cgi-bin/blink.cgi": {
      const isOn = parsed(body)?.["blink"] === "true";
      device.blink(isOn);
      return json({ code: isOn ? "B000" : "B100" });
    }
    case "GET /cgi-bin/reboot.cgi":
    case "POST /cgi-bin/reboot.cgi":
      device.reboot(REBOOT_DELAY_S);
      return { status: 200, type: "text/plain", body: "" };
    default:
      return { status: 404, type: "text/html", body: "<html><title>404 Not Found</title></html>" };
  }
}

/** A page that asks the mining process, which may be starting (miners.md §3.3, row 11). */
function mined(device: AntminerDevice, page: (device: AntminerDevice) => unknown): WebReply {
  if (device.isUp) return json(page(device));
  return { status: 200, type: "text/plain", body: "Socket connect failed: Connection refused\n" };
}

function setConfig(device: AntminerDevice, body: string): WebReply {
  const posted = parsed(body);
  if (posted === null) return json({ stats: "error", code: "M001", msg: "Illegal request!" });
  device.takeConfig(posted);
  return json({ stats: "success", code: "M000", msg: "OK!" });
}

function parsed(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function json(body: unknown): WebReply {
  return { status: 200, body: JSON.stringify(body) };
}
