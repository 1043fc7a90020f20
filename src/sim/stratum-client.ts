import { connect, type Socket } from "node:net";
import { createLineReader } from "./line-reader.ts";

/** Where to mine and as whom. */
export interface PoolEntry {
  /** `stratum+tcp://host:port`. */
  url: string;
  user: string;
  password: string;
}

/** What the pool said to one share; `lost` when it went away before it answered. */
export type ShareAnswer = "accepted" | "stale" | "rejected" | "lost";

/** Real time that an emulated miner gives a pool for one answer. */
const ANSWER_MS = 5000;

interface Answer {
  result: unknown;
  error: unknown;
}

/** One stratum v1 connection of an emulated miner: subscribes, authorizes, submits, one answer at a time. */
export class StratumClient {
  /** Share difficulty the pool asks for; 0 before it said so. */
  difficulty = 0;
  #job: string | null = null;
  #nextId = 1;
  readonly #socket: Socket;
  readonly #entry: PoolEntry;
  readonly #waiting = new Map<number, (answer: Answer | null) => void>();
  /** Only a connection that worked can be lost. */
  #onLost: (() => void) | null = null;

  /** Connects and logs in; null when the pool is gone, refuses the user or gives no work. */
  static async open(entry: PoolEntry, agent: string, onLost: () => void): Promise<StratumClient | null> {
    const target = /^(?:stratum\+tcp:\/\/)?\[?([^\]]+?)\]?:(\d{1,5})\/?$/.exec(entry.url);
    if (target?.[1] === undefined) return null;
    const socket = connect({ host: target[1], port: Number(target[2]), noDelay: true });
    const client = new StratumClient(socket, entry);
    if ((await client.#isConnected()) && (await client.#login(agent))) {
      client.#onLost = onLost;
      return client;
    }
    client.close();
    return null;
  }

  private constructor(socket: Socket, entry: PoolEntry) {
    this.#socket = socket;
    this.#entry = entry;
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#lose());
    createLineReader(socket, (line) => this.#take(line));
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  /** Sends one share; `isStale` sends it for a job that is long over. */
  async submit(nonce: number, isStale: boolean): Promise<ShareAnswer> {
    const job = isStale ? "stale" : (this.#job ?? "");
    const nonceHex = nonce.toString(16).padStart(8, "0");
    const answer = await this.#call("mining.submit", [this.#entry.user, job, nonceHex, "65a4f280", nonceHex]);
    if (answer === null) return "lost";
    if (answer.result === true) return "accepted";
    return Array.isArray(answer.error) && answer.error[0] === 21 ? "stale" : "rejected";
  }

  close(): void {
    this.#socket.destroy();
  }

  async #isConnected(): Promise<boolean> {
    return await new Promise((resolve) => {
      const timer = setTimeout(() => this.#socket.destroy(), ANSWER_MS);
      const settle = (isConnected: boolean) => {
        clearTimeout(timer);
        resolve(isConnected);
      };
      this.#socket.once("connect", () => settle(true));
      this.#socket.once("close", () => settle(false));
    });
  }

  async #login(agent: string): Promise<boolean> {
    const subscribed = await this.#call("mining.subscribe", [agent]);
    if (subscribed === null || !Array.isArray(subscribed.result)) return false;
    const authorized = await this.#call("mining.authorize", [this.#entry.user, this.#entry.password]);
    // Difficulty and first job come in the same breath as the answer; without them there is nothing to do.
    for (let turn = 0; turn < 20 && this.isOpen && this.#job === null; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    return authorized?.result === true && this.#job !== null && this.difficulty > 0;
  }

  #call(method: string, params: unknown[]): Promise<Answer | null> {
    if (!this.isOpen) return Promise.resolve(null);
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#socket.destroy(), ANSWER_MS);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#socket.write(`${JSON.stringify({ id, method, params })}\n`);
    });
  }

  #take(line: string): void {
    let message: { id?: unknown; method?: unknown; params?: unknown; result?: unknown; error?: unknown };
    try {
      message = JSON.parse(line) as typeof message;
    } catch {
      this.#socket.destroy();
      return;
    }
    const params: unknown[] = Array.isArray(message.params) ? message.params : [];
    if (message.method === "mining.set_difficulty") this.difficulty = Number(params[0]) || 0;
    else if (message.method === "mining.notify") this.#job = String(params[0]);
    else if (typeof message.id === "number") {
      const settle = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      settle?.({ result: message.result, error: message.error });
    }
  }

  #lose(): void {
    for (const settle of this.#waiting.values()) settle(null);
    this.#waiting.clear();
    this.#onLost?.();
  }
}
