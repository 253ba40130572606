import type { Estimate } from "#gen/tripmesh/backend/v1/ride.ts";
import { TripState, type TripUpdate, TripUpdateKind } from "#gen/tripmesh/backend/v1/trip.ts";
import type { Prediction } from "#gen/tripmesh/events/v1/prediction.ts";
import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { toMinutes } from "#kit/rpc/amounts.ts";
import type { Finish } from "./fold.ts";

/** What an event or a prediction means for the rider who watches the trip. */
export type News =
  | { readonly kind: "update"; readonly update: TripUpdate }
  | { readonly kind: "finish"; readonly finish: Finish };

const states: Partial<Record<string, TripState>> = {
  requested: TripState.REQUESTED,
  started: TripState.STARTED,
  completed: TripState.COMPLETED,
  cancelled: TripState.CANCELLED,
};

const predicted: Partial<Record<string, TripUpdateKind>> = {
  "dynamic-duration": TripUpdateKind.DURATION,
  cost: TripUpdateKind.COST,
  tip: TripUpdateKind.TIP,
};

/** The updates that follow from an event: its state, the first estimate, and what the end still waits for. */
export function newsOfEvent(event: TripEvent): News[] {
  const { body } = event;
  if (!body) return [];
  const news: News[] = [];
  if (body.$case === "requested" && body.value.estimate) {
    news.push({ kind: "update", update: firstDuration(event, body.value.estimate) });
  }
  const state = states[body.$case]; // progress changes no state
  if (state !== undefined) {
    const update = { value: state, lower: state, upper: state, version: "", slot: "" };
    news.push({
      kind: "update",
      update: { ...origin(event), ...update, kind: TripUpdateKind.STATE },
    });
  }
  if (body.$case === "completed" || body.$case === "cancelled") {
    news.push({ kind: "finish", finish: body.value });
  }
  return news;
}

function firstDuration(event: TripEvent, estimate: Estimate): TripUpdate {
  return {
    ...origin(event),
    kind: TripUpdateKind.DURATION,
    value: toMinutes(estimate.duration),
    lower: toMinutes(estimate.lower),
    upper: toMinutes(estimate.upper),
    version: estimate.version,
    slot: estimate.slot,
  };
}

function origin(event: TripEvent): Pick<TripUpdate, "tripId" | "seq" | "eventTime"> {
  return { tripId: event.tripId, seq: event.seq, eventTime: event.occurredAt };
}

/** The update that a live prediction is; duration's own is taken from the `requested` event instead. */
export function newsOfPrediction(prediction: Prediction): News[] {
  const kind = predicted[prediction.service];
  if (kind === undefined || prediction.eventSeq === 0) return [];
  const { tripId, value, lower, upper, version, slot } = prediction;
  const shared = { tripId, kind, value, lower, upper, version, slot };
  const update = { ...shared, seq: prediction.eventSeq, eventTime: prediction.occurredAt };
  return [{ kind: "update", update }];
}
