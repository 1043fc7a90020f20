import type { Clock } from "../model/clock.ts";
import type { WebReply, WebRequest } from "./device-port.ts";
import type { EmulatedMiner, EmulatorOptions } from "./emulated-miner.ts";
import { ESP_SOCKETS, jsonReply, pageReply, plainReply, refusedAtDoor, withJson } from "./esp-web.ts";
import { nerdDashboard, nerdIdentify, nerdInfo, nerdOptions, nerdSettings } from "./nerdqaxe-bodies.ts";
import { NerdqaxeDevice } from "./nerdqaxe-device.ts";
import { type NerdFeatures, nerdFeatures } from "./nerdqaxe-firmware.ts";
import { patchFlat, patchNested } from "./nerdqaxe-settings.ts";
import { startRig } from "./start-rig.ts";

const SESSION_MS = 86_400_000;
const WRONG_CODES = 5;
const WRONG_WINDOW_MS = 60_000;
const LOCKED_MS = 300_000;

/**
 * A NerdQAxe++ on an HTTP port: one generation of its firmware as in miners.md §5 (`nerdFirmwares`), and real mining
 * at two pools in failover or dual mode. A `password` is the one-time code that it then wants for each write. Throws
 * `PORT_TAKEN` (exit 3).
 */
export async function startNerdqaxe(options: EmulatorOptions): Promise<EmulatedMiner> {
  const features = nerdFeatures(options.firmware);
  const codes = new CodeDesk(options.clock, features.hasDual ? (options.password ?? null) : null);
  return startRig(options, (parts) => {
    const device = new NerdqaxeDevice(options, features, parts);
    const context = { device, features, codes };
    return {
      device,
      face: { web: (request) => refusedAtDoor(request) ?? route(context, request) },
      maxSockets: ESP_SOCKETS,
    };
  });
}

interface Context {
  device: NerdqaxeDevice;
  features: NerdFeatures;
  codes: CodeDesk;
}

function route(context: Context, request: WebRequest): WebReply {
  const { device, features, codes } = context;
  const { method, path, body } = request;
  switch (`${method} ${path}`) {
    case "GET /":
      return pageReply("AxeOS");
    case "GET /api/system/info":
      return jsonReply(200, nerdInfo(device, features, codes.isOn));
    case "PATCH /api/system":
      return codes.guarded(request, () => withJson(body, done(patchFlat, device, features)));
    case "POST /api/system/restart":
      return codes.guarded(request, () => {
        device.restart();
        return plainReply(200, "System will restart shortly.");
      });
    default:
      return newerRoute(context, request) ?? elsewhere();
  }
}

/** Routes that not every generation has; null where it is not known. */
function newerRoute({ device, features, codes }: Context, request: WebRequest): WebReply | null {
  const { method, path, body } = request;
  if (!features.hasV2 && path.startsWith("/api/v2/")) return null;
  if (!features.hasDual) return null;
  switch (`${method} ${path}`) {
    case "GET /api/system/asic":
      return jsonReply(200, nerdOptions());
    case "POST /api/system/shutdown":
      return codes.guarded(request, () => {
        device.rest(true);
        return plainReply(200, "System will shutdown shortly.");
      });
    case "GET /api/v2/identify":
      return jsonReply(200, nerdIdentify(codes.isOn));
    case "GET /api/v2/dashboard":
      return jsonReply(200, nerdDashboard(device, features));
    case "GET /api/v2/settings":
      return jsonReply(200, nerdSettings(device, features, codes.isOn));
    case "PATCH /api/v2/settings":
      return codes.guarded(request, () => withJson(body, done(patchNested, device, features)));
    case "POST /api/v2/otp/session":
      return codes.session(request);
    default:
      return null;
  }
}

/** A change is answered with an empty yes, whatever came of it. */
function done(
  patch: (device: NerdqaxeDevice, body: unknown, features: NerdFeatures) => void,
  device: NerdqaxeDevice,
  features: NerdFeatures,
): (value: unknown) => WebReply {
  return (value) => {
    patch(device, value, features);
    return plainReply(200, "");
  };
}

/** What it does not know leads to its start page. */
function elsewhere(): WebReply {
  return { ...plainReply(302, "Redirect to the captive portal"), headers: { location: "/" } };
}

/** One-time codes: here a fixed one, for a test cannot wait for the next. */
class CodeDesk {
  readonly #clock: Clock;
  readonly #code: string | null;
  #token: { text: string; untilMs: number } | null = null;
  #wrongMs: number[] = [];
  #lockedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, code: string | null) {
    this.#clock = clock;
    this.#code = code;
  }

  get isOn(): boolean {
    return this.#code !== null;
  }

  /** Runs `act` when the request has a code or a session; wrong ones are counted, and too many lock the door. */
  guarded({ headers }: WebRequest, act: () => WebReply): WebReply {
    if (!this.isOn) return act();
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#lockedUntilMs) return plainReply(401, "blocked for 5 minutes");
    const session = this.#token;
    const hasSession =
      session !== null && nowMs < session.untilMs && headers["x-otp-session"] === session.text;
    if (hasSession || headers["x-totp"] === this.#code) return act();
    this.#wrongMs = [...this.#wrongMs.filter((atMs) => nowMs - atMs < WRONG_WINDOW_MS), nowMs];
    if (this.#wrongMs.length >= WRONG_CODES) {
      this.#lockedUntilMs = nowMs + LOCKED_MS;
      this.#wrongMs = [];
    }
    return plainReply(401, "OTP/Session required");
  }

  session(request: WebRequest): WebReply {
    return this.guarded(request, () => {
      const untilMs = this.#clock.nowMs() + SESSION_MS;
      this.#token = { text: `EMULATED.${untilMs}`, untilMs };
      return jsonReply(200, { token: this.#token.text, ttlMs: SESSION_MS, expiresAt: untilMs });
    });
  }
}
