import { z } from "zod";

export const sourceRoles = [
  "grid",
  "pv",
  "battery_power",
  "battery_soc",
  "load",
  "room",
  "outdoor",
  "ghi",
  "voltage",
  "import_price",
  "export_price",
  "miner_power",
] as const;
export type SourceRole = (typeof sourceRoles)[number];

const sourceName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,31}$/, "lower-case letters, digits, dot, dash, at most 32");
const path = z.string().min(1).max(2000);
const word = z.string().min(1).max(253);
const topic = z.string().regex(/^[^+#\u0000]{1,1000}$/, "one topic, without + and #");
const tls = z.enum(["verify", "fingerprint", "insecure"]);
const fingerprint = z
  .string()
  .regex(/^([0-9a-f]{2}:?){32}$/i, "the SHA-256 of the certificate, 64 hex digits")
  .nullable()
  .default(null);

const httpSchema = z.object({
  method: z.enum(["GET", "POST"]).default("GET"),
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/), z.string().max(1000)).default({}),
  /** Sent as it stands. */
  body: z.string().max(10_000).nullable().default(null),
  /** The secret is read from `secret_ref`; with `none` it may stand in the address or a header as `{secret}`. */
  auth: z.enum(["none", "basic", "digest", "bearer", "login"]).default("none"),
  /** With `auth: login`: where a token is fetched by POST, with `{secret}` in the JSON, and the field that holds it. */
  login: z
    .object({ url: path, body: z.string().max(2000), token: word })
    .nullable()
    .default(null),
  user: z.string().max(200).nullable().default(null),
  tls: tls.default("verify"),
  fingerprint,
  /** Further addresses read in the same round: then `select` sees `{main, <name>…}` in place of the one answer. */
  also: z.record(z.string().regex(/^[a-z][a-z0-9_]{0,31}$/), path).default({}),
});

const mqttSchema = z.object({
  /** `mqtt://` or `mqtts://`; absent: plain MQTT on port 1883 of `host`. */
  url: path.nullable().default(null),
  user: z.string().max(200).nullable().default(null),
  topic,
  availability_topic: topic.nullable().default(null),
  payload_available: z.string().default("online"),
  payload_not_available: z.string().default("offline"),
  /** JMESPath of a moment in the payload (RFC 3339 or epoch seconds): then a retained message has an age. */
  time_select: path.nullable().default(null),
  tls: tls.default("verify"),
  fingerprint,
});

export const modbusDecodes = ["int16", "uint16", "int32", "uint32", "float32", "int64", "uint64"] as const;
export type ModbusDecode = (typeof modbusDecodes)[number];

const modbusSchema = z.object({
  unit: z.int().min(0).max(255).default(1),
  register: z.enum(["holding", "input", "coil"]).default("holding"),
  /** As on the wire, from 0 (not 40001). */
  address: z.int().min(0).max(65_535),
  /** The seven types; `s` behind one for swapped words, `nan` behind it for the usual "not there" values. */
  decode: z
    .string()
    .regex(
      new RegExp(`^(${modbusDecodes.join("|")})s?(nan)?$`),
      `one of ${modbusDecodes.join(" ")}, then s, nan`,
    )
    .default("int16"),
  /** So many values one behind the other, the first at `address`, are added up: phases. */
  in_a_row: z.int().min(1).max(8).default(1),
  /** Further registers of the same decode, added to the first: phases. Addresses as on the wire. */
  plus: z.array(z.int().min(0).max(65_535)).max(8).default([]),
  /** Taken from the first: import and export apart. */
  minus: z.array(z.int().min(0).max(65_535)).max(8).default([]),
});

const execSchema = z.object({
  /** Program (absolute) and arguments; never a shell. */
  argv: z.array(z.string().max(4096)).min(1).max(64),
});

const calcSchema = z.object({
  op: z.enum(["add", "subtract", "max"]),
  /** Names of other sources. */
  inputs: z.array(sourceName).min(1).max(16),
});

const homeassistantSchema = z.object({
  /** Address of Home Assistant: `http://homeassistant.local:8123`; absent: port 8123 of `host`. */
  url: path.nullable().default(null),
  entity: z.string().regex(/^[a-z_]+\.[a-z0-9_]+$/, "as sensor.grid_power"),
  /** Read instead of the state, as `current_temperature` of a climate entity. */
  attribute: z.string().max(64).nullable().default(null),
  tls: tls.default("verify"),
  fingerprint,
});

const sunspecSchema = z.object({
  unit: z.int().min(0).max(255).default(1),
  /** Which device on the unit: the solar inverter, the meter, the battery. */
  part: z.enum(["inverter", "meter", "battery"]),
  /** Power, or how full the battery is. */
  point: z.enum(["power", "soc"]).default("power"),
  /** The which-th of that kind, from 0. */
  index: z.int().min(0).max(15).default(0),
});

/**
 * One entry of `sources[]` (interfaces.md §2). `null` means the default of the document that rules the field. Value =
 * ((what is read x `scale` + `offset`) from `unit` to the unit of the role), negated with `invert`.
 */
export const sourceSchema = z.object({
  name: sourceName,
  role: z.enum(sourceRoles),
  /** `http mqtt modbus exec calc homeassistant sunspec`, or the name of a template that says all the rest. */
  kind: z.string().min(2).max(32),
  template: z.string().nullable().default(null),
  /** Values of the template's own parameters, where `kind` names one. */
  params: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  url: z.string().nullable().default(null),
  select: z.string().nullable().default(null),
  unit: z.string().default("W"),
  scale: z.number().finite().default(1),
  invert: z.boolean().default(false),
  every_s: z.number().min(1).max(86_400).default(5),
  max_age_s: z.number().positive().nullable().default(null),
  zone: sourceName.nullable().default(null),
  /** Address of the device, HOST or HOST:PORT: stands for `{host}` in addresses. */
  host: word.nullable().default(null),
  /** Its address may lie outside home networks: a person said so. */
  allow_public: z.boolean().default(false),
  secret_ref: z.string().nullable().default(null),
  offset: z.number().finite().default(0),
  /** Plausible range, in the unit of the role; outside of it nothing is believed. */
  min: z.number().nullable().default(null),
  max: z.number().nullable().default(null),
  timeout_s: z.number().min(0.1).max(60).nullable().default(null),
  /** The number in a text: the first group, or the whole match. Applied to what `select` chose. */
  regex: z.string().max(500).nullable().default(null),
  /** JMESPath that must be true for the answer to count: the device's own "valid". */
  valid: path.nullable().default(null),
  /** JMESPath of a state in which a solar inverter sleeps: no value is then 0 W (`pv` only, sources.md §0). */
  asleep: path.nullable().default(null),
  /** Where the device tells its serial number or MAC, and which one is expected. */
  identity: z
    .object({
      /** Null where the protocol itself tells (SunSpec). */
      url: path.nullable().default(null),
      select: path.nullable().default(null),
      expected: z.string().nullable().default(null),
    })
    .nullable()
    .default(null),
  http: httpSchema.nullable().default(null),
  mqtt: mqttSchema.nullable().default(null),
  modbus: modbusSchema.nullable().default(null),
  exec: execSchema.nullable().default(null),
  calc: calcSchema.nullable().default(null),
  homeassistant: homeassistantSchema.nullable().default(null),
  sunspec: sunspecSchema.nullable().default(null),
});

export type SourceConfig = z.infer<typeof sourceSchema>;
export type TlsMode = z.infer<typeof tls>;
