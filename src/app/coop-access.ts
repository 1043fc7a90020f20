import type { SecretStore } from "../config/secrets.ts";
import { type CoopApi, createCoopApi } from "../coop/coop-api.ts";
import { SECRET_NAMES } from "../coop/enrolment.ts";
import type { TokenStore } from "../coop/tokens.ts";
import { parseStoredTokens } from "../coop/tokens.ts";
import type { Clock } from "../model/clock.ts";
import type { HearthConfig } from "../model/config.ts";
import { accessError } from "../model/errors.ts";
import type { Http } from "../net/http.ts";

/** The rotating tokens of the pairing, in their secret file. */
export function tokenStore(secrets: SecretStore): TokenStore {
  return {
    read: () => parseStoredTokens(secrets.read(SECRET_NAMES.tokens) ?? ""),
    write: (tokens) => {
      secrets.write(SECRET_NAMES.tokens, JSON.stringify(tokens));
    },
  };
}

/** The member's API at the co-op. Throws `NOT_PAIRED` (5) without a pairing that has one. */
export function coopApiOf(options: {
  config: HearthConfig;
  clock: Clock;
  http: Http;
  secrets: SecretStore;
}): CoopApi {
  const { config, clock, http, secrets } = options;
  if (config.coop?.kind !== "coop" || !config.coop.url) {
    throw accessError("NOT_PAIRED", "This home is not paired with a co-op", {
      left: "Nothing was changed",
      hint: "hearth pair --coop URL",
    });
  }
  return createCoopApi({ http, clock, baseUrl: config.coop.url, tokens: tokenStore(secrets) });
}
