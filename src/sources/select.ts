import {
  compile,
  type JSONValue,
  registerFunction,
  TreeInterpreter,
  TYPE_ANY,
  TYPE_ARRAY,
} from "@jmespath-community/jmespath";
import { HearthError, usageError } from "../model/errors.ts";
import { toNumber } from "../model/parse.ts";

type Expression = ReturnType<typeof compile>;
type FunctionNode = Extract<Expression, { type: "Function" }>;

/** What a path chose; `reason` is null when it chose something. */
export interface Chosen {
  value: unknown;
  reason: string | null;
}

/** Chooses from a parsed answer. Never throws. */
export type Select = (body: unknown) => Chosen;

/**
 * A JMESPath, compiled once. Stricter than the language where it would make a number of nothing: a sum or mean over no
 * elements, or over elements of which one has no number, is missing, and `to_number` takes plain decimal text only.
 * Throws `SOURCE_SELECT_INVALID` (2).
 */
export function compileSelect(path: string, name: string): Select {
  const expression = parse(path, name);
  return (body) => {
    try {
      const value = TreeInterpreter.search(expression, body as JSONValue);
      return value === null || value === undefined ? unknown("VALUE_MISSING") : { value, reason: null };
    } catch (error) {
      if (error instanceof HearthError) return unknown("VALUE_MISSING");
      // What the language calls no number is most often a field that is not there.
      return unknown("VALUE_NOT_SELECTABLE");
    }
  };
}

function parse(path: string, name: string): Expression {
  try {
    return strict(compile(path));
  } catch (cause) {
    throw usageError("SOURCE_SELECT_INVALID", `The choice "${path}" of ${name} is no JMESPath.`, {
      cause,
      hint: "Write it as a path into the answer, such as emeters[0].power",
    });
  }
}

const STRICT: Record<string, string> = { sum: "whole_sum", avg: "whole_avg", to_number: "plain_number" };

/** The tree with the lenient functions replaced. */
function strict(node: Expression): Expression {
  const copy = mapNodes(node, strict);
  const isLenient = copy.type === "Function" && Object.hasOwn(STRICT, copy.name);
  return isLenient ? replaced(copy as FunctionNode) : copy;
}

function replaced(call: FunctionNode): Expression {
  const name = STRICT[call.name] ?? call.name;
  const [argument] = call.children;
  if (call.name === "to_number" || argument === undefined) return { ...call, name };
  // A projection leaves out what is null: how many elements there were is asked beside it.
  const all = isProjection(argument) ? { ...argument, right: { type: "Literal", value: true } } : argument;
  return { ...call, name, children: [argument, all as Expression] };
}

function isProjection(node: Expression): boolean {
  return ["Projection", "FilterProjection", "ValueProjection"].includes(node.type);
}

/** A copy of `node` with every node directly below it mapped. */
function mapNodes(node: Expression, map: (child: Expression) => Expression): Expression {
  const isNode = (value: unknown): value is Expression =>
    typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
  const mapped = (value: unknown): unknown =>
    isNode(value) ? map(value) : Array.isArray(value) ? value.map(mapped) : value;
  if (node.type === "Literal") return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, mapped(value)])) as never;
}

const anyTwo = [{ types: [TYPE_ARRAY] }, { types: [TYPE_ARRAY] }];
registerFunction("whole_sum", ([chosen, all]) => sumOf(numbersOf(chosen, all)), anyTwo, { override: true });
registerFunction(
  "whole_avg",
  ([chosen, all]) => {
    const numbers = numbersOf(chosen, all);
    return sumOf(numbers) / numbers.length;
  },
  anyTwo,
  { override: true },
);
registerFunction("plain_number", ([value]) => toNumber(value), [{ types: [TYPE_ANY] }], { override: true });

function numbersOf(chosen: unknown, all: unknown): number[] {
  const values = Array.isArray(chosen) ? chosen : [];
  const numbers = values.filter((value) => typeof value === "number" && Number.isFinite(value));
  const isWhole = Array.isArray(all) && numbers.length === all.length && numbers.length > 0;
  // A sum over nothing would be 0, and 0 looks like "balanced" (sources.md §0).
  if (!isWhole) throw usageError("VALUE_MISSING", "An element of the sum has no number");
  return numbers;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0);
}

function unknown(reason: string): Chosen {
  return { value: null, reason };
}
