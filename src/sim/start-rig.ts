import { type DeviceFace, openDevicePort } from "./device-port.ts";
import type { EmulatedMiner, EmulatorOptions } from "./emulated-miner.ts";
import { FaultDesk } from "./fault.ts";
import { createRandom, type Random } from "./random.ts";
import type { Rig } from "./rig.ts";
import { createTicker } from "./ticker.ts";

/** A device and what it says; `settings` tells all that a watt change must leave alone. */
export interface RigParts {
  device: Rig & { settings(): unknown };
  face: DeviceFace;
  /** Sockets that it has for its clients; any number when absent. */
  maxSockets?: number;
  /** False: every connection is reset. As `isUp` of the device when absent; some keep their pages while they restart. */
  isReachable?: () => boolean;
}

/** Puts an emulated device on a real socket, with its pools, its faults and its clock. Throws `PORT_TAKEN` (exit 3). */
export async function startRig(
  options: EmulatorOptions,
  build: (parts: { random: Random; faults: FaultDesk }) => RigParts,
): Promise<EmulatedMiner> {
  const random = createRandom(options.seed, options.name);
  const faults = new FaultDesk({
    clock: options.clock,
    random: random.fork("wire"),
    plans: options.faults ?? [],
    deafPart: options.deafPart ?? 0,
  });
  const { device, face, maxSockets, isReachable } = build({ random: random.fork("device"), faults });
  const listening = await openDevicePort({
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    face,
    faults,
    isUp: isReachable ?? (() => device.isUp),
    ...(maxSockets === undefined ? {} : { maxSockets }),
  });
  await device.startWork();
  const ticker = options.ticker ?? createTicker(options.clock);
  ticker.add((nowMs) => device.step(nowMs));
  return {
    name: options.name,
    model: options.model,
    id: device.id,
    host: options.host ?? "127.0.0.1",
    port: listening.port,
    wallW: () => device.wallW,
    hashrateThs: () => device.hashrateThs,
    powerCycle: (offS) => device.powerCycle(offS),
    orders: () => device.orders,
    settings: () => structuredClone(device.settings()),
    setFaults: (plans) => {
      faults.plans = plans;
    },
    close: async () => {
      if (options.ticker === undefined) ticker.close();
      await Promise.all([device.close(), listening.close()]);
    },
  };
}
