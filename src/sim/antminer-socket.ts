import type { AntminerDevice } from "./antminer-device.ts";
import {
  bestShare,
  boardTemperatures,
  fanSpeeds,
  rates,
  round,
  shareAge,
  shortNumber,
  statsBody,
} from "./antminer-pages.ts";
import { type CgminerAnswer, type CgminerRequest, parseRequest, serialize } from "./cgminer-wire.ts";

const DESCRIPTION = "cgminer 1.0.0";
const HEAD = { BMMiner: "1.0.0", Miner: "49.0.1.3", CompileTime: "Sat Mar 11 14:02:23 CST 2023" };

type Handler = (device: AntminerDevice) => CgminerAnswer;

/** `api-groups` of the factory: reads, and nothing else. */
const reads: Record<string, Handler> = {
  version: (device) =>
    answer(22, "CGMiner versions", "VERSION", [{ ...HEAD, API: "3.1", Type: type(device) }]),
  summary: (device) => answer(11, "Summary", "SUMMARY", [summaryRow(device)]),
  stats: (device) =>
    answer(70, "CGMiner stats", "STATS", [{ ...HEAD, Type: type(device) }, statsRow(device)]),
  pools: (device) => answer(7, `${device.work.pools.length} Pool(s)`, "POOLS", poolRows(device)),
};

/** Port 4028; null closes without a word, undefined waits for the rest of the request. */
export function answerSocket(device: AntminerDevice, bytes: string): string | null | undefined {
  // Its mining process is what listens there.
  if (!device.isUp) return null;
  const request = parseRequest(bytes);
  if (request === null) return undefined;
  if (request === "invalid") return refused(device, { ...NO_REQUEST, isJson: true }, 23, "Invalid JSON");
  const isNew = request.isJson && request.body["new_api"] === true && device.build.knowsNewStats;
  if (isNew && request.commands[0] === "stats") return `${JSON.stringify(statsBody(device, true))}\0`;
  const unknown = request.commands.find((command) => !Object.hasOwn(reads, command));
  if (unknown !== undefined) {
    const isWrite = ["switchpool", "addpool", "removepool", "restart", "quit", "ascset"].includes(unknown);
    return isWrite
      ? refused(device, request, 45, `Access denied to '${unknown}' command`)
      : refused(device, request, 14, "Invalid command");
  }
  const answers = new Map(
    request.commands.map((command) => [command, (reads[command] as Handler)(device)] as const),
  );
  const text = serialize(request, answers, device.epochS, DESCRIPTION);
  // The list of `stats` lacks the comma between its two entries (miners.md §3.3, row 2).
  return request.isJson && request.commands.includes("stats")
    ? text.replaceAll('"},{"STATS":0', '"}{"STATS":0')
    : text;
}

const NO_REQUEST: CgminerRequest = { isJson: true, commands: [""], parameter: "", body: {} };

function refused(device: AntminerDevice, request: CgminerRequest, code: number, message: string): string {
  const answers = new Map([
    [request.commands[0] ?? "", { status: "E" as const, code, message, sections: [] }],
  ]);
  return serialize(
    { ...request, commands: [request.commands[0] ?? ""] },
    answers,
    device.epochS,
    DESCRIPTION,
  );
}

function answer(code: number, message: string, name: string, rows: Record<string, unknown>[]): CgminerAnswer {
  return { status: "S", code, message, sections: [{ name, rows }] };
}

function type(device: AntminerDevice): string {
  return device.model.minerType;
}

function summaryRow(device: AntminerDevice): Record<string, unknown> {
  const { rate_5s, rate_avg, rate_30m } = rates(device);
  const { pools } = device.work;
  const sum = (value: (pool: (typeof pools)[number]) => number) =>
    pools.reduce((total, pool) => total + value(pool), 0);
  return {
    Elapsed: device.uptimeS,
    "GHS 5s": rate_5s,
    "GHS av": rate_avg,
    "GHS 30m": rate_30m,
    "Found Blocks": 0,
    Accepted: sum((pool) => pool.accepted),
    Rejected: sum((pool) => pool.rejected),
    "Hardware Errors": 12,
    Stale: sum((pool) => pool.stale),
    "Difficulty Accepted": sum((pool) => pool.acceptedDifficulty),
    "Difficulty Rejected": sum((pool) => pool.rejectedDifficulty),
    "Best Share": bestShare(device),
    "Pool Stale%%": 0,
  };
}

/** The old form: no watts, chains as strings, an empty one for the board that is not there. */
function statsRow(device: AntminerDevice): Record<string, unknown> {
  const row: Record<string, unknown> = { STATS: 0, ID: "BTM_SOC0", Elapsed: device.uptimeS };
  const { rate_5s, rate_avg, rate_30m } = rates(device);
  Object.assign(row, { "GHS 5s": rate_5s, "GHS av": rate_avg, rate_30m, Mode: 2, miner_count: 3 });
  for (const [index, rpm] of fanSpeeds(device).entries()) row[`fan${index + 1}`] = rpm;
  Object.assign(row, { fan_num: 4, temp_num: 3 });
  for (let board = 0; board < 3; board++) {
    const { chip, pcb } = boardTemperatures(device, board);
    Object.assign(row, {
      [`temp_chip${board + 1}`]: chip.join("-"),
      [`temp_pcb${board + 1}`]: pcb.join("-"),
      [`chain_acn${board + 1}`]: device.isHashing ? device.model.chipsPerBoard : 0,
      [`chain_rate${board + 1}`]: round((device.hashrateThs * 1000) / 3).toFixed(2),
      [`freq${board + 1}`]: 525,
    });
  }
  const missing = { temp_chip4: "0-0-0-0", temp_pcb4: "0-0-0-0", chain_acn4: 0, chain_rate4: "", freq4: 0 };
  return { ...row, ...missing, rate_unit: "GH", total_rateideal: device.nominalGhs, miner_id: "0000" };
}

function poolRows(device: AntminerDevice): Record<string, unknown>[] {
  return device.work.pools.map((pool, index) => ({
    POOL: index,
    URL: pool.entry.url,
    Status: pool.isAlive ? "Alive" : "Dead",
    Priority: index,
    Quota: 1,
    Accepted: pool.accepted,
    Rejected: pool.rejected,
    Stale: pool.stale,
    User: pool.entry.user,
    "Last Share Time": shareAge(device, pool),
    Diff: shortNumber(pool.difficulty),
    "Difficulty Accepted": pool.acceptedDifficulty,
    "Difficulty Rejected": pool.rejectedDifficulty,
    "Last Share Difficulty": pool.lastShareDifficulty,
    "Has Stratum": true,
    "Stratum Active": device.work.active === index,
    "Best Share": pool.bestShare,
  }));
}
