import type { Socket } from "node:net";
import { createLineReader } from "./line-reader.ts";

/** Called for each judged share with the full user. */
type OnShare = (user: string, difficulty: number, isAccepted: boolean) => void;

const KEPT_JOBS = 3;
const EXTRANONCE2_BYTES = 4;

/** Jobs of a pool and the sessions that work on them; the last few jobs are still accepted. */
export class JobBoard {
  readonly #sessions = new Set<StratumSession>();
  #jobs: string[] = [];
  #count = 0;

  constructor() {
    this.next();
  }

  add(session: StratumSession): void {
    this.#sessions.add(session);
  }

  remove(session: StratumSession): void {
    this.#sessions.delete(session);
  }

  current(): string {
    return this.#jobs[0] ?? "";
  }

  isKnown(job: unknown): boolean {
    return typeof job === "string" && this.#jobs.includes(job);
  }

  /** Makes a new job and hands it to everybody at work. */
  next(): void {
    this.#count += 1;
    this.#jobs = [this.#count.toString(16).padStart(8, "0"), ...this.#jobs].slice(0, KEPT_JOBS);
    for (const session of this.#sessions) session.notify(false);
  }

  /** Distinct per connection, as a pool needs it. */
  extranonce(): string {
    this.#count += 1;
    return this.#count.toString(16).padStart(8, "0");
  }
}

/**
 * One miner's connection to the pool: stratum v1, JSON lines over TCP (subscribe, authorize, set_difficulty,
 * notify, submit). The work is not real, so shares are judged by form and job alone.
 */
export class StratumSession {
  readonly #socket: Socket;
  readonly #jobs: JobBoard;
  readonly #onShare: OnShare;
  readonly #users = new Set<string>();
  #difficulty = 0;
  #isSubscribed = false;

  constructor(socket: Socket, jobs: JobBoard, onShare: OnShare) {
    this.#socket = socket;
    this.#jobs = jobs;
    this.#onShare = onShare;
    createLineReader(socket, (line) => this.#take(line));
  }

  /** Sends the current job when this miner is ready for work. */
  notify(mustClean: boolean): void {
    if (this.#users.size === 0) return;
    const job = this.#jobs.current();
    const params = [
      job,
      "0".repeat(64),
      "01000000",
      "ffffffff",
      [],
      "20000000",
      "1703a30c",
      "65a4f280",
      mustClean,
    ];
    this.#send({ id: null, method: "mining.notify", params });
  }

  #take(line: string): void {
    let request: { id?: unknown; method?: unknown; params?: unknown };
    try {
      request = JSON.parse(line) as typeof request;
    } catch {
      this.#socket.destroy();
      return;
    }
    const id = request?.id ?? null;
    const params: unknown[] = Array.isArray(request?.params) ? request.params : [];
    switch (request?.method) {
      case "mining.subscribe":
        this.#subscribe(id, params);
        break;
      case "mining.authorize":
        this.#authorize(id, params);
        break;
      case "mining.submit":
        this.#submit(id, params);
        break;
      case "mining.configure":
        this.#send({ id, result: {}, error: null });
        break;
      case "mining.suggest_difficulty":
        // A pool may set its own difficulty, and this one does.
        this.#send({ id, result: true, error: null });
        break;
      default:
        this.#refuse(id, 20, "Other/Unknown");
    }
  }

  #subscribe(id: unknown, params: unknown[]): void {
    this.#difficulty = startDifficulty(typeof params[0] === "string" ? params[0] : "");
    this.#isSubscribed = true;
    const extranonce = this.#jobs.extranonce();
    const subscriptions = [
      ["mining.set_difficulty", extranonce],
      ["mining.notify", extranonce],
    ];
    this.#send({ id, result: [subscriptions, extranonce, EXTRANONCE2_BYTES], error: null });
  }

  #authorize(id: unknown, params: unknown[]): void {
    const user = params[0];
    if (!this.#isSubscribed) this.#refuse(id, 25, "Not subscribed");
    else if (typeof user !== "string" || !/^[\x21-\x7e]{1,128}$/.test(user)) {
      this.#refuse(id, 24, "Unauthorized worker");
    } else {
      this.#users.add(user);
      this.#send({ id, result: true, error: null });
      this.#send({ id: null, method: "mining.set_difficulty", params: [this.#difficulty] });
      this.notify(true);
    }
  }

  #submit(id: unknown, [user, job, extranonce2, time, nonce]: unknown[]): void {
    if (typeof user !== "string" || !this.#users.has(user)) {
      this.#refuse(id, 24, "Unauthorized worker");
      return;
    }
    const hasForm = isHex(extranonce2, EXTRANONCE2_BYTES) && isHex(time, 4) && isHex(nonce, 4);
    const isAccepted = hasForm && this.#jobs.isKnown(job);
    this.#onShare(user, this.#difficulty, isAccepted);
    if (isAccepted) this.#send({ id, result: true, error: null });
    else if (hasForm) this.#refuse(id, 21, "Job not found");
    else this.#refuse(id, 20, "Other/Unknown");
  }

  #refuse(id: unknown, code: number, text: string): void {
    this.#send({ id, result: null, error: [code, text, null] });
  }

  #send(message: unknown): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`);
  }
}

/** About one share a minute from a small heater, one per half minute from a single-chip board. */
function startDifficulty(agent: string): number {
  if (/^bitaxe/i.test(agent)) return 8192;
  return /^cgminer/i.test(agent) ? 262_144 : 65_536;
}

function isHex(value: unknown, bytes: number): boolean {
  return typeof value === "string" && value.length === bytes * 2 && /^[0-9a-f]+$/i.test(value);
}
