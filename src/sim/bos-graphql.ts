import type { BosDevice } from "./bos-device.ts";
import type { WebReply, WebRequest } from "./device-port.ts";
import { GraphqlFault, type GraphqlNode, type GraphqlResolver, runGraphql } from "./graphql-wire.ts";

/** Who has logged in at the page of one device. */
export interface BosSessions {
  password: string;
  /** Session by its cookie, with the start of the device that it belongs to. */
  open: Map<string, number>;
  newToken(): string;
}

/**
 * `POST /graphql` of Braiins OS (miners.md §7.7): questions need no login, changes need the cookie of one, and a wrong
 * password is an answer with status 200. `canChange` is false for releases that take changes elsewhere.
 */
export function answerBosGraphql(
  device: BosDevice,
  sessions: BosSessions,
  version: string,
  canChange: boolean,
  request: WebRequest,
): WebReply {
  const question = parsed(request.body);
  if (question === null) return { status: 400, type: "text/plain", body: "Invalid request" };
  const cookie = /session_id=([^;]+)/.exec(request.headers["cookie"] ?? "")?.[1] ?? "";
  const isLoggedIn = sessions.open.get(cookie) === device.bootNumber;
  const guarded: Guarded = (resolver) => (values) => {
    if (!isLoggedIn) throw new GraphqlFault("Unauthorized access", "UNAUTHORIZED");
    return resolver(values);
  };
  let created: string | null = null;
  const login: GraphqlResolver = ({ username, password }) => {
    if (username !== "root" || password !== sessions.password) {
      return { __typename: "AuthError", message: "Invalid username or password" };
    }
    created = sessions.newToken();
    sessions.open.set(created, device.bootNumber);
    return DONE;
  };
  const answer = runGraphql(question.query, question.variables, {
    query: questions(device, version),
    mutation: { auth: { login }, ...(canChange ? changes(device, guarded) : {}) },
  });
  const cookies =
    created === null ? {} : { headers: { "set-cookie": `session_id=${created}; HttpOnly; SameSite=Strict` } };
  return { status: 200, body: JSON.stringify(answer), ...cookies };
}

type Guarded = (resolver: GraphqlResolver) => GraphqlResolver;

function parsed(body: string): { query: string; variables: Record<string, unknown> } | null {
  try {
    const { query, variables } = JSON.parse(body);
    return typeof query === "string" ? { query, variables: variables ?? {} } : null;
  } catch {
    return null;
  }
}

const DONE = { __typename: "VoidResult", void: "" };

function questions(device: BosDevice, version: string): GraphqlNode {
  const { model, stored } = device;
  return {
    bos: {
      __typename: "Bos",
      hostname: stored.hostname,
      hwid: device.hardwareId,
      faultLight: device.isLocated,
      info: { version: { full: version } },
      uptime: { durationS: device.uptimeS },
    },
    bosminer: {
      info: info(device),
      config: {
        __typename: "BosminerConfig",
        autotuning: {
          enabled: true,
          mode: "POWER_TARGET",
          powerTarget: stored.targetW,
          hashrateTarget: null,
        },
        groups: stored.groups.map(({ id, name, quota, ratio, pools }) => ({
          id,
          name,
          strategy:
            quota === null
              ? { __typename: "FixedShareRatioStrategy", fixedShareRatio: ratio }
              : { __typename: "QuotaStrategy", quota },
          pools: pools.map(({ isEnabled, ...pool }) => ({ ...pool, enabled: isEnabled })),
        })),
      },
      metadata: {
        autotuning: {
          powerTarget: { min: model.minW, max: model.maxW, default: model.startW, step: 1, unit: "W" },
        },
      },
    },
  };
}

function info(device: BosDevice): GraphqlNode {
  const { model, figures } = device;
  const mhs5S = (figures.hashrateThs[5] ?? 0) * 1e6;
  return {
    modelName: model.name,
    fans: Array.from({ length: model.fanPlaces }, (_, index) => ({
      name: String(index),
      rpm: device.fanRpm(index),
      speed: device.fanPercent,
    })),
    summary: { power: { approxConsumptionW: figures.powerW, limitW: device.targetW } },
    workSolver: { realHashrate: { mhs5S } },
    poolGroups: device.groups.map(({ name, work }) => ({
      name,
      pools: work.pools.map((pool, index) => ({
        url: pool.entry.url,
        user: pool.entry.user,
        status: pool.isAlive ? "ALIVE" : "DEAD",
        active: work.active === index,
        shares: { acceptedSolutions: pool.accepted, rejectedSolutions: pool.rejected },
      })),
    })),
  };
}

function changes(device: BosDevice, guarded: Guarded): GraphqlNode {
  return {
    bos: {
      setFaultLight: guarded(({ enable }) => {
        device.locate(enable === true);
        return { __typename: "FaultLight", enabled: enable };
      }),
    },
    bosminer: {
      restart: guarded(() => {
        device.restart();
        return DONE;
      }),
      config: {
        __typename: "BosminerConfigurator",
        updateAutotuning: guarded(({ input, apply }) => updateAutotuning(device, input, apply)),
        updateGroups: guarded(({ groups }) => updateGroups(device, groups)),
      },
    },
  };
}

/** Changes only what the input names; `apply` restarts the tuner with it. */
function updateAutotuning(device: BosDevice, input: unknown, apply: unknown): GraphqlNode {
  const { powerTarget, ...others } = (input ?? {}) as GraphqlNode;
  if (Object.keys(others).some((key) => key !== "mode" && key !== "enabled")) {
    throw new GraphqlFault('Unknown field on input type "AutotuningIn".');
  }
  if (typeof powerTarget !== "number" || !Number.isInteger(powerTarget)) {
    return { __typename: "AttributeError", message: "powerTarget is not an integer" };
  }
  const { minW, maxW } = device.model;
  if (powerTarget < minW || powerTarget > maxW) {
    return {
      __typename: "AutotuningError",
      message: `Power target must be between ${minW} and ${maxW}`,
      powerTarget: "out of range",
    };
  }
  if (apply === true) device.setTarget(powerTarget);
  return { __typename: "AutotuningOut", autotuning: { powerTarget, enabled: true } };
}

/** Stored at once; the mining process takes them up when it restarts. */
function updateGroups(device: BosDevice, told: unknown): GraphqlNode {
  const groups = Array.isArray(told) ? (told as GraphqlNode[]) : [];
  const isValid = groups.every(
    ({ name, quota, pools }) =>
      typeof name === "string" &&
      Number.isInteger(quota) &&
      Array.isArray(pools) &&
      pools.every((pool: GraphqlNode) => /^stratum2?\+(tcp|ssl):\/\/./.test(String(pool["url"]))),
  );
  if (groups.length === 0 || !isValid) return { __typename: "GroupListError", message: "Invalid group" };
  const stored = groups.map(({ name, quota, pools }) => ({
    name: String(name),
    quota: Number(quota),
    ratio: null,
    pools: (pools as GraphqlNode[]).map(({ url, user, password }) => ({
      url: String(url),
      user: String(user),
      password: String(password ?? ""),
    })),
  }));
  device.setGroups(stored, false);
  return { __typename: "GroupList", groups: device.stored.groups.map(({ id }) => ({ id })) };
}
