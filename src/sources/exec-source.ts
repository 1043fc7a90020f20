import { unreachableError } from "../model/errors.ts";
import type { Source } from "../model/source.ts";
import type { SourceConfig } from "../model/source-config.ts";
import type { SourceLinks } from "../model/source-link.ts";
import { blockOf } from "./addresses.ts";
import { createNormalizer, sourceHead } from "./normal-form.ts";
import { parseTolerant } from "./payload.ts";

const DEFAULT_TIMEOUT_S = 10;

/**
 * A number that a program prints, or chooses from the JSON that it prints (sources.md §4.4). An exit code other than 0 is
 * `EXEC_FAILED` with the program's last words.
 */
export function createExecSource(config: SourceConfig, links: SourceLinks): Source {
  const { argv } = blockOf(config, config.exec);
  const normalizer = createNormalizer(config);
  const totalMs = (config.timeout_s ?? DEFAULT_TIMEOUT_S) * 1000;
  return {
    ...sourceHead(config),
    async read(signal) {
      const { exitCode, stdout, lastStderr } = await links.exec({ argv, totalMs }, signal);
      if (exitCode === 0) return normalizer.answer(parseTolerant(stdout));
      const how = exitCode === null ? "was ended by a signal" : `ended with ${exitCode}`;
      throw unreachableError(
        "EXEC_FAILED",
        `The program of ${config.name} ${how}${lastStderr === "" ? "" : `: ${lastStderr}`}`,
        { hint: "run it by hand; it has to print a number and end with 0" },
      );
    },
  };
}
