import { Command, Errors, Flags } from "@oclif/core";
import { EXIT, type ExitCode, errorText, HearthError, toHearthError, usageError } from "./model/errors.ts";
import { safeText } from "./model/parse.ts";
import { toWire } from "./model/wire.ts";

/** What a command hands back: data for `--json`, lines for people, and whether it went well. */
export interface Outcome {
  data: unknown;
  /** Printed on stdout without `--json`. */
  lines?: string[];
  warnings?: string[];
  /** Set when a check found a difference or data is missing: the document then carries it beside the data. */
  error?: HearthError;
}

/** Environment variable of a flag (interfaces.md §1); secrets have neither flag nor variable. */
export function envName(flag: string): string {
  return `HEARTH_${flag.replaceAll("-", "_").toUpperCase()}`;
}

const REPEAT_MS = 250;

/** Common ground of all commands: global flags, JSON envelope, exit codes, Ctrl-C. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;
  static override baseFlags = {
    yes: Flags.boolean({
      description: "answer yes to questions of consent",
      env: envName("yes"),
      helpGroup: "GLOBAL",
    }),
    "dry-run": Flags.boolean({
      description: "say what would be done, change nothing",
      env: envName("dry-run"),
      helpGroup: "GLOBAL",
    }),
    "no-input": Flags.boolean({
      description: "never ask; a missing answer is a usage error",
      env: envName("no-input"),
      helpGroup: "GLOBAL",
    }),
    quiet: Flags.boolean({ description: "no talk on stderr", env: envName("quiet"), helpGroup: "GLOBAL" }),
  };

  #outcome: Outcome | null = null;
  readonly #interrupt = new AbortController();

  /** Long-running commands end by themselves after Ctrl-C; the others are ended here. */
  protected readonly stopsByItself: boolean = false;

  /** Aborted by the first Ctrl-C (reason: the signal's name). */
  protected get signal(): AbortSignal {
    return this.#interrupt.signal;
  }

  protected override async init(): Promise<void> {
    await super.init();
    let firstMs = 0;
    const interrupt = () => {
      // Libraries that tidy up on signals send them once more; a person is not that quick.
      if (this.signal.aborted && performance.now() - firstMs < REPEAT_MS) return;
      if (this.signal.aborted) process.exit(EXIT.interrupted);
      firstMs = performance.now();
      this.#interrupt.abort(
        new HearthError(EXIT.interrupted, "INTERRUPTED", "Interrupted by Ctrl-C; nothing more was changed"),
      );
      if (!this.stopsByItself) setTimeout(() => process.exit(EXIT.interrupted), 500).unref();
    };
    process.on("SIGINT", interrupt);
  }

  /** Ends a command: prints the lines (people) or keeps the document (`--json`), sets the exit code. */
  protected finish(outcome: Outcome): Outcome {
    this.#outcome = outcome;
    for (const line of outcome.lines ?? []) this.log(line);
    for (const warning of outcome.warnings ?? []) this.talk(`Warning: ${warning}`);
    if (outcome.error) this.#fail(outcome.error);
    return outcome;
  }

  /** A line for people on stderr; silent with `--quiet`, present also with `--json`. */
  protected talk(line: string): void {
    if (!this.argv.includes("--quiet") && process.env["HEARTH_QUIET"] === undefined) {
      process.stderr.write(`${line}\n`);
    }
  }

  /** May a question be asked? Not without a terminal, in CI, with --no-input or --json. */
  protected canAsk(flags: { "no-input": boolean }): boolean {
    const isTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
    return isTerminal && !flags["no-input"] && !this.jsonEnabled() && !process.env["CI"];
  }

  /** Asks for consent, or takes `--yes`; without a terminal and without `--yes` a usage error. */
  protected async confirm(question: string, flags: { yes: boolean; "no-input": boolean }): Promise<boolean> {
    if (flags.yes) return true;
    if (!this.canAsk(flags)) {
      throw usageError("INPUT_NEEDED", `This needs your consent: ${question}`, {
        left: "Nothing was changed",
        hint: "the same command with --yes",
      });
    }
    const { confirm } = await import("@inquirer/prompts");
    return confirm({ message: question, default: false }, { output: process.stderr, signal: this.signal });
  }

  override jsonEnabled(): boolean {
    return super.jsonEnabled() || ["1", "true"].includes(process.env["HEARTH_JSON"] ?? "");
  }

  protected override toSuccessJson(): unknown {
    const { data, warnings = [], error } = this.#outcome ?? { data: null };
    const head = { schema: this.#schema(), ok: error === undefined, data: toWire(data) };
    return error ? { ...head, error: describe(error), warnings } : { ...head, warnings };
  }

  protected override toErrorJson(error: unknown): unknown {
    return { schema: this.#schema(), ok: false, error: describe(asHearthError(error)), warnings: [] };
  }

  override logJson(document: unknown): void {
    process.stdout.write(`${JSON.stringify(document)}\n`);
  }

  protected override async catch(error: unknown): Promise<void> {
    if (error instanceof Errors.ExitError) throw error;
    const known = asHearthError(this.signal.aborted ? this.signal.reason : error);
    process.exitCode = known.exit;
    if (this.jsonEnabled()) this.logJson(this.toErrorJson(known));
    else this.#fail(known);
    if (known.code === "UNEXPECTED" && process.env["HEARTH_DEBUG"] && error instanceof Error) {
      process.stderr.write(`${error.stack}\n`);
    }
  }

  #fail(error: HearthError): void {
    process.exitCode = error.exit;
    if (this.jsonEnabled()) return;
    process.stderr.write(errorText(error));
  }

  #schema(): string {
    return `hearth.${String(this.id).replaceAll(":", ".")}/1`;
  }
}

/** A command whose stdout is a stream or a screen: no envelope follows it, and it ends by itself after Ctrl-C. */
export abstract class StreamCommand extends BaseCommand {
  protected override readonly stopsByItself = true;
  #isDocumentWanted = false;

  /** One document of the command at once, with `--json`; the lines for people otherwise. */
  protected announce(outcome: Outcome): void {
    this.finish(outcome);
    this.#isDocumentWanted = true;
    if (this.jsonEnabled()) this.logJson(this.toSuccessJson());
    this.#isDocumentWanted = false;
  }

  protected override toSuccessJson(): unknown {
    return this.#isDocumentWanted ? super.toSuccessJson() : undefined;
  }

  override logJson(document: unknown): void {
    if (document !== undefined) super.logJson(document);
  }
}

function describe(error: HearthError) {
  return {
    code: error.code,
    message: safeText(error.message, 500),
    hint: error.hint,
    ...(error.left ? { left: error.left } : {}),
  };
}

/** Everything that is thrown, as an error that a person can act on. */
export function asHearthError(error: unknown): HearthError {
  if (error instanceof HearthError) return error;
  if (error instanceof Errors.CLIError) {
    const exit = error.oclif.exit === EXIT.usage ? EXIT.usage : ((error.oclif.exit ?? EXIT.bug) as ExitCode);
    const message = safeText(error.message.split("\nSee more help")[0] ?? "", 400);
    return new HearthError(exit, exit === EXIT.usage ? "USAGE" : "CLI", message, {
      hint: "the same command with --help",
    });
  }
  if (error instanceof Error && error.name === "ExitPromptError") {
    return new HearthError(EXIT.interrupted, "INTERRUPTED", "Interrupted; nothing was changed");
  }
  return toHearthError(error);
}
