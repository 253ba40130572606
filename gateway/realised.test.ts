import { expect, test } from "vitest";
import { Estimate } from "#gen/tripmesh/backend/v1/ride.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { fromMinutes, fromUsd } from "#kit/rpc/amounts.ts";
import { prediction } from "./gateway-under-test.ts";
import { createRealisedFold } from "./realised.ts";

function completed(tripId: string, tipUsd: number | undefined): TripEvent {
  const estimate = {
    ...Estimate.create(),
    ...{ duration: fromMinutes(10), lower: fromMinutes(8), upper: fromMinutes(13), version: "v1" },
  };
  const truth = {
    ...{ actualDuration: fromMinutes(14), cost: fromUsd(20), distanceMiles: 3 },
    tip: tipUsd === undefined ? undefined : fromUsd(tipUsd),
  };
  const value = { estimate, truth, lastDurationSeq: 3, lastPriceSeq: 3 };
  return { ...TripEvent.create(), tripId, seq: 4, body: { $case: "completed", value } };
}

test("the first estimate and the last of each service are compared with the truth", () => {
  const fold = createRealisedFold();
  fold.prediction(prediction("t", 3, "dynamic-duration", 14.5)); // an interval of one on both sides
  fold.prediction(prediction("t", 2, "dynamic-duration", 99)); // older, though it comes later
  fold.prediction(prediction("t", 3, "cost", 17));
  fold.prediction(prediction("t", 3, "tip", 2));
  const v1 = { version: "v1" };
  expect(fold.event(completed("t", 2))).toEqual([
    { ...v1, service: "duration", unit: "min", error: 4, isCovered: false },
    { ...v1, service: "dynamic-duration", unit: "min", error: 0.5, isCovered: true },
    { ...v1, service: "cost", unit: "usd", error: 3, isCovered: false },
    { ...v1, service: "tip", unit: "usd", error: 0, isCovered: true },
  ]);
  expect(fold.event(completed("t", 2)).map(({ service }) => service)).toEqual(["duration"]); // forgotten
});

test("a tip that nobody recorded is not compared, and a cancelled trip is forgotten", () => {
  const fold = createRealisedFold();
  fold.prediction(prediction("cash", 1, "tip", 2));
  expect(fold.event(completed("cash", undefined)).map(({ service }) => service)).toEqual([
    "duration",
  ]);
  fold.prediction(prediction("gone", 1, "cost", 20));
  const value = { lastDurationSeq: 0, lastPriceSeq: 1 };
  fold.event({ ...TripEvent.create(), tripId: "gone", body: { $case: "cancelled", value } });
  expect(fold.event(completed("gone", 1))).toHaveLength(1);
});

test("remembers no more trips than it may, the latest", () => {
  const fold = createRealisedFold(2);
  for (const trip of ["a", "b", "c"]) fold.prediction(prediction(trip, 1, "cost", 20));
  const compared = (trip: string) => fold.event(completed(trip, 1)).length;
  expect([compared("a"), compared("b"), compared("c")]).toEqual([1, 2, 2]);
});
