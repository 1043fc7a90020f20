/** Tables of `state.db`: what the loop needs after a restart, and what waits for upload. */
export const stateSchema = `
CREATE TABLE IF NOT EXISTS state (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS intervals (
  miner TEXT NOT NULL,
  start_ms INTEGER NOT NULL,
  seconds INTEGER NOT NULL,
  wh INTEGER NOT NULL,
  quality TEXT NOT NULL,
  watt_max INTEGER,
  is_uploaded INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (start_ms, miner)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS intervals_pending ON intervals (start_ms) WHERE is_uploaded = 0;
CREATE TABLE IF NOT EXISTS work (
  miner TEXT NOT NULL,
  hour_ms INTEGER NOT NULL,
  role TEXT NOT NULL,
  accepted INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  stale INTEGER NOT NULL,
  shares INTEGER NOT NULL,
  active_s INTEGER NOT NULL,
  is_uploaded INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (hour_ms, miner, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS work_pending ON work (hour_ms) WHERE is_uploaded = 0;
CREATE TABLE IF NOT EXISTS terms (
  sha256 TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  jws TEXT NOT NULL,
  state TEXT NOT NULL
) STRICT, WITHOUT ROWID;`;
