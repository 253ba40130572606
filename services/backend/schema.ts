/**
 * Tables of the trips database. Times are milliseconds since 1970, bodies are protobuf. A migration that is
 * out is never changed: a new one goes behind it.
 */
export const sqliteMigrations: readonly string[] = [
  `
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
`,
  "ALTER TABLE outbox ADD COLUMN sent_ms INTEGER;",
  `
ALTER TABLE outbox ADD COLUMN traceparent TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN created_ms INTEGER NOT NULL DEFAULT 0;
`,
];

/** The same for Postgres, where several processes share the outbox and take turns with it. */
export const postgresMigrations: readonly string[] = [
  `
CREATE TABLE trips (
  trip_id TEXT PRIMARY KEY,
  trip BYTEA NOT NULL,
  features BYTEA NOT NULL,
  seq INTEGER NOT NULL,
  state_seq INTEGER NOT NULL,
  ride_hash TEXT NOT NULL,
  share_done DOUBLE PRECISION NOT NULL,
  elapsed_seconds DOUBLE PRECISION NOT NULL,
  last_duration_seq INTEGER NOT NULL,
  last_price_seq INTEGER NOT NULL,
  updated_ms BIGINT NOT NULL
);
CREATE INDEX trips_updated ON trips (updated_ms);

CREATE TABLE outbox (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id TEXT NOT NULL UNIQUE,
  subject TEXT NOT NULL,
  type TEXT NOT NULL,
  trip_id TEXT NOT NULL,
  body BYTEA NOT NULL,
  occurred_ms BIGINT NOT NULL,
  stream_seq BIGINT,
  sent_ms BIGINT,
  taken_until_ms BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX outbox_unsent ON outbox (id) WHERE stream_seq IS NULL;
CREATE INDEX outbox_sent ON outbox (stream_seq) WHERE stream_seq IS NOT NULL;

CREATE TABLE ledger (
  trip_id TEXT NOT NULL,
  kind INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (trip_id, kind)
);

CREATE TABLE traffic (
  service TEXT PRIMARY KEY,
  body BYTEA NOT NULL
);
`,
  `
ALTER TABLE outbox ADD COLUMN traceparent TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN created_ms BIGINT NOT NULL DEFAULT 0;
`,
];
