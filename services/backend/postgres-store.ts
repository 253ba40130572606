import pg from "pg";
import { TripUpdate } from "#gen/tripmesh/backend/v1/trip.ts";
import { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import {
  fromOutboxRow,
  fromRow,
  fromSentRow,
  type StoredOutboxRow,
  type StoredSentRow,
  type TripRow,
  toOutboxValues,
  toRow,
} from "./rows.ts";
import { postgresMigrations } from "./schema.ts";
import type { OutboxEvent, Store } from "./store.ts";

const CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 3_000;
const STATEMENT_TIMEOUT_MS = 5_000;
/** A relay that took events and died: others take them after this. Far longer than a batch needs. */
const TAKEN_MS = 5_000;
/** Any number that nobody else locks by: one process migrates, the others wait. */
const MIGRATION_LOCK = 7_231_004;

const REPLACE_TRIP = `
  UPDATE trips SET (trip, features, seq, state_seq, ride_hash, share_done, elapsed_seconds,
    last_duration_seq, last_price_seq, updated_ms) = ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
  WHERE trip_id = $1`;

type Queries = Pick<pg.PoolClient, "query">;

/** Opens a Postgres database, which any number of Backend processes may share. */
export async function openPostgresStore(url: string): Promise<Store> {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + 1_000,
    application_name: "tripmesh-backend",
  });
  pool.on("error", () => undefined); // an idle connection broke; the next query takes a new one or fails
  const all = async <T extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) =>
    (await answered(pool.query<T>(text, [...values]))).rows;
  const run = async (text: string, values: readonly unknown[] = []) =>
    (await answered(pool.query(text, [...values]))).rowCount ?? 0;
  await migrate(pool);

  return {
    async trip(tripId) {
      const [row] = await all<TripRow>("SELECT * FROM trips WHERE trip_id = $1", [tripId]);
      return row && fromRow(row);
    },
    create: (record, event) =>
      transaction(pool, async (db) => {
        const { rowCount } = await db.query(
          `INSERT INTO trips VALUES (${marks(11)}) ON CONFLICT DO NOTHING`,
          [...toRow(record)],
        );
        if (rowCount === 0) return false;
        await append(db, event);
        return true;
      }),
    change: (tripId, decide) =>
      transaction(pool, async (db) => {
        const found = await db.query<TripRow>("SELECT * FROM trips WHERE trip_id = $1 FOR UPDATE", [
          tripId,
        ]);
        const before = found.rows[0] && fromRow(found.rows[0]);
        const change = before && decide(before);
        if (!change) return before;
        await db.query(REPLACE_TRIP, [...toRow(change.record)]);
        await append(db, change.event);
        return change.record;
      }),
    async takeUnsent(limit) {
      const now = Date.now();
      const rows = await all<StoredOutboxRow>(
        `UPDATE outbox SET taken_until_ms = $1 WHERE id IN (
           SELECT id FROM outbox WHERE stream_seq IS NULL AND taken_until_ms < $2
           ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
         ) RETURNING *`,
        [now + TAKEN_MS, now, limit],
      );
      return rows.map(fromOutboxRow).toSorted((a, b) => a.id - b.id);
    },
    async unsentCount() {
      const [row] = await all("SELECT count(*) AS n FROM outbox WHERE stream_seq IS NULL");
      return Number(row?.["n"]);
    },
    async tracesOf(eventIds) {
      const rows = await all<{ event_id: string; traceparent: string }>(
        "SELECT event_id, traceparent FROM outbox WHERE event_id = ANY($1) AND traceparent <> ''",
        [eventIds],
      );
      return new Map(rows.map((row) => [row.event_id, row.traceparent]));
    },
    async oldestUnsent() {
      const text =
        "SELECT created_ms AS ms FROM outbox WHERE stream_seq IS NULL ORDER BY id LIMIT 1";
      const [row] = await all(text);
      return row && new Date(Number(row["ms"]));
    },
    async markSent(sent) {
      if (sent.length === 0) return;
      await run(
        `UPDATE outbox SET stream_seq = sent.seq, sent_ms = $3
         FROM unnest($1::bigint[], $2::bigint[]) AS sent (id, seq) WHERE outbox.id = sent.id`,
        [sent.map(({ id }) => id), sent.map(({ streamSeq }) => streamSeq), Date.now()],
      );
    },
    async giveBack(ids) {
      await run("UPDATE outbox SET taken_until_ms = 0 WHERE id = ANY($1::bigint[])", [ids]);
    },
    resendAbove: (seq) =>
      run("UPDATE outbox SET stream_seq = NULL, taken_until_ms = 0 WHERE stream_seq > $1", [seq]),
    async resend(ids) {
      await run(
        "UPDATE outbox SET stream_seq = NULL, taken_until_ms = 0 WHERE id = ANY($1::bigint[])",
        [ids],
      );
    },
    async sentAbove(streamSeq) {
      const text = "SELECT id, event_id, stream_seq FROM outbox WHERE stream_seq > $1";
      return (await all<StoredSentRow>(text, [streamSeq])).map(fromSentRow);
    },
    prune: (before) =>
      run("DELETE FROM outbox WHERE stream_seq IS NOT NULL AND sent_ms < $1", [before.getTime()]),
    async learn(updates) {
      await transaction(pool, async (db) => {
        // In one order everywhere: two processes that learn of the same trips must not lock each other out.
        for (const u of updates.toSorted((a, b) => (a.tripId < b.tripId ? -1 : 1))) {
          await db.query(
            `INSERT INTO ledger VALUES ($1, $2, $3, $4) ON CONFLICT (trip_id, kind)
             DO UPDATE SET seq = excluded.seq, body = excluded.body WHERE excluded.seq > ledger.seq`,
            [u.tripId, u.kind, u.seq, TripUpdate.encode(u).finish()],
          );
        }
      });
    },
    async known(tripId) {
      const rows = await all<{ body: Buffer }>("SELECT body FROM ledger WHERE trip_id = $1", [
        tripId,
      ]);
      return rows.map(({ body }) => TripUpdate.decode(body));
    },
    async latestEventTime() {
      const [row] = await all("SELECT max(updated_ms) AS ms FROM trips");
      return row?.["ms"] === null || row?.["ms"] === undefined
        ? undefined
        : new Date(Number(row["ms"]));
    },
    async saveTraffic(traffic) {
      await run(
        `INSERT INTO traffic VALUES ($1, $2)
         ON CONFLICT (service) DO UPDATE SET body = excluded.body`,
        [traffic.service, Traffic.encode(traffic).finish()],
      );
    },
    async savedTraffic() {
      const rows = await all<{ body: Buffer }>("SELECT body FROM traffic");
      return rows.map(({ body }) => Traffic.decode(body));
    },
    close: () => pool.end(),
  };
}

function append(db: Queries, event: OutboxEvent): Promise<unknown> {
  return db.query(
    `INSERT INTO outbox (event_id, subject, type, trip_id, body, occurred_ms, traceparent, created_ms)
     VALUES (${marks(8)})`,
    [...toOutboxValues(event)],
  );
}

/** Both or neither; a connection that broke is thrown away. */
async function transaction<T>(pool: pg.Pool, work: (db: Queries) => Promise<T>): Promise<T> {
  const db = await answered(pool.connect());
  try {
    await db.query("BEGIN");
    const result = await work(db);
    await db.query("COMMIT");
    db.release();
    return result;
  } catch (cause) {
    const isBroken = await db.query("ROLLBACK").then(
      () => false,
      () => true,
    );
    db.release(isBroken);
    throw toMeshError(cause);
  }
}

async function answered<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (cause) {
    throw toMeshError(cause);
  }
}

/** Classes of SQLSTATE that say that the server is away, busy or going away; the caller may try again. */
const AWAY = /^(08|53|57)/;

function toMeshError(cause: unknown): unknown {
  if (cause instanceof MeshError) return cause;
  const { code = "" } = cause as { code?: string };
  const isAway =
    AWAY.test(code) ||
    /^E[A-Z]+$/.test(code) ||
    (cause instanceof Error && /timeout|terminated|closed/i.test(cause.message));
  if (!isAway) return cause;
  return new MeshError("UNAVAILABLE", "the trips database does not answer", { cause });
}

async function migrate(pool: pg.Pool): Promise<void> {
  await transaction(pool, async (db) => {
    await db.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await db.query("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)");
    const { rows } = await db.query<{ version: number }>("SELECT version FROM schema_version");
    const seen = rows[0]?.version ?? 0;
    if (seen > postgresMigrations.length) {
      throw new Error(`the trips database is of a newer version (${seen}) than this program`);
    }
    for (const migration of postgresMigrations.slice(seen)) await db.query(migration);
    await db.query("DELETE FROM schema_version");
    await db.query("INSERT INTO schema_version VALUES ($1)", [postgresMigrations.length]);
  });
}

/** `$1, $2, …`. */
function marks(count: number): string {
  return Array.from({ length: count }, (_, i) => `$${i + 1}`).join(", ");
}
