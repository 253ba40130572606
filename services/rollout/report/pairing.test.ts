// Which trips become pairs, and when they are closed.
import { expect, test } from "vitest";
import { Prediction, PredictionRole } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { fromMinutes, fromUsd } from "#kit/rpc/amounts.ts";
import { HOUR_MS, planFor, START_MS, versions } from "../judge/testing/facts.ts";
import type { PairedRide } from "./paired-ride.ts";
import { createPairing, type PairingOptions } from "./pairing.ts";

const plan = planFor();

function pairingWith(change: Partial<PairingOptions> = {}) {
  const rides: PairedRide[] = [];
  const pairing = createPairing(plan, { onRide: (ride) => rides.push(ride), ...change });
  /** Stored at once, as far as the test does not say otherwise. */
  const takeEvent = (one: TripEvent, storedAtMs = one.occurredAt?.getTime() ?? 0) =>
    pairing.takeEvent(one, storedAtMs);
  return { rides, pairing, takeEvent };
}

function event(tripId: string, atMs: number, body: NonNullable<TripEvent["body"]>): TripEvent {
  return TripEvent.fromPartial({
    tripId,
    riderId: "r",
    occurredAt: new Date(atMs),
    features: { pickupZone: 74, dropoffZone: 42, pickupLocalSeconds: 8n * 3600n },
    body,
  });
}

const requested = (tripId: string, atMs = START_MS) =>
  event(tripId, atMs, {
    $case: "requested",
    value: { estimate: undefined, featureHash: Buffer.of() },
  });

function completed(tripId: string, usd: number, atMs = START_MS + 600_000): TripEvent {
  const truth = {
    actualDuration: fromMinutes(10),
    cost: fromUsd(usd),
    tip: undefined,
    distanceMiles: 2.5,
  };
  const value = { truth, estimate: undefined, lastDurationSeq: 0, lastPriceSeq: 1 };
  return event(tripId, atMs, { $case: "completed", value });
}

function answer(arm: "candidate" | "base", tripId: string, value: number, seq = 1): Prediction {
  const { digest, slot } = versions[arm];
  return Prediction.fromPartial({
    tripId,
    eventSeq: seq,
    service: "cost",
    digest,
    slot,
    role: arm === "base" ? PredictionRole.LIVE : PredictionRole.SHADOW,
    value,
    lower: value - 1,
    upper: value + 1,
    intervalScale: 1,
    occurredAt: new Date(START_MS),
  });
}

test("a trip with both answers and a truth is a pair, whatever came first", () => {
  const { rides, pairing, takeEvent } = pairingWith();
  pairing.takePrediction(answer("candidate", "a", 11));
  takeEvent(completed("a", 10));
  takeEvent(requested("a"));
  pairing.takePrediction(answer("base", "a", 12));
  pairing.takePrediction(answer("base", "a", 99)); // the first counts
  pairing.finish();
  expect(rides).toHaveLength(1);
  expect(rides[0]).toMatchObject({
    tripId: "a",
    pickupZone: 74,
    dropoffZone: 42,
    hour: 8,
    distanceMiles: 2.5,
    served: "base",
    truth: { value: 10 },
    answers: [{ seq: 1, base: { value: 12 }, candidate: { value: 11 } }],
  });
});

test("what is no pair is counted by its reason", () => {
  const { rides, pairing, takeEvent } = pairingWith();
  for (const id of ["one", "open", "gone"]) takeEvent(requested(id));
  for (const id of ["one", "open", "gone"]) pairing.takePrediction(answer("base", id, 12));
  takeEvent(completed("one", 10));
  takeEvent(
    event("gone", START_MS, { $case: "cancelled", value: { lastDurationSeq: 0, lastPriceSeq: 1 } }),
  );
  pairing.takePrediction({ ...answer("base", "open", 12), digest: "other" });
  pairing.finish();
  expect(rides).toEqual([]);
  expect(pairing.counts).toMatchObject({
    outcomes: { paired: 0, "under way": 1, cancelled: 1, "without a pair": 1 },
    foreign: 1,
  });
});

test("answers to two events are paired event by event", () => {
  const { rides, pairing, takeEvent } = pairingWith();
  takeEvent(requested("a"));
  for (const seq of [3, 1]) {
    pairing.takePrediction(answer("base", "a", 12 + seq, seq));
    pairing.takePrediction(answer("candidate", "a", 11, seq));
  }
  pairing.takePrediction(answer("base", "a", 50, 4)); // by one version only
  takeEvent(completed("a", 10));
  pairing.finish();
  expect(rides[0]?.answers.map(({ seq, base }) => [seq, base.value])).toEqual([
    [1, 13],
    [3, 15],
  ]);
});

function passTime(hours: number): TripEvent[] {
  return Array.from({ length: 10 }, (_, i) => requested(`later-${i}`, START_MS + hours * HOUR_MS));
}

test("a trip is closed six hours after its request, and what comes later is counted", () => {
  const { rides, pairing, takeEvent } = pairingWith();
  takeEvent(requested("a"));
  pairing.takePrediction(answer("base", "a", 12));
  pairing.takePrediction(answer("candidate", "a", 11));
  takeEvent(completed("a", 10));
  for (const later of passTime(6.2)) takeEvent(later);
  expect(rides).toEqual([]);
  for (const later of passTime(6.3)) takeEvent({ ...later, tripId: `${later.tripId}-b` });
  expect(rides).toHaveLength(1);
  pairing.takePrediction(answer("candidate", "a", 11));
  expect(pairing.counts.late).toBe(1);
});

test("requests stored after the end of the rollout are not counted, whatever their event time", () => {
  const { rides, pairing, takeEvent } = pairingWith({ endedAtMs: 1_000 });
  const stored = { in: 999, after: 1_000 };
  for (const id of ["in", "after"] as const) {
    takeEvent(requested(id), stored[id]);
    pairing.takePrediction(answer("base", id, 12));
    pairing.takePrediction(answer("candidate", id, 11));
    takeEvent(completed(id, 10), 2_000);
  }
  expect(pairing.isDone).toBe(false);
  for (const later of passTime(6.2)) takeEvent(later, 2_000);
  expect(pairing.isDone).toBe(false);
  for (const later of passTime(7)) takeEvent({ ...later, tripId: `${later.tripId}-b` }, 2_000);
  expect(pairing.isDone).toBe(true);
  expect(rides.map(({ tripId }) => tripId)).toEqual(["in"]);
});

test("of too many open trips the oldest is closed", () => {
  const { pairing, takeEvent } = pairingWith({ mostTrips: 2 });
  for (const id of ["a", "b", "c"]) takeEvent(requested(id));
  expect(pairing.counts).toMatchObject({ tooMany: 1, outcomes: { "under way": 1 } });
});
