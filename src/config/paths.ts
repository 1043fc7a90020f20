import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { HearthError, usageError } from "../model/errors.ts";

/** Where everything of one installation lives (interfaces.md §1). */
export interface HearthPaths {
  config: string;
  secrets: string;
  data: string;
  ledger: string;
  state: string;
  /** The ring of decisions, for replays; the loop does without it. */
  decisions: string;
  lock: string;
  socket: string;
}

/** Longest socket path the kernel takes with a margin (interfaces.md §1). */
const MAX_SOCKET_BYTES = 100;

/** Folders by `HEARTH_HOME`, else XDG. Creates nothing. Throws `SOCKET_PATH_LONG` (2) when the path cannot work. */
export function hearthPaths(env: NodeJS.ProcessEnv): HearthPaths {
  const home = env["HEARTH_HOME"];
  const configDir = home ?? join(env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config"), "hearth");
  const data = home ?? join(env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share"), "hearth");
  const runtime = env["XDG_RUNTIME_DIR"];
  const socketDir = home ?? (runtime ? join(runtime, "hearth") : data);
  const socket = join(socketDir, "hearth.sock");
  if (Buffer.byteLength(socket) > MAX_SOCKET_BYTES) {
    throw usageError(
      "SOCKET_PATH_LONG",
      `The socket path ${socket} has more than ${MAX_SOCKET_BYTES} bytes`,
      {
        left: "Nothing was started",
        hint: "a shorter HEARTH_HOME, as HEARTH_HOME=/tmp/hearth",
      },
    );
  }
  return {
    config: join(configDir, "config.json"),
    secrets: join(configDir, "secrets"),
    data,
    ledger: join(data, "ledger.db"),
    state: join(data, "state.db"),
    decisions: join(data, "decisions.db"),
    lock: join(data, "hearth.lock"),
    socket,
  };
}

/** Creates the folders, private to the owner. Throws `HOME_NOT_WRITABLE` (5). */
export function createFolders(paths: HearthPaths): void {
  try {
    // Checked before: making folders below one that takes none can spin for ever (/proc).
    for (const folder of [paths.config, paths.data, paths.socket])
      accessSync(nearestFolder(folder), constants.W_OK);
    for (const folder of [join(paths.config, ".."), paths.secrets, paths.data, join(paths.socket, "..")]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
  } catch (error) {
    throw new HearthError(5, "HOME_NOT_WRITABLE", `The folder ${paths.data} cannot be made or written`, {
      cause: error,
      left: "Nothing was changed",
      hint: "HEARTH_HOME=FOLDER with a folder of your own",
    });
  }
}

function nearestFolder(path: string): string {
  let folder = dirname(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** True when something was set up here before. */
export function isInstalled(paths: HearthPaths): boolean {
  return existsSync(paths.config) || existsSync(paths.ledger);
}
