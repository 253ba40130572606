// What riders are told, derived from what is stored; both ways of pushing use it, so both say the same.
import { TripState, type TripUpdate, TripUpdateKind } from "#gen/tripmesh/backend/v1/trip.ts";
import { type Prediction, PredictionRole } from "#gen/tripmesh/events/v1/prediction.ts";
import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { toMinutes } from "#kit/rpc/amounts.ts";

const kindOfService: Readonly<Record<string, TripUpdateKind>> = {
  "dynamic-duration": TripUpdateKind.DURATION,
  cost: TripUpdateKind.COST,
  tip: TripUpdateKind.TIP,
};

const stateOfEvent = {
  requested: TripState.REQUESTED,
  started: TripState.STARTED,
  completed: TripState.COMPLETED,
  cancelled: TripState.CANCELLED,
} as const;

/**
 * What an event tells: the new state, and with the request the first estimate. `traceparent` is that of the
 * message that brought it.
 */
export function updatesOfEvent(event: TripEvent, traceparent = ""): TripUpdate[] {
  const { body, tripId, seq, occurredAt: eventTime } = event;
  if (!body || body.$case === "progressed") return [];
  const value = stateOfEvent[body.$case];
  const kind = TripUpdateKind.STATE;
  const state = {
    tripId,
    seq,
    kind,
    value,
    lower: value,
    upper: value,
    version: "",
    slot: "",
    eventTime,
    traceparent,
  };
  if (body.$case !== "requested" || !body.value.estimate) return [state];
  const { duration, lower, upper, version, slot } = body.value.estimate;
  const estimate = {
    tripId,
    seq,
    kind: TripUpdateKind.DURATION,
    value: toMinutes(duration),
    lower: toMinutes(lower),
    upper: toMinutes(upper),
    version,
    slot,
    eventTime,
    traceparent,
  };
  return [estimate, state];
}

/** What a prediction tells the rider; nothing unless it is live and of a service that riders hear from. */
export function updateOfPrediction(
  prediction: Prediction,
  traceparent = "",
): TripUpdate | undefined {
  const kind = kindOfService[prediction.service];
  if (kind === undefined || prediction.role !== PredictionRole.LIVE) return undefined;
  const {
    tripId,
    eventSeq: seq,
    value,
    lower,
    upper,
    version,
    slot,
    occurredAt: eventTime,
  } = prediction;
  return { tripId, seq, kind, value, lower, upper, version, slot, eventTime, traceparent };
}

/** The last events of a finished trip that the services answer. */
export interface LastAnswers {
  readonly lastDurationSeq: number;
  readonly lastPriceSeq: number;
}

/** The last answers to wait for, when the event ends the trip. */
export function lastAnswers(event: TripEvent): LastAnswers | undefined {
  const { body } = event;
  return body?.$case === "completed" || body?.$case === "cancelled" ? body.value : undefined;
}
