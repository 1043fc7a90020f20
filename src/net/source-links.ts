import { unsupportedError } from "../model/errors.ts";
import type { SourceClock, SourceLinks } from "../model/source-link.ts";
import { createModbusLine, type ModbusLine } from "./modbus-link.ts";
import { createMqttFeed, type OpenMqttFeed } from "./mqtt-feed.ts";
import { createSourceHttp, type SourceHttpOptions } from "./source-http.ts";

export interface SourceLinksOptions {
  clock: SourceClock;
  /** The text of a secret by its reference; throws `SECRET_MISSING` or `SECRET_MODE` (5). */
  secret: (ref: string | null) => string;
  /** Answers as they came, for recordings. */
  onExchange?: NonNullable<SourceHttpOptions["onExchange"]>;
}

export interface OpenSourceLinks extends SourceLinks {
  close(): Promise<void>;
}

/** All links of the sources of a home: one connection per device or broker, however many sources use it. */
export function createSourceLinks(options: SourceLinksOptions): OpenSourceLinks {
  const http = createSourceHttp(options);
  const feeds = new Map<string, OpenMqttFeed>();
  const lines = new Map<string, ModbusLine>();
  return {
    clock: options.clock,
    http: http.request,
    mqtt(access) {
      return known(feeds, JSON.stringify(access), () => createMqttFeed({ ...options, access }));
    },
    modbus(access) {
      const { host, port } = access;
      return known(lines, JSON.stringify([host, port]), () => createModbusLine(host, port)).unit(access);
    },
    exec() {
      throw unsupportedError("x", "x");
    },
    homeAssistant() {
      throw unsupportedError("x", "x");
    },
    async close() {
      http.close();
      for (const line of lines.values()) line.close();
      await Promise.all([...feeds.values()].map((feed) => feed.close()));
    },
  };
}

function known<T>(map: Map<string, T>, key: string, create: () => T): T {
  const value = map.get(key) ?? create();
  map.set(key, value);
  return value;
}
