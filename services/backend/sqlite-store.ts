import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
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
import { sqliteMigrations } from "./schema.ts";
import type { OutboxEvent, Store } from "./store.ts";

/** Opens (and makes) the SQLite database at `path`. WAL and NORMAL: survives `kill -9`, not power loss. */
export function openSqliteStore(path: string): Store {
  mkdirSync(dirname(path), { recursive: true });
  const db = new DatabaseSync(path, { timeout: 2000 });
  db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;");
  migrate(db);
  const sql = {
    trip: db.prepare("SELECT * FROM trips WHERE trip_id = ?"),
    insert: db.prepare(
      "INSERT INTO trips VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    ),
    replace: db.prepare("REPLACE INTO trips VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    outbox: db.prepare(
      `INSERT INTO outbox (event_id, subject, type, trip_id, body, occurred_ms, traceparent, created_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    unsent: db.prepare("SELECT * FROM outbox WHERE stream_seq IS NULL ORDER BY id LIMIT ?"),
    unsentCount: db.prepare("SELECT count(*) AS n FROM outbox WHERE stream_seq IS NULL"),
    traceOf: db.prepare("SELECT traceparent FROM outbox WHERE event_id = ? AND traceparent <> ''"),
    oldestUnsent: db.prepare(
      "SELECT created_ms AS ms FROM outbox WHERE stream_seq IS NULL ORDER BY id LIMIT 1",
    ),
    sent: db.prepare("UPDATE outbox SET stream_seq = ?, sent_ms = ? WHERE id = ?"),
    resendAbove: db.prepare("UPDATE outbox SET stream_seq = NULL WHERE stream_seq > ?"),
    resend: db.prepare("UPDATE outbox SET stream_seq = NULL WHERE id = ?"),
    sentAbove: db.prepare("SELECT id, event_id, stream_seq FROM outbox WHERE stream_seq > ?"),
    prune: db.prepare("DELETE FROM outbox WHERE stream_seq IS NOT NULL AND sent_ms < ?"),
    learn: db.prepare(
      `INSERT INTO ledger VALUES (?, ?, ?, ?) ON CONFLICT (trip_id, kind)
       DO UPDATE SET seq = excluded.seq, body = excluded.body WHERE excluded.seq > ledger.seq`,
    ),
    known: db.prepare("SELECT body FROM ledger WHERE trip_id = ?"),
    latest: db.prepare("SELECT max(updated_ms) AS ms FROM trips"),
    saveTraffic: db.prepare("REPLACE INTO traffic VALUES (?, ?)"),
    savedTraffic: db.prepare("SELECT body FROM traffic"),
  };

  function transaction<T>(work: () => T): T {
    db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      db.exec("COMMIT");
      return result;
    } catch (cause) {
      if (db.isTransaction) db.exec("ROLLBACK"); // a full disk may have done that already
      throw toMeshError(cause);
    }
  }
  const find = (tripId: string) => {
    const row = sql.trip.get(tripId) as unknown as TripRow | undefined;
    return row && fromRow(row);
  };
  const append = (event: OutboxEvent) => sql.outbox.run(...toOutboxValues(event));

  return {
    trip: async (tripId) => find(tripId),
    create: async (record, event) =>
      transaction(() => {
        if (sql.insert.run(...toRow(record)).changes === 0) return false;
        append(event);
        return true;
      }),
    change: async (tripId, decide) =>
      transaction(() => {
        const before = find(tripId);
        const change = before && decide(before);
        if (!change) return before;
        sql.replace.run(...toRow(change.record));
        append(change.event);
        return change.record;
      }),
    // One process has the file, and its relay takes a batch only when it is done with the last one.
    takeUnsent: async (limit) =>
      (sql.unsent.all(limit) as unknown as StoredOutboxRow[]).map(fromOutboxRow),
    unsentCount: async () => Number(sql.unsentCount.get()?.["n"]),
    tracesOf: async (eventIds) =>
      new Map(
        eventIds.flatMap((id) => {
          const row = sql.traceOf.get(id);
          return row ? [[id, String(row["traceparent"])] as const] : [];
        }),
      ),
    async oldestUnsent() {
      const ms = sql.oldestUnsent.get()?.["ms"];
      return ms === undefined ? undefined : new Date(Number(ms));
    },
    markSent: async (sent) =>
      transaction(() => {
        const now = Date.now();
        for (const { id, streamSeq } of sent) sql.sent.run(streamSeq, now, id);
      }),
    giveBack: async () => {},
    resendAbove: async (lastStreamSeq) => Number(sql.resendAbove.run(lastStreamSeq).changes),
    resend: async (ids) =>
      transaction(() => {
        for (const id of ids) sql.resend.run(id);
      }),
    sentAbove: async (streamSeq) =>
      sql.sentAbove.all(streamSeq).map((row) => fromSentRow(row as unknown as StoredSentRow)),
    prune: async (before) => Number(sql.prune.run(before.getTime()).changes),
    learn: async (updates) =>
      transaction(() => {
        for (const u of updates) {
          sql.learn.run(u.tripId, u.kind, u.seq, TripUpdate.encode(u).finish());
        }
      }),
    known: async (tripId) =>
      sql.known.all(tripId).map((row) => TripUpdate.decode(row["body"] as Uint8Array)),
    async latestEventTime() {
      const ms = sql.latest.get()?.["ms"];
      return typeof ms === "number" ? new Date(ms) : undefined;
    },
    async saveTraffic(traffic) {
      sql.saveTraffic.run(traffic.service, Traffic.encode(traffic).finish());
    },
    savedTraffic: async () =>
      sql.savedTraffic.all().map((row) => Traffic.decode(row["body"] as Uint8Array)),
    close: async () => db.close(),
  };
}

const SQLITE_BUSY = 5;
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;

/** What passes by itself or by an operator's hand, in words that a caller can act on; it may try again. */
function toMeshError(cause: unknown): unknown {
  const code = ((cause as { errcode?: number } | undefined)?.errcode ?? 0) & 0xff;
  if (code === SQLITE_FULL || code === SQLITE_IOERR) {
    return new MeshError("RESOURCE_EXHAUSTED", "the trips database's disk is full or fails", {
      cause,
    });
  }
  if (code === SQLITE_BUSY) {
    return new MeshError("UNAVAILABLE", "the trips database is busy", { cause });
  }
  return cause;
}

/** Applies the migrations that the file has not seen; their number is in `user_version`. */
function migrate(db: DatabaseSync): void {
  const seen = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (seen > sqliteMigrations.length) {
    throw new Error(`the trips database is of a newer version (${seen}) than this program`);
  }
  for (const [i, migration] of sqliteMigrations.entries()) {
    if (i < seen) continue;
    db.exec(`BEGIN IMMEDIATE; ${migration} PRAGMA user_version = ${i + 1}; COMMIT;`);
  }
}
