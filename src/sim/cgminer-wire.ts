/** One section of a reply: its name and its rows; a row without an index is the only one of its kind. */
export interface CgminerSection {
  name: string;
  /** A bare `true` is the answer of a command that only says what came of it. */
  rows: (Record<string, unknown> | boolean)[];
}

export interface CgminerAnswer {
  status: "S" | "I" | "W" | "E";
  code: number;
  message: string;
  sections: CgminerSection[];
  /** The firmware writes line feeds of this message without escaping them (miners.md §3.3, row 6). */
  hasRawLineFeeds?: boolean;
}

/** One request as it was asked: its form decides the form of the answer (miners.md §3.1). */
export interface CgminerRequest {
  isJson: boolean;
  commands: string[];
  parameter: string;
  /** The whole JSON object; empty for the text form. */
  body: Record<string, unknown>;
}

const DESCRIPTION = "cgminer 4.11.1";

/** The request in the bytes so far; null while JSON is incomplete. */
export function parseRequest(bytes: string): CgminerRequest | "invalid" | null {
  const text = bytes.replaceAll("\0", "").trim();
  if (!text.startsWith("{")) {
    const bar = text.indexOf("|");
    const command = bar < 0 ? text : text.slice(0, bar);
    const parameter = bar < 0 ? "" : text.slice(bar + 1);
    return { isJson: false, commands: command.split("+"), parameter, body: {} };
  }
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return text.endsWith("}") ? "invalid" : null;
  }
  const command = body["command"] ?? body["cmd"];
  if (typeof command !== "string") return "invalid";
  const parameter = typeof body["parameter"] === "string" ? body["parameter"] : "";
  return { isJson: true, commands: command.split("+"), parameter, body };
}

/** The answers in the form of the request, with the NUL that ends every reply. */
export function serialize(
  request: CgminerRequest,
  answers: Map<string, CgminerAnswer>,
  when: number,
  description = DESCRIPTION,
): string {
  const isJoined = request.commands.length > 1;
  if (!request.isJson) {
    const parts = [...answers].map(
      ([command, answer]) => (isJoined ? `CMD=${command}|` : "") + asText(answer, when, description),
    );
    return `${parts.join("")}\0`;
  }
  if (!isJoined) {
    const [answer] = [...answers.values()];
    return answer === undefined
      ? "\0"
      : `${rawFeeds(answer, JSON.stringify(asJson(answer, when, description)))}\0`;
  }
  const joined = Object.fromEntries(
    [...answers].map(([command, answer]) => [command, [asJson(answer, when, description)]]),
  );
  return `${JSON.stringify({ ...joined, id: 1 })}\0`;
}

function asJson(answer: CgminerAnswer, when: number, description: string): Record<string, unknown> {
  const { status, code, message, sections } = answer;
  const head = { STATUS: status, When: when, Code: code, Msg: message, Description: description };
  const body = Object.fromEntries(sections.map(({ name, rows }) => [name, rows]));
  return { STATUS: [head], ...body, id: 1 };
}

function rawFeeds(answer: CgminerAnswer, json: string): string {
  return answer.hasRawLineFeeds === true ? json.replaceAll("\\n", "\n") : json;
}

function asText(answer: CgminerAnswer, when: number, description: string): string {
  const { status, code, message, sections } = answer;
  const head = `STATUS=${status},When=${when},Code=${code},Msg=${message},Description=${description}|`;
  return head + sections.map(sectionText).join("");
}

function sectionText({ name, rows }: CgminerSection): string {
  return rows
    .map((row) => {
      if (typeof row === "boolean") return `${name}=${row}|`;
      const pairs = Object.entries(row).map(([key, value]) => `${key}=${String(value)}`);
      // An indexed row begins with its own index (`POOL=0,…`), a single one with the bare name.
      const isIndexed = Object.hasOwn(row, name) || Object.hasOwn(row, name.replace(/S$/, ""));
      return `${isIndexed ? "" : `${name},`}${pairs.join(",")}|`;
    })
    .join("");
}
