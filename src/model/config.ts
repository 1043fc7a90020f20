import { z } from "zod";
import { sourceSchema } from "./source-config.ts";

export { type SourceConfig, type SourceRole, sourceRoles } from "./source-config.ts";

/**
 * `config.json` as interfaces.md §2 has it: snake_case in the file and here, because the file is an outer shape.
 * `null` means the default of the document that rules the field.
 */
const watts = z.number().finite().min(0).max(100_000);
const celsius = z.number().finite().min(-30).max(100);
const slug = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,31}$/, "lower-case letters, digits, dot, dash, at most 32");
const hour = z.string().regex(/^([01]\d|2[0-4]):[0-5]\d$/, "HH:MM");
const days = z.string().regex(/^[1-7](-[1-7])?$/, "ISO weekdays, as 1-5");

export const zoneProfiles = ["home", "shop", "barn", "greenhouse", "water"] as const;
export type ZoneProfile = (typeof zoneProfiles)[number];

const zoneSchema = z.object({
  name: slug,
  profile: z.enum(zoneProfiles).default("home"),
  set_c: celsius.nullable().default(null),
  floor_c: celsius.nullable().default(null),
  t_max_c: celsius.nullable().default(null),
  flex_dn_c: z.number().min(0).max(10).nullable().default(null),
  flex_up_c: z.number().min(0).max(10).nullable().default(null),
  policy: z.enum(["comfort", "heat-only", "mining-first"]).default("comfort"),
  backup_heat: z.boolean().default(false),
  on_sensor_loss: z
    .string()
    .regex(/^(duty|pause|fixed:\d{1,5})$/)
    .default("duty"),
  schedule: z.array(z.object({ days, at: hour, set_c: celsius })).default([]),
  /** Heat loss of the zone when the installer knows it, W/K; null: the default of control.md §10. */
  loss_w_per_k: z.number().positive().max(5000).nullable().default(null),
});

const minerSchema = z.object({
  name: slug,
  id: z.string().min(3).max(64),
  driver: z.string().min(2).max(16),
  host: z.string().min(1).max(253),
  port: z.int().min(1).max(65_535),
  zone: slug,
  circuit: slug,
  max_w: watts.nullable().default(null),
  on_exit: z.enum(["leave", "pmin", "off"]).nullable().default(null),
  secret_ref: z.string().nullable().default(null),
  /** Its address may lie outside home networks: a person said so. */
  allow_public: z.boolean().default(false),
  /** In the device's own words; adopted with the identity. */
  model: z.string().nullable().default(null),
});

export const coopSchema = z.object({
  kind: z.enum(["coop", "vtn"]),
  id: z.string(),
  name: z.string(),
  url: z.string().nullable(),
  key_thumbprint: z.string().nullable(),
  member: z.string().nullable(),
  /** IANA zone of the co-op's days; null: the home's. */
  tz: z.string().nullable().default(null),
  ownership: z.enum(["member", "coop"]).default("member"),
  roles: z.array(z.string()).default(["member"]),
  max_floor_c: z.number().default(18),
  openadr: z
    .object({
      vtn_url: z.string(),
      version: z.string().default("3.1"),
      token_url: z.string().nullable().default(null),
      client_id: z.string().nullable().default(null),
      secret_ref: z.string().nullable().default(null),
      ven_name: z.string().nullable().default(null),
      ven_id: z.string().nullable().default(null),
      programs: z.array(z.string()).default([]),
      targets: z.array(z.string()).default([]),
      poll_s: z.number().min(5).max(900).default(60),
      stale_s: z.number().default(21_600),
      simple_caps_percent: z.array(z.number()).length(4).default([100, 60, 25, 0]),
      ca_pem: z.string().nullable().default(null),
    })
    .nullable()
    .default(null),
});

const baseSchema = z.object({
  schema: z.literal("hearth.config/1"),
  home: z
    .object({
      name: z.string().max(80).default("Home"),
      tz: z.string().default("UTC"),
      temperature: z.enum(["C", "F"]).default("C"),
      lat: z.number().nullable().default(null),
      lon: z.number().nullable().default(null),
    })
    .prefault({}),
  panel: z
    .object({
      main_a: z.number().positive().default(100),
      voltage_v: z.number().positive().default(240),
      user_cap_w: watts.nullable().default(null),
      no_meter_cap_w: watts.nullable().default(null),
    })
    .prefault({}),
  circuits: z
    .array(
      z.object({
        name: slug,
        breaker_a: z.number().positive().max(200),
        voltage_v: z.number().positive().max(480),
        rated_100: z.boolean().default(false),
        other_w: watts.default(0),
      }),
    )
    .default([]),
  zones: z.array(zoneSchema).default([]),
  miners: z.array(minerSchema).default([]),
  sources: z.array(sourceSchema).default([]),
  tariff: z
    .object({
      id: z.string(),
      tz: z.string(),
      windows: z.array(z.object({ days, from: hour, to: hour, import_usd_kwh: z.number() })),
      export_usd_kwh: z.number().nullable().default(null),
    })
    .nullable()
    .default(null),
  control: z
    .object({
      tick_s: z.number().min(1).max(60).default(5),
      reserve_w: z.number().default(50),
      ride_through_wh: z.number().default(50),
      alt_heat_usd_kwh: z.number().nullable().default(0.12),
      coop_offline_policy: z
        .string()
        .regex(/^(normal|limit:\d{1,6})$/)
        .default("normal"),
      base_load_w: z.number().default(300),
      /** Watch only: decide and explain, write nothing. */
      observe_s: z.number().min(0).max(3600).default(30),
    })
    .prefault({}),
  coop: coopSchema.nullable().default(null),
  hooks: z.array(z.unknown()).default([]),
  mqtt: z.unknown().nullable().default(null),
  api: z.object({ listen: z.string().nullable().default(null) }).prefault({}),
});

/** The whole file, with every name that refers to another part of it checked (nothing may escape its circuit). */
export const configSchema = baseSchema.superRefine((config, context) => {
  const names = (list: readonly { name: string }[]) => list.map((entry) => entry.name);
  const complain = (path: (string | number)[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  for (const key of ["circuits", "zones", "miners", "sources"] as const) {
    const all = names(config[key]);
    const twice = all.find((name, index) => all.indexOf(name) !== index);
    if (twice !== undefined) complain([key], `the name ${twice} is there twice`);
  }
  for (const [index, miner] of config.miners.entries()) {
    if (!names(config.zones).includes(miner.zone))
      complain(["miners", index, "zone"], `there is no zone ${miner.zone}`);
    if (!names(config.circuits).includes(miner.circuit))
      complain(["miners", index, "circuit"], `there is no circuit ${miner.circuit}`);
  }
  for (const [index, { role, zone }] of config.sources.entries()) {
    if (role === "room" && (zone === null || !names(config.zones).includes(zone)))
      complain(["sources", index, "zone"], "a room's thermometer needs the name of a zone");
  }
  const zones = { home: config.home.tz, tariff: config.tariff?.tz ?? null, coop: config.coop?.tz ?? null };
  for (const [key, tz] of Object.entries(zones)) {
    if (tz !== null && !isTimeZone(tz)) complain([key, "tz"], `${tz} is no time zone; as America/Denver`);
  }
});

function isTimeZone(tz: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: tz });
    return true;
  } catch {
    return false;
  }
}

/** Zone in which days are settled: the co-op's, else the home's (settlement.md §11). */
export function settlementTz(config: HearthConfig): string {
  return config.coop?.tz ?? config.home.tz;
}

export type HearthConfig = z.infer<typeof configSchema>;
export type ZoneConfig = z.infer<typeof zoneSchema>;
export type MinerConfig = z.infer<typeof minerSchema>;
export type CoopConfig = z.infer<typeof coopSchema>;

/** Heat floors, set points and water limits by profile (control.md §5, product.md §5). */
export const profileDefaults: Record<
  ZoneProfile,
  { setC: number; floorC: number; maxC: number; overheatC: number; rearmC: number }
> = {
  home: { setC: 20, floorC: 15, maxC: 26, overheatC: 35, rearmC: 28 },
  shop: { setC: 16, floorC: 7, maxC: 26, overheatC: 35, rearmC: 28 },
  barn: { setC: 8, floorC: 4, maxC: 26, overheatC: 35, rearmC: 28 },
  greenhouse: { setC: 14, floorC: 10, maxC: 26, overheatC: 35, rearmC: 28 },
  water: { setC: 50, floorC: 45, maxC: 58, overheatC: 65, rearmC: 60 },
};
