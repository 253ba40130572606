import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  Trip,
  type TripUpdate,
  TripUpdate as TripUpdateCodec,
} from "#gen/tripmesh/backend/v1/trip.ts";
import { FeatureSnapshot } from "#gen/tripmesh/duration/v1/feature_snapshot.ts";
import { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { schema } from "./schema.ts";
import type { TripRecord } from "./trip.ts";

/** An event on its way to the stream. */
export interface OutboxEvent {
  /** `<trip_id>:<seq>`; the message's id. */
  readonly eventId: string;
  readonly subject: string;
  /** CloudEvents type. */
  readonly type: string;
  readonly tripId: string;
  readonly body: Uint8Array;
  readonly occurredAt: Date;
}

export interface OutboxRow extends OutboxEvent {
  readonly id: number;
}

/** The truth about trips. Methods are asynchronous so that a database server can take SQLite's place. */
export interface Store {
  trip(tripId: string): Promise<TripRecord | undefined>;
  /** Stores a new trip with its event, both or neither; false when the trip was there already. */
  create(record: TripRecord, event: OutboxEvent): Promise<boolean>;
  /**
   * Changes a trip in one transaction: `decide` sees the stored record and gives the next one with its
   * event, or undefined to leave things as they are, or throws to refuse. Gives back the record after it;
   * undefined for an unknown trip.
   */
  change(
    tripId: string,
    decide: (record: TripRecord) => { record: TripRecord; event: OutboxEvent } | undefined,
  ): Promise<TripRecord | undefined>;
  /** Events that the stream has not acknowledged, oldest first. */
  unsent(limit: number): Promise<OutboxRow[]>;
  /** Notes the stream sequences of acknowledged events. */
  markSent(sent: readonly { readonly id: number; readonly streamSeq: number }[]): Promise<void>;
  /** Makes events unsent again whose sequence is above the stream's last: the stream has lost them. */
  resendAbove(lastStreamSeq: number): Promise<number>;
  /** How many events wait. */
  unsentCount(): Promise<number>;
  /** Keeps predictions of each kind with the highest sequence. */
  learn(updates: readonly TripUpdate[]): Promise<void>;
  /** What has been predicted for a trip: the newest of each kind. */
  known(tripId: string): Promise<TripUpdate[]>;
  /** Time of the latest event, for a clock that goes on after a restart. */
  latestEventTime(): Promise<Date | undefined>;
  saveTraffic(traffic: Traffic): Promise<void>;
  savedTraffic(): Promise<Traffic[]>;
  close(): Promise<void>;
}

interface TripRow {
  readonly trip: Uint8Array;
  readonly features: Uint8Array;
  readonly seq: number;
  readonly state_seq: number;
  readonly ride_hash: string;
  readonly share_done: number;
  readonly elapsed_seconds: number;
  readonly last_duration_seq: number;
  readonly last_price_seq: number;
}

/** Opens (and makes) the SQLite database at `path`. WAL and NORMAL: survives `kill -9`, not power loss. */
export function openStore(path: string): Store {
  mkdirSync(dirname(path), { recursive: true });
  const db = new DatabaseSync(path, { timeout: 2000 });
  db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;");
  db.exec(schema);
  const sql = {
    trip: db.prepare("SELECT * FROM trips WHERE trip_id = ?"),
    insert: db.prepare(
      "INSERT INTO trips VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    ),
    replace: db.prepare("REPLACE INTO trips VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    outbox: db.prepare(
      "INSERT INTO outbox (event_id, subject, type, trip_id, body, occurred_ms) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    unsent: db.prepare("SELECT * FROM outbox WHERE stream_seq IS NULL ORDER BY id LIMIT ?"),
    unsentCount: db.prepare("SELECT count(*) AS n FROM outbox WHERE stream_seq IS NULL"),
    sent: db.prepare("UPDATE outbox SET stream_seq = ? WHERE id = ?"),
    resend: db.prepare("UPDATE outbox SET stream_seq = NULL WHERE stream_seq > ?"),
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
      db.exec("ROLLBACK");
      throw cause;
    }
  }
  const find = (tripId: string) => {
    const row = sql.trip.get(tripId) as unknown as TripRow | undefined;
    return row && fromRow(row);
  };
  const append = (e: OutboxEvent) =>
    sql.outbox.run(e.eventId, e.subject, e.type, e.tripId, e.body, e.occurredAt.getTime());

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
    unsent: async (limit) =>
      (sql.unsent.all(limit) as unknown as StoredOutboxRow[]).map(fromOutboxRow),
    unsentCount: async () => Number(sql.unsentCount.get()?.["n"]),
    markSent: async (sent) =>
      transaction(() => {
        for (const { id, streamSeq } of sent) sql.sent.run(streamSeq, id);
      }),
    resendAbove: async (lastStreamSeq) => Number(sql.resend.run(lastStreamSeq).changes),
    learn: async (updates) =>
      transaction(() => {
        for (const u of updates) {
          sql.learn.run(u.tripId, u.kind, u.seq, TripUpdateCodec.encode(u).finish());
        }
      }),
    known: async (tripId) =>
      sql.known.all(tripId).map((row) => TripUpdateCodec.decode(row["body"] as Uint8Array)),
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

interface StoredOutboxRow {
  readonly id: number;
  readonly event_id: string;
  readonly subject: string;
  readonly type: string;
  readonly trip_id: string;
  readonly body: Uint8Array;
  readonly occurred_ms: number;
}

function fromOutboxRow(row: StoredOutboxRow): OutboxRow {
  const { id, event_id: eventId, subject, type, trip_id: tripId, body, occurred_ms: ms } = row;
  return { id, eventId, subject, type, tripId, body, occurredAt: new Date(ms) };
}

function toRow({ trip, features, ...record }: TripRecord) {
  return [
    trip.tripId,
    Trip.encode(trip).finish(),
    FeatureSnapshot.encode(features).finish(),
    record.seq,
    record.stateSeq,
    record.rideHash,
    record.shareDone,
    record.elapsedSeconds,
    record.lastDurationSeq,
    record.lastPriceSeq,
    trip.updateTime?.getTime() ?? 0,
  ] as const;
}

function fromRow(row: TripRow): TripRecord {
  return {
    trip: Trip.decode(row.trip),
    features: FeatureSnapshot.decode(row.features),
    seq: row.seq,
    stateSeq: row.state_seq,
    rideHash: row.ride_hash,
    shareDone: row.share_done,
    elapsedSeconds: row.elapsed_seconds,
    lastDurationSeq: row.last_duration_seq,
    lastPriceSeq: row.last_price_seq,
  };
}
