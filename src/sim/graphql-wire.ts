/** A field of an emulated schema: a value, or what the arguments of the question make of it. */
export type GraphqlNode = { [field: string]: unknown };

export interface GraphqlAnswer {
  data: unknown;
  errors?: { message: string; extensions?: { code: string } }[];
}

interface Selection {
  name: string;
  /** `... on Type { … }` where set. */
  type: string | null;
  values: Record<string, unknown>;
  fields: Selection[];
}

/** A resolver of a field with arguments. */
export type GraphqlResolver = (values: Record<string, unknown>) => unknown;

/**
 * As much of GraphQL as a miner's page uses: nested fields, arguments, variables, fragments in place. A field that the
 * schema does not have refuses the whole question, as real servers do; so does the answer of a fault.
 */
export function runGraphql(
  text: string,
  variables: Record<string, unknown>,
  roots: { query: GraphqlNode; mutation: GraphqlNode },
): GraphqlAnswer {
  try {
    const { isMutation, fields } = parse(text, variables);
    return { data: select(fields, isMutation ? roots.mutation : roots.query) };
  } catch (error) {
    if (!(error instanceof GraphqlFault)) throw error;
    const { message, code } = error;
    return { data: null, errors: [{ message, ...(code === null ? {} : { extensions: { code } }) }] };
  }
}

/** An error of the whole question. */
export class GraphqlFault extends Error {
  readonly code: string | null;

  constructor(message: string, code: string | null = null) {
    super(message);
    this.code = code;
  }
}

function select(fields: readonly Selection[], node: unknown): unknown {
  if (Array.isArray(node)) return node.map((item) => select(fields, item));
  if (node === null || typeof node !== "object") return node ?? null;
  const source = node as GraphqlNode;
  const kind = String(source["__typename"] ?? "");
  const picked: GraphqlNode = {};
  for (const { name, type, values, fields: inner } of fields) {
    if (type !== null) {
      // `Error` is the interface of all error types.
      if (kind === type || (type === "Error" && kind.endsWith("Error"))) {
        Object.assign(picked, select(inner, source));
      }
      continue;
    }
    if (name !== "__typename" && !Object.hasOwn(source, name)) {
      throw new GraphqlFault(`Unknown field "${name}" on type "${kind === "" ? "Object" : kind}".`);
    }
    const value = source[name];
    const found = typeof value === "function" ? (value as GraphqlResolver)(values) : (value ?? null);
    picked[name] = inner.length > 0 ? select(inner, found) : found;
  }
  return picked;
}

function parse(text: string, variables: Record<string, unknown>) {
  const tokens: string[] = text.match(/\.\.\.|[{}()[\]:,!]|\$?\w+|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?/g) ?? [];
  // Name and declared variables before the first brace say nothing that the body does not.
  const start = tokens.indexOf("{");
  if (start < 0) throw new GraphqlFault("Syntax Error: no selection.");
  return { isMutation: tokens[0] === "mutation", fields: new Reader(tokens, start, variables).fields() };
}

/** Walks the tokens of a question. */
class Reader {
  readonly #tokens: readonly string[];
  readonly #variables: Record<string, unknown>;
  #at: number;

  constructor(tokens: readonly string[], at: number, variables: Record<string, unknown>) {
    this.#tokens = tokens;
    this.#at = at;
    this.#variables = variables;
  }

  /** `{ … }` */
  fields(): Selection[] {
    this.#expect("{");
    const fields: Selection[] = [];
    while (!this.#take("}")) fields.push(this.#selection());
    return fields;
  }

  #selection(): Selection {
    const name = this.#next();
    if (name === "...") {
      this.#expect("on");
      return { name, type: this.#next(), values: {}, fields: this.fields() };
    }
    const values = this.#take("(") ? this.#pairs(")") : {};
    const hasFields = this.#tokens[this.#at] === "{";
    return { name, type: null, values, fields: hasFields ? this.fields() : [] };
  }

  /** `name: value, …` up to the end mark. */
  #pairs(end: string): Record<string, unknown> {
    const pairs: Record<string, unknown> = {};
    while (!this.#take(end)) {
      const name = this.#next();
      this.#expect(":");
      pairs[name] = this.#value();
      this.#take(",");
    }
    return pairs;
  }

  #value(): unknown {
    const token = this.#next();
    if (token.startsWith("$")) return this.#variables[token.slice(1)] ?? null;
    if (token === "{") return this.#pairs("}");
    if (token === "true" || token === "false") return token === "true";
    if (token.startsWith('"')) return JSON.parse(token);
    const number = Number(token);
    return Number.isNaN(number) ? token : number;
  }

  #take(wanted: string): boolean {
    if (this.#tokens[this.#at] !== wanted) return false;
    this.#at += 1;
    return true;
  }

  #expect(wanted: string): void {
    if (!this.#take(wanted)) throw new GraphqlFault(`Syntax Error: expected "${wanted}".`);
  }

  #next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new GraphqlFault("Syntax Error: unexpected end of the document.");
    return token;
  }
}
