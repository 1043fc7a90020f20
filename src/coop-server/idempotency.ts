import { createHash } from "node:crypto";
import { type Answer, type Ask, Problem } from "./http-kit.ts";
import type { Office } from "./office.ts";
import { text, whole } from "./rows.ts";

const KEEP_MS = 30 * 86_400_000;

/**
 * The first answer again for a repeated POST (settlement.md §15). Same key with another body: 422; still running:
 * 409. Without a key every request stands for itself.
 */
export function createIdempotency(office: Office) {
  const running = new Set<string>();
  return async (subject: string, ask: Ask, work: () => Answer | Promise<Answer>): Promise<Answer> => {
    const key = ask.headers["idempotency-key"];
    if (key === undefined) return work();
    if (!/^[\x21-\x7e]{8,128}$/.test(key))
      throw new Problem(400, "idempotency_key", "The Idempotency-Key is unusable.");
    const bodyHash = createHash("sha256").update(`${ask.path}\n${ask.bodyText}`).digest("hex");
    const known = recall(office, key, subject, bodyHash);
    if (known) return known;
    const lock = `${subject} ${key}`;
    if (running.has(lock)) throw new Problem(409, "still_running", "The first request is still running.");
    running.add(lock);
    try {
      const answer = await work();
      remember(office, key, subject, bodyHash, answer);
      return answer;
    } finally {
      running.delete(lock);
    }
  };
}

function recall(office: Office, key: string, subject: string, bodyHash: string): Answer | null {
  const row = office.store.get("SELECT * FROM answers WHERE key = ? AND subject = ?", key, subject);
  if (!row) return null;
  if (text(row, "body_hash") !== bodyHash) {
    throw new Problem(422, "idempotency_mismatch", "This Idempotency-Key was used for another request.");
  }
  return { status: whole(row, "status"), body: JSON.parse(text(row, "body")) };
}

function remember(office: Office, key: string, subject: string, bodyHash: string, answer: Answer): void {
  const nowMs = office.clock.nowMs();
  office.store.run("DELETE FROM answers WHERE created_ms < ?", nowMs - KEEP_MS);
  const sql = "INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
  office.store.run(sql, key, subject, bodyHash, answer.status, JSON.stringify(answer.body), nowMs);
}
