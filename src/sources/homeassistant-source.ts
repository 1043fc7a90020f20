import type { Sample, Source } from "../model/source.ts";
import type { SourceConfig } from "../model/source-config.ts";
import type { EntityFeed, EntityState, SourceLinks } from "../model/source-link.ts";
import { addressOf, blockOf, hostOf } from "./addresses.ts";
import { createNormalizer, sourceHead, unknown } from "./normal-form.ts";
import { isPowerOrTemperature } from "./units.ts";

const DEFAULT_PORT = 8123;
/** States that are words and no values (sources.md §3.1). */
const NO_VALUES = new Set(["unavailable", "unknown", "", "none", "None"]);

/**
 * State or attribute of an entity of Home Assistant. The unit is read with every value, because its owner may change it
 * at any time; power without a unit is missing, not watts. A constant value that is rewritten is not old.
 */
export function createHomeassistantSource(config: SourceConfig, links: SourceLinks): Source {
  const options = blockOf(config, config.homeassistant);
  const normalizer = createNormalizer(config);
  const feed = links.homeAssistant({
    url: new URL(baseUrl(config, options.url)).origin,
    secretRef: config.secret_ref,
    tls: options.tls,
    fingerprint: options.fingerprint,
    allowPublic: config.allow_public,
  });
  const sampleOf = async (entity: EntityState, signal: AbortSignal): Promise<Sample> => {
    const { attribute } = options;
    if (NO_VALUES.has(entity.state)) return unknown("ENTITY_UNAVAILABLE");
    if (entity.attributes["restored"] === true) return unknown("ENTITY_RESTORED");
    const value = attribute === null ? entity.state : (entity.attributes[attribute] ?? null);
    const unit = await unitOf(entity, attribute, config, feed, signal);
    if (unit === null && isPowerOrTemperature(config.role)) return unknown("UNIT_MISSING");
    return normalizer.number(value, unit);
  };
  return {
    ...sourceHead(config),
    async read(signal) {
      const entity = await feed.state(options.entity, signal);
      if (entity === null) return unknown("ENTITY_MISSING");
      return { ...(await sampleOf(entity, signal)), observedMono: entity.reportedMono };
    },
  };
}

/** Attributes carry no unit: a temperature among them is in the unit of the whole system. */
async function unitOf(
  { attributes }: EntityState,
  attribute: string | null,
  { role }: SourceConfig,
  feed: EntityFeed,
  signal: AbortSignal,
): Promise<string | null> {
  const isDegrees = role === "room" || role === "outdoor";
  if (attribute !== null && isDegrees) return feed.temperatureUnit(signal);
  const told = attributes["unit_of_measurement"];
  return typeof told === "string" && told !== "" ? told : null;
}

function baseUrl(config: SourceConfig, url: string | null): string {
  if (url !== null) return addressOf(config, url, ["http", "https"]);
  const { host, port } = hostOf(config, DEFAULT_PORT);
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
