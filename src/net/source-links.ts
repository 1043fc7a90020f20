import type { SourceClock, SourceLinks } from "../model/source-link.ts";
import { runProgram } from "./exec-link.ts";
import { createEntityFeed, type OpenEntityFeed } from "./home-assistant-feed.ts";
import { createModbusLine, type ModbusLine } from "./modbus-link.ts";
import { createMqttFeed, type OpenMqttFeed } from "./mqtt-feed.ts";
import { createSourceHttp } from "./source-http.ts";

/** One question and its answer, for recordings. */
export interface SourceExchange {
  protocol: "http" | "modbus" | "mqtt";
  /** Method and path; register, address and count; or topic. */
  request: string;
  /** HTTP only. */
  status: number | null;
  /** Text of the answer; registers as a JSON list of words. */
  text: string;
}

export interface SourceLinksOptions {
  clock: SourceClock;
  /** The text of a secret by its reference; throws `SECRET_MISSING` or `SECRET_MODE` (5). */
  secret: (ref: string | null) => string;
  /** Answers as they came, for recordings. */
  onExchange?: (exchange: SourceExchange) => void;
}

export interface OpenSourceLinks extends SourceLinks {
  close(): Promise<void>;
}

/** All links of the sources of a home: one connection per device or broker, however many sources use it. */
export function createSourceLinks(options: SourceLinksOptions): OpenSourceLinks {
  const told = options.onExchange ?? (() => undefined);
  const http = createSourceHttp({ ...options, onExchange: (heard) => told({ protocol: "http", ...heard }) });
  const feeds = new Map<string, OpenMqttFeed>();
  const homes = new Map<string, OpenEntityFeed>();
  const lines = new Map<string, ModbusLine>();
  return {
    clock: options.clock,
    http: http.request,
    mqtt(access) {
      return known(feeds, JSON.stringify(access), () =>
        createMqttFeed({
          ...options,
          access,
          onMessage: (topic, text) => told({ protocol: "mqtt", request: topic, status: null, text }),
        }),
      );
    },
    modbus(access) {
      const { host, port } = access;
      const link = known(lines, JSON.stringify([host, port]), () => createModbusLine(host, port)).unit(
        access,
      );
      return {
        async read(register, address, count, signal) {
          const words = await link.read(register, address, count, signal);
          const request = `${register} ${address} ${count}`;
          told({ protocol: "modbus", request, status: null, text: JSON.stringify(words) });
          return words;
        },
      };
    },
    exec: runProgram,
    homeAssistant(access) {
      return known(homes, JSON.stringify(access), () =>
        createEntityFeed({ ...options, access, request: http.request }),
      );
    },
    async close() {
      http.close();
      for (const line of lines.values()) line.close();
      await Promise.all([...feeds.values(), ...homes.values()].map((feed) => feed.close()));
    },
  };
}

function known<T>(map: Map<string, T>, key: string, create: () => T): T {
  const value = map.get(key) ?? create();
  map.set(key, value);
  return value;
}
