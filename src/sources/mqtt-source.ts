import type { Sample, Source } from "../model/source.ts";
import type { SourceConfig } from "../model/source-config.ts";
import type { MqttMessage, SourceLinks } from "../model/source-link.ts";
import { addressOf, blockOf, hostOf } from "./addresses.ts";
import { createNormalizer, optionalSelect, sourceHead, unknown } from "./normal-form.ts";
import { parseTolerant } from "./payload.ts";

const DEFAULT_TIMEOUT_S = 5;
const DEFAULT_PORT = 1883;

/**
 * A source that its device tells by MQTT (sources.md §4.2). A message that the broker had kept is of unknown age: it is
 * shown and not acted on, until a live one comes or the payload carries a time. No message within `max_age_s` is missing.
 */
export function createMqttSource(config: SourceConfig, links: SourceLinks): Source {
  const options = blockOf(config, config.mqtt);
  const normalizer = createNormalizer(config);
  const timeOf = optionalSelect(options.time_select, config.name);
  const feed = links.mqtt({
    url: brokerUrl(config, options.url),
    user: options.user,
    secretRef: config.secret_ref,
    tls: options.tls,
    fingerprint: options.fingerprint,
    allowPublic: config.allow_public,
  });
  const settleMs = (config.timeout_s ?? DEFAULT_TIMEOUT_S) * 1000;
  const { availability_topic: availability } = options;

  const sampleOf = (message: MqttMessage): Sample => {
    // An empty payload is how a device takes its value back.
    if (message.text === "") return unknown("DEVICE_GONE");
    const body = parseTolerant(message.text);
    const sample = normalizer.answer(body);
    const saidMono = timeOf ? toMono(timeOf(body).value, links.clock) : null;
    const observedMono = Math.min(saidMono ?? message.receivedMono, message.receivedMono);
    const isAgeUnknown = message.isRetained && saidMono === null;
    return { ...sample, observedMono, ...(isAgeUnknown ? { isAgeUnknown: true } : {}) };
  };
  return {
    ...sourceHead(config),
    async read(signal) {
      const states = availability === null ? null : feed.latest(availability);
      await feed.settle(options.topic, settleMs, signal);
      const state = (availability === null ? null : feed.latest(availability)) ?? states;
      if (state && isGone(state.text, options)) return unknown("DEVICE_OFFLINE");
      const message = feed.latest(options.topic);
      if (message === null) return unknown("NO_MESSAGE");
      const sample = sampleOf(message);
      const ageS = (links.clock.monoMs() - (sample.observedMono ?? 0)) / 1000;
      if (config.max_age_s !== null && ageS > config.max_age_s) return unknown("NO_MESSAGE");
      return sample;
    },
  };
}

function brokerUrl(config: SourceConfig, url: string | null): string {
  if (url !== null) return addressOf(config, url, ["mqtt", "mqtts"]);
  const { host, port } = hostOf(config, DEFAULT_PORT);
  return `mqtt://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Plain (`offline`) or as JSON (`{"state":"offline"}`), as Zigbee2MQTT has both. */
function isGone(
  text: string,
  options: { payload_available: string; payload_not_available: string },
): boolean {
  const body = parseTolerant(text);
  const word =
    typeof body === "object" && body !== null && "state" in body ? String(body.state) : text.trim();
  return word === options.payload_not_available;
}

function toMono(value: unknown, clock: SourceLinks["clock"]): number | null {
  const epochMs =
    typeof value === "number" ? (value > 1e11 ? value : value * 1000) : Date.parse(zoned(value) ?? "");
  if (!Number.isFinite(epochMs)) return null;
  const ageMs = clock.nowMs() - epochMs;
  return clock.monoMs() - Math.max(0, ageMs);
}

/** A moment without a zone is the device's own idea of local time: not compared (sources.md §6). */
function zoned(value: unknown): string | null {
  return typeof value === "string" && /(?:Z|[+-]\d\d:?\d\d)$/i.test(value) ? value : null;
}
