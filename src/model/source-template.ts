import { z } from "zod";
import { sourceRoles } from "./source-config.ts";

const path = z.string().min(1).max(2000);
/** Options of one entry of `sources[]`; judged by `sourceSchema` once it is filled in. */
const entry = z.record(z.string(), z.unknown());

/** How a device of the template is told from others: one unauthenticated read that changes nothing. */
const probeSchema = z.object({
  /** As `http://{host}/shelly`; a port in it yields to the one that the person named. */
  url: path,
  /** JMESPath over the answer (an answer that is no JSON is its text): true, or the device is another. */
  match: path,
  /** The status of that answer: 401 and 403 where a device says who it is by the way in which it wants a login. */
  status: z.union([z.literal(200), z.literal(401), z.literal(403)]).default(200),
  /** Further addresses: then the paths see `{main, <name>…}`; one that is not answered with 200 is null. */
  also: z.record(z.string(), path).default({}),
  /** JMESPath of its serial number or MAC; becomes `identity.expected`. */
  id: path.nullable().default(null),
  /** JMESPath of its model, for people. */
  model: path.nullable().default(null),
  headers: z.record(z.string(), z.string()).default({}),
  tls: z.enum(["verify", "insecure"]).default("verify"),
});

/**
 * One file of `templates/sources/NAME.yaml`: a kind of device as data. `entry` holds what all its sources have in
 * common, `roles` what each role adds or replaces; both in the words of `sources[]` (interfaces.md §2). Texts may hold
 * `{host}` (filled in when the source is used) and `{NAME}` for each of `params` (filled in when it is added).
 */
export const sourceTemplateSchema = z.strictObject({
  schema: z.literal("hearth.source/1"),
  /** The file's name without `.yaml`; the word for `--template` and for `kind`. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{1,31}$/),
  /** Maker and models. */
  title: z.string().min(3).max(120),
  /** Section of the facts that it is built on. */
  facts: z.string().min(3).max(120),
  /** Values to choose, with what is taken when nothing is said; null: has to be said. */
  params: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]{0,31}$/),
      z.object({
        about: z.string().min(3).max(200),
        default: z.union([z.string(), z.number()]).nullable().default(null),
        /** A value as people would write it, where there is no default. */
        example: z.union([z.string(), z.number()]).nullable().default(null),
      }),
    )
    .default({}),
  probe: probeSchema.nullable().default(null),
  /** Does it take a secret: none at all, only where the owner set one, or always. */
  secret: z.enum(["none", "optional", "required"]).default("none"),
  entry,
  /** What is added to it where a secret is given, as an address with `{secret}` in it. */
  with_secret: entry.default({}),
  roles: z.partialRecord(z.enum(sourceRoles), entry),
  /** Pitfalls in whole sentences; shown when a source is added. */
  notes: z.array(z.string().min(10).max(300)).default([]),
});

export type SourceTemplate = z.infer<typeof sourceTemplateSchema>;
