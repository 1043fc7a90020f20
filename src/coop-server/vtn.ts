import { randomUUID } from "node:crypto";
import { toInstant } from "../model/clock.ts";
import { field, list, text as textField } from "../model/parse.ts";
import { eventsFor } from "./event-office.ts";
import { type Answer, type Ask, jsonBody, Problem, type Route } from "./http-kit.ts";
import { venTargets } from "./members.ts";
import { bearerOf } from "./oauth.ts";
import { type Office, PROGRAM } from "./office.ts";
import { clientCredentials, tokenAnswer } from "./routes-oauth.ts";
import { text } from "./rows.ts";

const BASE = "/openadr3/3.1.0";
const MAX_LIMIT = 50;

/** Who asks: the client, its member, and the targets granted to it. */
interface Ven {
  clientId: string;
  targets: string[];
}

/** An OpenADR 3.1 VTN for VENs that poll (openadr3.md §3.1, §5). Programs and events are made by the operator only. */
export function vtnRoutes(office: Office): Route[] {
  const ven = (ask: Ask, scope: string): Ven => {
    const { grantId, member } = bearerOf(office, ask.headers, scope);
    return { clientId: grantId, targets: member === null ? [] : venTargets(member) };
  };
  const get = (path: string, scope: string, work: (who: Ven, ask: Ask) => unknown): Route => ({
    method: "GET",
    pattern: `${BASE}${path}`,
    handle: (ask) => ({ status: 200, body: work(ven(ask, scope), ask) }),
  });
  const refuse = (path: string): Route => ({
    method: "POST",
    pattern: `${BASE}${path}`,
    handle: () => {
      throw new Problem(403, "scope_missing", "Missing scope: only the operator may write here.");
    },
  });
  return [
    {
      method: "GET",
      pattern: `${BASE}/auth/server`,
      handle: () => ({ status: 200, body: { tokenURL: `${office.url}${BASE}/auth/token` } }),
    },
    {
      method: "POST",
      pattern: `${BASE}/auth/token`,
      handle: (ask) => tokenAnswer(clientCredentials(office, ask)),
    },
    get("/programs", "read_targets", (who, ask) => page(ask, visible(programs(office), who, ask))),
    get("/programs/:id", "read_targets", (who, { params }) =>
      oneOf(visible(programs(office), who), params["id"]),
    ),
    refuse("/programs"),
    get("/events", "read_targets", (who, ask) =>
      page(ask, filterEvents(office, visibleEvents(office, who, ask), ask)),
    ),
    get("/events/:id", "read_targets", (who, { params }) => oneOf(visibleEvents(office, who), params["id"])),
    refuse("/events"),
    ...objectRoutes(office, ven, "ven"),
    ...objectRoutes(office, ven, "resource"),
    ...objectRoutes(office, ven, "report"),
  ];
}

type OadrObject = Record<string, unknown>;
type Kind = "ven" | "resource" | "report";

const KINDS: Record<Kind, { path: string; nameKey: string; read: string; write: string; filters: string[] }> =
  {
    ven: {
      path: "/vens",
      nameKey: "venName",
      read: "read_ven_objects",
      write: "write_vens",
      filters: ["venName"],
    },
    resource: {
      path: "/resources",
      nameKey: "resourceName",
      read: "read_ven_objects",
      write: "write_vens",
      filters: ["resourceName", "venID"],
    },
    report: {
      path: "/reports",
      nameKey: "reportName",
      read: "read_ven_objects",
      write: "write_reports",
      filters: ["eventID", "clientName"],
    },
  };

/** List, read, make, replace and delete of what a VEN owns; it sees its own only (openadr3.md §5). */
function objectRoutes(office: Office, ven: (ask: Ask, scope: string) => Ven, kind: Kind): Route[] {
  const { path, read, write, filters } = KINDS[kind];
  const own = (who: Ven) => ownObjects(office, kind, who.clientId);
  const at = (
    pattern: string,
    method: string,
    scope: string,
    work: (who: Ven, ask: Ask) => Answer,
  ): Route => ({
    method,
    pattern: `${BASE}${pattern}`,
    handle: (ask) => work(ven(ask, scope), ask),
  });
  const ok = (body: unknown): Answer => ({ status: 200, body });
  return [
    at(path, "GET", read, (who, ask) => {
      const matches = own(who).filter((object) =>
        filters.every((key) => !ask.query.has(key) || ask.query.get(key) === object[key]),
      );
      return ok(page(ask, matches));
    }),
    at(path, "POST", write, (who, ask) => ({
      status: 201,
      body: makeObject(office, kind, who, jsonBody(ask)),
    })),
    at(`${path}/:id`, "GET", read, (who, { params }) => ok(oneOf(own(who), params["id"]))),
    at(`${path}/:id`, "PUT", write, (who, ask) => {
      const former = oneOf(own(who), ask.params["id"]);
      return ok(replaceObject(office, kind, who, former, jsonBody(ask)));
    }),
    at(`${path}/:id`, "DELETE", write, (who, { params }) => {
      const former = oneOf(own(who), params["id"]);
      office.store.run("DELETE FROM oadr_objects WHERE id = ?", String(former["id"]));
      return ok(former);
    }),
  ];
}

function makeObject(office: Office, kind: Kind, who: Ven, body: OadrObject): OadrObject {
  const name = checkBody(kind, body);
  if (kind === "ven" && ownObjects(office, "ven", who.clientId).length > 0)
    throw conflict("This client has a ven.");
  const taken = office.store.get(
    "SELECT 1 FROM oadr_objects WHERE kind = ? AND name = ? AND (client_id = ? OR kind = 'ven')",
    kind,
    name,
    who.clientId,
  );
  if (taken) throw conflict(`The name "${name.slice(0, 60)}" is in use.`);
  const nowText = toInstant(office.clock.nowMs());
  const object = { ...ownFields(kind, who, body), id: randomUUID(), createdDateTime: nowText };
  return saveObject(office, kind, who, name, { ...object, modificationDateTime: nowText });
}

function replaceObject(
  office: Office,
  kind: Kind,
  who: Ven,
  former: OadrObject,
  body: OadrObject,
): OadrObject {
  const name = checkBody(kind, body);
  const { id, createdDateTime } = former;
  const modificationDateTime = toInstant(office.clock.nowMs());
  const object = { ...ownFields(kind, who, body), id, createdDateTime, modificationDateTime };
  return saveObject(office, kind, who, name, object);
}

function saveObject(office: Office, kind: Kind, who: Ven, name: string, object: OadrObject): OadrObject {
  const sql =
    "INSERT INTO oadr_objects VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, body = excluded.body";
  office.store.run(sql, String(object["id"]), kind, who.clientId, name, JSON.stringify(object));
  return object;
}

/** A VEN never writes its own targets or another client's id. */
function ownFields(kind: Kind, who: Ven, body: OadrObject): OadrObject {
  const shared = { ...body, objectType: kind.toUpperCase(), clientID: who.clientId };
  return kind === "report" ? shared : { ...shared, targets: kind === "ven" ? who.targets : [] };
}

function checkBody(kind: Kind, body: OadrObject): string {
  const name = textField(body, KINDS[kind].nameKey);
  if (kind === "report") {
    if (!textField(body, "eventID") || !textField(body, "clientName") || !Array.isArray(body["resources"])) {
      throw new Problem(400, "report", "A report needs eventID, clientName and resources.");
    }
    return `${textField(body, "eventID")}/${name ?? randomUUID()}`;
  }
  const wanted = kind === "ven" ? "VEN_VEN_REQUEST" : "VEN_RESOURCE_REQUEST";
  if (body["objectType"] !== wanted) throw new Problem(400, "object_type", `objectType must be ${wanted}.`);
  if (name === null || name.length > 128) throw new Problem(400, "name", `${KINDS[kind].nameKey} is needed.`);
  return name;
}

function ownObjects(office: Office, kind: Kind, clientId: string): OadrObject[] {
  const sql = "SELECT body FROM oadr_objects WHERE kind = ? AND client_id = ? ORDER BY rowid";
  return office.store.all(sql, kind, clientId).map((row) => JSON.parse(text(row, "body")) as OadrObject);
}

function programs(office: Office): OadrObject[] {
  return [
    {
      id: PROGRAM.id,
      objectType: "PROGRAM",
      createdDateTime: "2026-01-01T00:00:00Z",
      modificationDateTime: "2026-01-01T00:00:00Z",
      programName: PROGRAM.name,
      payloadDescriptors: [
        { objectType: "EVENT_PAYLOAD_DESCRIPTOR", payloadType: "DISPATCH_SETPOINT", units: "KW" },
      ],
      attributes: [{ type: "PROGRAM_LONG_NAME", values: [`${office.settings.name} heat`] }],
      targets: [],
    },
  ];
}

function visibleEvents(office: Office, who: Ven, ask?: Ask): OadrObject[] {
  const events = eventsFor(office, who.targets, 0).map(({ oadr }) => oadr);
  return visible(events, who, ask);
}

/** Untargeted objects and those that meet a granted target; targets of others are hidden (openadr3.md §5). */
function visible(objects: OadrObject[], who: Ven, ask?: Ask): OadrObject[] {
  const wanted = ask?.query.getAll("targets") ?? [];
  return objects.flatMap((object) => {
    const targets = list(object, "targets");
    const mine = targets.filter((target) => who.targets.includes(String(target)));
    if (targets.length > 0 && mine.length === 0) return [];
    if (wanted.length > 0 && !wanted.some((target) => mine.includes(target))) return [];
    return [{ ...object, targets: mine }];
  });
}

function filterEvents(office: Office, events: OadrObject[], { query }: Ask): OadrObject[] {
  const program = query.get("programID");
  const active = query.get("active");
  if (active !== null && active !== "true" && active !== "false")
    throw new Problem(400, "active", "active: boolean");
  const nowMs = office.clock.nowMs();
  return events.filter((event) => {
    if (program !== null && event["programID"] !== program) return false;
    return active === null || isActive(event, nowMs) === (active === "true");
  });
}

function isActive(event: OadrObject, nowMs: number): boolean {
  const startMs = Date.parse(String(field(event, "intervalPeriod", "start")));
  const seconds = Number(/^PT(\d+)S$/.exec(String(field(event, "intervalPeriod", "duration")))?.[1] ?? 0);
  return startMs <= nowMs && nowMs < startMs + seconds * 1000;
}

/** `skip` and `limit` of a list; above 50 is an error, not a smaller page. */
function page(ask: Ask, objects: OadrObject[]): OadrObject[] {
  const skip = countOf(ask, "skip", 0);
  const limit = countOf(ask, "limit", MAX_LIMIT);
  if (limit > MAX_LIMIT) throw new Problem(400, "limit", `limit: Validation error: at most ${MAX_LIMIT}`);
  return objects.slice(skip, skip + limit);
}

function countOf(ask: Ask, key: string, fallback: number): number {
  const given = ask.query.get(key);
  if (given === null) return fallback;
  if (!/^\d{1,9}$/.test(given))
    throw new Problem(400, key, `${key}: Validation error: a whole number from 0`);
  return Number(given);
}

function oneOf(objects: OadrObject[], id: string | undefined): OadrObject {
  const found = objects.find((object) => object["id"] === id);
  if (!found) throw new Problem(404, "not_found", "There is no such object.");
  return found;
}

function conflict(detail: string): Problem {
  return new Problem(409, "conflict", detail);
}
