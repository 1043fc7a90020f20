import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hearthPaths } from "#src/config/paths.ts";
import { openStateStore } from "#src/ledger/state-store.ts";
import type { HearthConfig } from "#src/model/config.ts";
import { createSystemClock } from "#src/net/system-clock.ts";
import type { EmulatedMiner, EmulatorOptions, MinerModel } from "#src/sim/emulated-miner.ts";
import { startMiner } from "#src/sim/emulators.ts";
import { startJsonDevice } from "#src/sim/home-web.ts";
import { emulatedConfig } from "../daemon/emulated-config.ts";

const BIN = fileURLToPath(new URL("../../bin/run.js", import.meta.url));

export interface ServiceWorldOptions {
  models: (Partial<EmulatorOptions> & { model: MinerModel })[];
  roomC?: number;
  change?: (config: HearthConfig) => HearthConfig;
}

interface Line {
  type: string;
  at: string;
  data: Record<string, unknown>;
}

/** One life of the program: from its start to its end. */
export interface Life {
  child: ChildProcess;
  lines: Line[];
  /** The first line of that kind for which it holds, once it is there; fails when the program ends before. */
  heard(type: string, holds?: (data: Record<string, unknown>) => boolean): Promise<Line>;
  /** Sends a signal and waits for the end; answers the exit code, null after a kill. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Emulated miners and sensors in real time, and the built program as a service over them. Close it afterwards. */
export async function serviceWorld(options: ServiceWorldOptions) {
  const home = mkdtempSync(join(tmpdir(), "hearth-service-"));
  const clock = createSystemClock();
  const room = { roomC: options.roomC ?? 16 };
  const sensors = await startJsonDevice({
    "/room": () => ({ value: room.roomC }),
    "/grid": () => ({ value: 900 }),
    "/outdoor": () => ({ value: -5 }),
  });
  const miners: EmulatedMiner[] = [];
  for (const [index, setup] of options.models.entries()) {
    miners.push(await startMiner({ pools: [], clock, seed: index + 1, name: `m${index + 1}`, ...setup }));
  }
  const config = emulatedConfig(miners, {
    sensors: sensors.url,
    breakerA: 200,
    roomS: 1,
    gridS: 1,
    control: { tick_s: 1, observe_s: 0 },
  });
  const writeConfig = (next: HearthConfig) =>
    writeFileSync(join(home, "config.json"), JSON.stringify(next), { mode: 0o600 });
  writeConfig(options.change?.(config) ?? config);
  const paths = hearthPaths({ HEARTH_HOME: home });
  const lives: Life[] = [];
  return {
    home,
    paths,
    room,
    miners,
    /** Starts the program; `through` is what runs it, as a shell with limits. */
    start(env: Record<string, string> = {}, through: string[] = []): Life {
      const argv = [...through, process.execPath, BIN, "run", "--headless"];
      const child = spawn(argv[0] ?? "", argv.slice(1), {
        env: { PATH: process.env["PATH"] ?? "", HOME: home, HEARTH_HOME: home, TZ: "America/Denver", ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const life = follow(child);
      lives.push(life);
      return life;
    },
    /** A value of state.db as it lies on the disk. */
    stored<T>(key: string): T | null {
      const store = openStateStore(paths.state, { readOnly: true });
      try {
        return store.get<T>(key);
      } finally {
        store.close();
      }
    },
    async close(): Promise<void> {
      for (const life of lives) await life.end("SIGKILL");
      for (const miner of miners) await miner.close();
      await sensors.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

export type ServiceWorld = Awaited<ReturnType<typeof serviceWorld>>;

function follow(child: ChildProcess): Life {
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  const ended = Promise.withResolvers<number | null>();
  let isOver = false;
  let rest = "";
  let errors = "";
  child.stderr?.on("data", (chunk) => {
    errors += chunk;
  });
  child.stdout?.on("data", (chunk) => {
    const parts = `${rest}${chunk}`.split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) lines.push(JSON.parse(part) as Line);
    for (const look of waiting) look();
  });
  child.on("close", (exit) => {
    isOver = true;
    ended.resolve(exit);
    for (const look of waiting) look();
  });
  return {
    child,
    lines,
    heard: (type, holds = () => true) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.find((line) => line.type === type && holds(line.data));
          if (!found && !isOver) return;
          waiting.delete(look);
          if (found) resolve(found);
          else reject(new Error(`the program ended without that ${type}: ${errors}`));
        };
        waiting.add(look);
        look();
      }),
    end(signal) {
      if (!isOver) child.kill(signal);
      return ended.promise;
    },
  };
}
