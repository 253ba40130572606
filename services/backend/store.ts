import type { TripUpdate } from "#gen/tripmesh/backend/v1/trip.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { openSqliteStore } from "./sqlite-store.ts";
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
  /** Trace context of the request that caused it; empty where that is not recorded. */
  readonly traceparent: string;
  /** When it was put into the outbox, by the wall clock. */
  readonly createdAt: Date;
}

export interface OutboxRow extends OutboxEvent {
  readonly id: number;
}

/** An event that the stream has acknowledged. */
export interface SentRow {
  readonly id: number;
  readonly eventId: string;
  /** Its sequence in the stream. */
  readonly streamSeq: number;
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
  /**
   * Takes events that the stream has not acknowledged, oldest first. Where several processes share the
   * database nobody else gets them until they are given back, or a while has passed because the taker died.
   */
  takeUnsent(limit: number): Promise<OutboxRow[]>;
  /** Notes the stream sequences of acknowledged events. */
  markSent(sent: readonly Pick<SentRow, "id" | "streamSeq">[]): Promise<void>;
  /** Gives taken events back, because they could not be sent. */
  giveBack(ids: readonly number[]): Promise<void>;
  /** Makes events unsent again whose sequence is above the stream's last: the stream has lost them. */
  resendAbove(lastStreamSeq: number): Promise<number>;
  /** Makes these events unsent again. */
  resend(ids: readonly number[]): Promise<void>;
  /** Acknowledged events with a sequence above this one, to be compared with what the stream holds. */
  sentAbove(streamSeq: number): Promise<SentRow[]>;
  /** Forgets events that were acknowledged before `before`, by the wall clock; gives back how many. */
  prune(before: Date): Promise<number>;
  /** How many events wait. */
  unsentCount(): Promise<number>;
  /** Trace contexts of events by their ids, of those that have one and are still in the outbox. */
  tracesOf(eventIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** When the oldest event that waits was put into the outbox; undefined when none waits. */
  oldestUnsent(): Promise<Date | undefined>;
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

/** Opens the database of a URL, `sqlite:PATH` or `postgres://…`, and brings its tables up to date. */
export async function openStore(url: string): Promise<Store> {
  return url.startsWith("sqlite:")
    ? openSqliteStore(url.slice("sqlite:".length))
    : openPostgresStore(url);
}
