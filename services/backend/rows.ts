// Rows of the trips database, the same in SQLite and in Postgres, to what the code works with and back.
import { Trip } from "#gen/tripmesh/backend/v1/trip.ts";
import { FeatureSnapshot } from "#gen/tripmesh/duration/v1/feature_snapshot.ts";
import type { OutboxEvent, OutboxRow, SentRow } from "./store.ts";
import type { TripRecord } from "./trip.ts";

export interface TripRow {
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

export interface StoredOutboxRow {
  readonly id: number | string;
  readonly event_id: string;
  readonly subject: string;
  readonly type: string;
  readonly trip_id: string;
  readonly body: Uint8Array;
  readonly occurred_ms: number | string;
  readonly traceparent: string;
  readonly created_ms: number | string;
}

export function fromOutboxRow(row: StoredOutboxRow): OutboxRow {
  const { event_id: eventId, subject, type, trip_id: tripId, body, traceparent } = row;
  return {
    id: Number(row.id),
    eventId,
    subject,
    type,
    tripId,
    body,
    occurredAt: new Date(Number(row.occurred_ms)),
    traceparent,
    createdAt: new Date(Number(row.created_ms)),
  };
}

/** Values of a trip in the order of its table's columns. */
export function toRow({ trip, features, ...record }: TripRecord) {
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

export function fromRow(row: TripRow): TripRecord {
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

/** Values of an event in the order in which both stores insert it. */
export function toOutboxValues(event: OutboxEvent) {
  const { eventId, subject, type, tripId, body, occurredAt, traceparent, createdAt } = event;
  const times = [occurredAt.getTime(), traceparent, createdAt.getTime()] as const;
  return [eventId, subject, type, tripId, body, ...times] as const;
}

/** Postgres gives 64-bit numbers as text. */
export interface StoredSentRow {
  readonly id: number | string;
  readonly event_id: string;
  readonly stream_seq: number | string;
}

export function fromSentRow({ id, event_id: eventId, stream_seq: seq }: StoredSentRow): SentRow {
  return { id: Number(id), eventId, streamSeq: Number(seq) };
}
