import type { Prediction } from "#gen/tripmesh/events/v1/prediction.ts";
import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { type Latest, noteTime, timeOf } from "../judge/clock.ts";
import { armOfScore, QUARTER_MS, quarterOf } from "../judge/evidence.ts";
import type { Fact, Scored } from "../judge/fact.ts";
import type { JudgePlan } from "../judge/plan.ts";
import { createTrip, keepScore, type Trip } from "../judge/trip.ts";
import { factOfPrediction, factsOfEvent } from "../to-facts.ts";
import { type Outcome, outcomeOf, type PairedRide, pairedRide } from "./paired-ride.ts";

/** Open trips that are remembered; one more closes the oldest. As the judge's. */
const MOST_TRIPS = 200_000;
/** Events of one trip that are remembered; a ride has five. */
const MOST_EVENTS = 64;

/** What was read, and what could not be used. */
export interface PairingCounts {
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Facts of trips that were closed already. */
  readonly late: number;
  /** Trips closed before their time, because there were too many. */
  readonly tooMany: number;
  /** Answers of versions that are not in this rollout. */
  readonly foreign: number;
}

/** Puts together what both versions said about a trip and what came of it, as the streams are read. */
export interface Pairing {
  /** `storedAtMs`: by the server's clock. */
  takeEvent(event: TripEvent, storedAtMs: number): void;
  takePrediction(prediction: Prediction): void;
  /** Whether all trips of a rollout that has ended are closed: there is nothing more to read. */
  readonly isDone: boolean;
  readonly counts: PairingCounts;
  /** Closes what is still open: nothing more will be read. */
  finish(): void;
}

export interface PairingOptions {
  /** Called once a ride, when it is closed. */
  readonly onRide: (ride: PairedRide) => void;
  /**
   * When the rollout ended, by the server's clock: requests stored from then on are not counted, because another
   * rollout of the same versions may have followed.
   */
  readonly endedAtMs?: number;
  readonly mostTrips?: number;
}

interface OpenTrip {
  readonly trip: Trip;
  /** Requested after the end of the rollout. */
  isAfter?: true;
  zones?: { readonly pickup: number; readonly dropoff: number };
  distanceMiles?: number;
}

/**
 * The judge keeps sums of what it sees; a report also wants slices, single rides and every pair, so it keeps
 * open trips of its own. What counts as a pair, which score counts and when a trip is closed are the judge's.
 *
 * Memory: the open trips, at most `mostTrips`; a trip is closed six hours of event time after its request.
 */
export function createPairing(plan: JudgePlan, options: PairingOptions): Pairing {
  const { onRide, endedAtMs = Number.POSITIVE_INFINITY, mostTrips = MOST_TRIPS } = options;
  const open = new Map<string, OpenTrip>();
  const latest: Latest = [];
  const outcomes = noOutcomes();
  let closedBeforeMs = Number.NEGATIVE_INFINITY;
  let endMs = Number.POSITIVE_INFINITY; // of the rollout, in event time, once it is reached
  let [late, tooMany, foreign] = [0, 0, 0];

  function opened(tripId: string, atMs: number): OpenTrip | undefined {
    if (atMs < plan.startMs) return undefined;
    const known = open.get(tripId);
    if (known) return known;
    if (atMs < closedBeforeMs) {
      late++;
      return undefined;
    }
    const created = { trip: createTrip(quarterOf(atMs)) };
    open.set(tripId, created);
    return created;
  }

  function takeFact(fact: Fact): void {
    if (fact.kind === "scored") takeScore(fact);
    else if ("tripId" in fact) {
      const trip = opened(fact.tripId, fact.atMs)?.trip;
      if (!trip) return;
      if (fact.kind === "requested") {
        const { riderId, atMs, hour, assigned } = fact;
        trip.request ??= { riderId, atMs, hour, assigned };
      } else trip.end ??= fact.kind === "cancelled" ? "cancelled" : { truth: fact.truth };
    }
  }

  function takeScore(scored: Scored): void {
    const arm = armOfScore(scored, plan);
    if (!arm) {
      foreign++;
      return;
    }
    const trip = opened(scored.tripId, scored.atMs)?.trip;
    if (!trip || (trip.scores.size >= MOST_EVENTS && !trip.scores.has(scored.seq))) return;
    keepScore(trip, arm, scored);
  }

  function closeBefore(lineMs: number): void {
    if (lineMs <= closedBeforeMs) return;
    closedBeforeMs = lineMs;
    for (const [tripId, one] of open) {
      // A trip without a request is as old as what was heard of it first.
      if ((one.trip.request?.atMs ?? one.trip.quarterMs) < lineMs) close(tripId, one);
    }
  }

  function close(tripId: string, { trip, isAfter, zones, distanceMiles }: OpenTrip): void {
    open.delete(tripId);
    const { request } = trip;
    if (!request || isAfter) return; // of before the rollout, or of after it
    const { outcome, tally } = outcomeOf(trip, plan);
    outcomes[outcome]++;
    if (outcome !== "paired") return;
    const context = {
      requestedAtMs: request.atMs,
      pickupZone: zones?.pickup ?? 0,
      dropoffZone: zones?.dropoff ?? 0,
      hour: request.hour,
      distanceMiles,
    };
    const ride = pairedRide(tripId, trip, { context, plan, tally });
    if (ride) onRide(ride);
  }

  function keepBound(): void {
    for (const [tripId, one] of open) {
      if (open.size <= mostTrips) return;
      close(tripId, one);
      tooMany++;
    }
  }

  function noteRequest(found: OpenTrip | undefined, atMs: number, storedAtMs: number): void {
    if (storedAtMs >= endedAtMs) {
      if (found) found.isAfter = true;
      if (endMs === Number.POSITIVE_INFINITY) endMs = latest[0] ?? atMs;
    }
    noteTime(latest, atMs);
    closeBefore(quarterOf(timeOf(latest) - plan.forgetAfterMs));
  }

  return {
    takeEvent(event, storedAtMs) {
      // Arms are assigned by traffic, which the report does not ask about.
      for (const fact of factsOfEvent(event, plan, [])) takeFact(fact);
      const found = open.get(event.tripId);
      if (found) describe(found, event);
      if (event.body?.$case === "requested" && event.occurredAt) {
        noteRequest(found, event.occurredAt.getTime(), storedAtMs);
      }
      keepBound();
    },
    takePrediction(prediction) {
      const fact = factOfPrediction(prediction, plan);
      if (fact) takeFact(fact);
      keepBound();
    },
    get isDone() {
      return closedBeforeMs > endMs + QUARTER_MS;
    },
    get counts() {
      return { outcomes, late, tooMany, foreign };
    },
    finish() {
      closeBefore(Number.POSITIVE_INFINITY);
    },
  };
}

function describe(found: OpenTrip, { features, body }: TripEvent): void {
  if (features) found.zones ??= { pickup: features.pickupZone, dropoff: features.dropoffZone };
  const miles = body?.$case === "completed" ? (body.value.truth?.distanceMiles ?? 0) : 0;
  if (miles > 0) found.distanceMiles = miles;
}

function noOutcomes(): Record<Outcome, number> {
  return { paired: 0, "under way": 0, cancelled: 0, "without a truth": 0, "without a pair": 0 };
}
