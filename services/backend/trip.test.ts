import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Trip, TripState } from "#gen/tripmesh/backend/v1/trip.ts";
import { FeatureSnapshot } from "#gen/tripmesh/duration/v1/feature_snapshot.ts";
import { fromSeconds, fromUsd } from "#kit/rpc/amounts.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import {
  type Change,
  cancel,
  complete,
  isFinished,
  progress,
  start,
  type TripRecord,
} from "./trip.ts";

const requested: TripRecord = {
  trip: Trip.fromPartial({ tripId: "t1", riderId: "r1", state: TripState.REQUESTED }),
  features: FeatureSnapshot.create(),
  seq: 1,
  stateSeq: 1,
  rideHash: "h",
  shareDone: 0,
  elapsedSeconds: 0,
  lastDurationSeq: 0,
  lastPriceSeq: 1,
};
const truth = {
  actualDuration: fromSeconds(600),
  cost: fromUsd(12.5),
  tip: undefined,
  distanceMiles: 2,
};
const now = new Date("2021-02-01T12:00:00Z");

/** Any request that may reach a trip. */
const action = fc.oneof(
  fc.constant((record: TripRecord) => start(record, now)),
  fc
    .record({ shareDone: fc.double({ min: 0, max: 1, noNaN: true }), elapsedSeconds: fc.nat(5000) })
    .map((report) => (record: TripRecord) => progress(record, report, now)),
  fc
    .nat(3)
    .map(
      (n) => (record: TripRecord) =>
        complete(record, { ...truth, actualDuration: fromSeconds(600 + n) }, now),
    ),
  fc.constant((record: TripRecord) => cancel(record, now)),
);

function attempt(record: TripRecord, act: (record: TripRecord) => Change): Change {
  try {
    return act(record);
  } catch (error) {
    expect(MeshError.from(error).code).toBe("FAILED_PRECONDITION");
    return undefined;
  }
}

describe("a trip", () => {
  test("only moves forward, with one event and one sequence a change, whatever is asked of it", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
        let record = requested;
        for (const act of actions) {
          const change = attempt(record, act);
          if (!change) continue;
          expect(isFinished(record.trip)).toBe(false);
          expect(change.record.seq).toBe(record.seq + 1);
          expect(change.record.trip.state).toBeGreaterThanOrEqual(record.trip.state);
          expect(change.record.shareDone).toBeGreaterThanOrEqual(record.shareDone);
          record = change.record;
        }
      }),
    );
  });

  test("says in its last event which answers are still to come", () => {
    const started = start(requested, now)?.record ?? requested;
    const moved =
      progress(started, { shareDone: 0.5, elapsedSeconds: 300 }, now)?.record ?? started;
    expect(complete(started, truth, now)?.body.value).toMatchObject({
      lastDurationSeq: 2,
      lastPriceSeq: 1,
    });
    expect(complete(moved, truth, now)?.body.value).toMatchObject({
      lastDurationSeq: 3,
      lastPriceSeq: 3,
    });
  });

  test("is not changed by a repeated request, and refuses another truth", () => {
    const started = start(requested, now)?.record ?? requested;
    expect(start(started, now)).toBeUndefined();
    const done = complete(started, truth, now)?.record ?? started;
    expect(complete(done, truth, now)).toBeUndefined();
    const other = { ...truth, cost: fromUsd(13) };
    expect(() => complete(done, other, now)).toThrow(
      "the trip is completed; it cannot be completed",
    );
    expect(() => progress(done, { shareDone: 1, elapsedSeconds: 1 }, now)).toThrow("is completed");
  });

  test("carries the report before with each progress", () => {
    const started = start(requested, now)?.record ?? requested;
    const quarter =
      progress(started, { shareDone: 0.25, elapsedSeconds: 100 }, now)?.record ?? started;
    const half = progress(quarter, { shareDone: 0.5, elapsedSeconds: 260 }, now);
    expect(half?.body.value).toMatchObject({
      previousShareDone: 0.25,
      previousElapsed: fromSeconds(100),
      elapsed: fromSeconds(260),
    });
    expect(() => progress(quarter, { shareDone: 0.2, elapsedSeconds: 300 }, now)).toThrow(
      "cannot go back",
    );
  });
});
