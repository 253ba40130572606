/** Tables of the trips database. Times are milliseconds since 1970, bodies are protobuf. */
export const schema = `
CREATE TABLE IF NOT EXISTS trips (
  trip_id TEXT PRIMARY KEY,
  trip BLOB NOT NULL,
  features BLOB NOT NULL,
  seq INTEGER NOT NULL,
  state_seq INTEGER NOT NULL,
  ride_hash TEXT NOT NULL,
  share_done REAL NOT NULL,
  elapsed_seconds REAL NOT NULL,
  last_duration_seq INTEGER NOT NULL,
  last_price_seq INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS trips_updated ON trips (updated_ms);

CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL UNIQUE,
  subject TEXT NOT NULL,
  type TEXT NOT NULL,
  trip_id TEXT NOT NULL,
  body BLOB NOT NULL,
  occurred_ms INTEGER NOT NULL,
  stream_seq INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS outbox_unsent ON outbox (id) WHERE stream_seq IS NULL;
CREATE INDEX IF NOT EXISTS outbox_sent ON outbox (stream_seq) WHERE stream_seq IS NOT NULL;

CREATE TABLE IF NOT EXISTS ledger (
  trip_id TEXT NOT NULL,
  kind INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (trip_id, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS traffic (
  service TEXT PRIMARY KEY,
  body BLOB NOT NULL
) STRICT;
`;
