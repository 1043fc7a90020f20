import { join, resolve } from "node:path";
import { HearthError } from "../model/errors.ts";
import type { RecordedExchange } from "../net/device-link.ts";
import { type OneMinerOptions, withMiner } from "./one-miner.ts";
import { createRedaction, recordingName } from "./recording.ts";
import { writeRecordings } from "./write-recordings.ts";

export interface RecordOptions extends Omit<OneMinerOptions, "purpose" | "onExchange"> {
  folder: string;
  dryRun: boolean;
}

export interface Recording {
  /** `<folder>/<firmware>/<version>`. */
  folder: string;
  files: string[];
  /** What could not be asked, in words: the recording is worth the more. */
  problems: string[];
}

/**
 * Asks a miner all that its driver reads and keeps the answers as they came, but for secrets and names. Only reads are
 * sent. Throws the errors of `withMiner`, `FOLDER_NOT_WRITABLE` (2).
 */
export async function recordMiner(options: RecordOptions): Promise<Recording> {
  const heard: RecordedExchange[] = [];
  return withMiner(
    { ...options, purpose: "read", onExchange: (exchange) => heard.push(exchange) },
    async (miner) => {
      const { port, signal } = miner;
      // It may have been looked for: what answered at its old place is no part of it.
      heard.length = 0;
      const identity = await port.identify(signal);
      const problems: string[] = [];
      for (const ask of [port.read, port.capabilities, port.backup]) {
        try {
          await ask(signal);
        } catch (error) {
          options.signal.throwIfAborted();
          if (!(error instanceof HearthError)) throw error;
          problems.push(error.message);
        }
      }
      const folder = join(resolve(options.folder), identity.firmware, folderWord(identity.firmwareVersion));
      const files = toFiles(heard);
      if (!options.dryRun) writeRecordings(folder, files, "Nothing was changed in the miner");
      return { folder, files: [...files.keys()], problems };
    },
  );
}

/** A version as the name of a folder: it may not lead out of the one that was asked for. */
function folderWord(version: string): string {
  const word = version.toLowerCase().replaceAll(/[^a-z0-9._-]+/g, "-");
  return word.replace(/^[.-]+/, "").slice(0, 60) || "unknown";
}

/** The first good answer to each question, redacted; two questions never share a file. */
function toFiles(heard: readonly RecordedExchange[]): Map<string, string> {
  const redact = createRedaction();
  const files = new Map<string, string>();
  for (const exchange of heard) {
    const isGood = exchange.status === null || (exchange.status >= 200 && exchange.status < 300);
    const name = recordingName(exchange);
    if (isGood && !files.has(name)) files.set(name, redact(exchange.text));
  }
  return files;
}
