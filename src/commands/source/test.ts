import { Args, Flags } from "@oclif/core";
import type { TestSourceOptions } from "../../app/test-source.ts";
import { envName, type Outcome, StreamCommand } from "../../base-command.ts";
import { differenceError, HearthError, usageError } from "../../model/errors.ts";
import { toWire } from "../../model/wire.ts";

const SHARED =
  "a loop runs and reads them too; a device that takes one connection at a time refuses the second";

export default class SourceTest extends StreamCommand {
  static override summary =
    "Read one source, or all, once: value, unit, sign, age, or why there is none; --sign proves the sign of a grid meter.";
  static override examples = [
    "<%= config.bin %> source test",
    "<%= config.bin %> source test main --watch",
    "<%= config.bin %> source test main --sign --yes",
  ];
  static override args = { name: Args.string({ description: "its name; all when left out" }) };
  static override flags = {
    watch: Flags.boolean({ exclusive: ["sign"], description: "again and again; NDJSON with --json" }),
    sign: Flags.boolean({
      description: "let the heater rest for a few minutes and see how the meter follows",
    }),
    miner: Flags.string({
      helpValue: "NAME",
      env: envName("miner"),
      dependsOn: ["sign"],
      description: "the heater to switch; the only one when left out",
    }),
  };

  async run(): Promise<Outcome> {
    const { args, flags } = await this.parse(SourceTest);
    const options = { env: process.env, name: args.name ?? null, signal: this.signal };
    if (flags.watch) return this.#watch(options);
    if (flags.sign) return this.#sign(args.name, flags);
    const { readingError, testSources } = await import("../../app/test-source.ts");
    const { sourceReadingLines } = await import("../../text/source-lines.ts");
    const tried = await testSources(options);
    const readings = tried.map(({ reading }) => reading);
    const error = readingError(tried);
    const { hasLoop } = await import("../../app/home-paths.ts");
    const warnings = hasLoop(process.env) && error ? [SHARED] : [];
    const lines = readings.length > 0 ? sourceReadingLines(readings) : ["No source is set up."];
    return this.#end({ data: { readings }, lines, warnings, ...(error ? { error } : {}) });
  }

  async #watch(options: TestSourceOptions): Promise<Outcome> {
    const { watchSources } = await import("../../app/test-source.ts");
    const { sourceReadingLine } = await import("../../text/source-lines.ts");
    for await (const { reading } of watchSources(options)) {
      const line = this.jsonEnabled() ? JSON.stringify(toWire(reading)) : sourceReadingLine(reading);
      process.stdout.write(`${line}\n`);
    }
    process.exitCode = 130;
    return { data: null };
  }

  async #sign(
    name: string | undefined,
    flags: { yes: boolean; "no-input": boolean; "dry-run": boolean; miner?: string | undefined },
  ) {
    if (name === undefined) throw usageError("USAGE", "--sign wants the name of a grid meter");
    const question = `The heater rests for a few minutes and then goes on. Go ahead?`;
    if (!flags["dry-run"] && !(await this.confirm(question, flags))) {
      throw new HearthError(130, "INTERRUPTED", "Nothing was switched");
    }
    const { testSign } = await import("../../app/test-sign.ts");
    const { signLines } = await import("../../text/source-lines.ts");
    const result = await testSign({
      env: process.env,
      name,
      miner: flags.miner ?? null,
      isDryRun: flags["dry-run"],
      onStep: (words) => this.talk(words),
      signal: this.signal,
    });
    if (result === "planned")
      return this.#end({ data: { source: name, result }, lines: ["The heater can be switched for it"] });
    const isRight = result.verdict === "import-positive" && result.scaleHint === null;
    const error = differenceError("SIGN_WRONG", signLines(result)[0] ?? "", { hint: "hearth source list" });
    return this.#end({ data: result, lines: signLines(result), ...(isRight ? {} : { error }) });
  }

  /** One document, as of any other command: only `--watch` is a stream. */
  #end(outcome: Outcome): Outcome {
    this.announce(outcome);
    return outcome;
  }
}
