// A trip and what may happen to it. Pure: time comes in, nothing goes out but the next record and its event.
import { Trip, TripState, type Truth } from "#gen/tripmesh/backend/v1/trip.ts";
import type { FeatureSnapshot } from "#gen/tripmesh/duration/v1/feature_snapshot.ts";
import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { fromSeconds } from "#kit/rpc/amounts.ts";
import { MeshError } from "#kit/rpc/errors.ts";

/** All that is kept of a trip, beside what the services have predicted for it. */
export interface TripRecord {
  /** As it was last; without the predictions, which the ledger has. */
  readonly trip: Trip;
  readonly features: FeatureSnapshot;
  /** Sequence of the last event. */
  readonly seq: number;
  /** Sequence of the event that made the present state. */
  readonly stateSeq: number;
  /** Tells a repeated request from another one under the same id. */
  readonly rideHash: string;
  readonly shareDone: number;
  readonly elapsedSeconds: number;
  /** Sequence of the last event that dynamic-duration answers; 0 for none. */
  readonly lastDurationSeq: number;
  /** Sequence of the last event that tip and cost answer. */
  readonly lastPriceSeq: number;
}

export type EventBody = NonNullable<TripEvent["body"]>;

/** A change: the record after it and what happened; undefined when the request changes nothing. */
export type Change = { readonly record: TripRecord; readonly body: EventBody } | undefined;

export function start({ trip, ...rest }: TripRecord, time: Date): Change {
  if (trip.state === TripState.STARTED) return undefined;
  if (trip.state !== TripState.REQUESTED) throw cannot("be started", trip.state);
  const seq = rest.seq + 1;
  return {
    record: {
      ...rest,
      trip: { ...trip, state: TripState.STARTED, updateTime: time },
      seq,
      stateSeq: seq,
      lastDurationSeq: seq,
    },
    body: { $case: "started", value: { estimate: trip.estimate } },
  };
}

export function progress(
  { trip, ...rest }: TripRecord,
  report: { readonly shareDone: number; readonly elapsedSeconds: number },
  time: Date,
): Change {
  if (trip.state !== TripState.STARTED) throw cannot("progress", trip.state);
  const { shareDone, elapsedSeconds } = report;
  if (shareDone < rest.shareDone || elapsedSeconds < rest.elapsedSeconds) {
    throw new MeshError(
      "FAILED_PRECONDITION",
      `the trip is already ${rest.shareDone} done after ${rest.elapsedSeconds} s; it cannot go back to ${shareDone} after ${elapsedSeconds} s`,
    );
  }
  const isRepeated = shareDone === rest.shareDone && elapsedSeconds === rest.elapsedSeconds;
  if (isRepeated && rest.lastPriceSeq > 1) return undefined;
  const seq = rest.seq + 1;
  return {
    record: {
      ...rest,
      trip: { ...trip, updateTime: time },
      seq,
      shareDone,
      elapsedSeconds,
      lastDurationSeq: seq,
      lastPriceSeq: seq,
    },
    body: {
      $case: "progressed",
      value: {
        estimate: trip.estimate,
        shareDone,
        elapsed: fromSeconds(elapsedSeconds),
        previousShareDone: rest.shareDone,
        previousElapsed: fromSeconds(rest.elapsedSeconds),
      },
    },
  };
}

export function complete({ trip, ...rest }: TripRecord, truth: Truth, time: Date): Change {
  if (trip.state === TripState.COMPLETED && sameTruth(trip.truth, truth)) return undefined;
  if (trip.state !== TripState.STARTED) throw cannot("be completed", trip.state);
  const seq = rest.seq + 1;
  const { lastDurationSeq, lastPriceSeq } = rest;
  return {
    record: {
      ...rest,
      trip: { ...trip, state: TripState.COMPLETED, truth, updateTime: time },
      seq,
      stateSeq: seq,
    },
    body: {
      $case: "completed",
      value: { truth, estimate: trip.estimate, lastDurationSeq, lastPriceSeq },
    },
  };
}

export function cancel({ trip, ...rest }: TripRecord, time: Date): Change {
  if (trip.state === TripState.CANCELLED) return undefined;
  if (trip.state === TripState.COMPLETED) throw cannot("be cancelled", trip.state);
  const seq = rest.seq + 1;
  const { lastDurationSeq, lastPriceSeq } = rest;
  return {
    record: {
      ...rest,
      trip: { ...trip, state: TripState.CANCELLED, updateTime: time },
      seq,
      stateSeq: seq,
    },
    body: { $case: "cancelled", value: { lastDurationSeq, lastPriceSeq } },
  };
}

export function isFinished(trip: Trip): boolean {
  return trip.state === TripState.COMPLETED || trip.state === TripState.CANCELLED;
}

const stateNames: Readonly<Record<number, string>> = {
  [TripState.REQUESTED]: "has not started",
  [TripState.STARTED]: "is going on",
  [TripState.COMPLETED]: "is completed",
  [TripState.CANCELLED]: "is cancelled",
};

function cannot(verb: string, state: Trip["state"]): MeshError {
  return new MeshError("FAILED_PRECONDITION", `the trip ${stateNames[state]}; it cannot ${verb}`);
}

function sameTruth(a: Truth | undefined, b: Truth): boolean {
  const bytes = (truth: Truth) => Trip.encode(Trip.fromPartial({ truth })).finish();
  return a !== undefined && Buffer.compare(bytes(a), bytes(b)) === 0;
}
