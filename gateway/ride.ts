import type { Estimate } from "#gen/tripmesh/backend/v1/ride.ts";
import type { Prediction } from "#gen/tripmesh/events/v1/prediction.ts";
import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { toMinutes, toUsd } from "#kit/rpc/amounts.ts";

export type RideState = "requested" | "started" | "completed" | "cancelled";

/** What a service said last about a ride, and about which of its events. */
export interface Said {
  readonly seq: number;
  readonly value: number;
  readonly version: string;
  readonly slot: string;
}

/** The estimate that the rider was shown first; minutes and dollars. */
export interface FirstEstimate {
  readonly minutes: number;
  readonly lower: number;
  readonly upper: number;
  readonly priceUsd: number;
  readonly version: string;
  readonly slot: string;
  readonly degraded: boolean;
}

/** A trip as the operator sees it. Folded by `seq`, so that order and repeats do not matter. */
export interface Ride {
  readonly tripId: string;
  readonly from: number;
  readonly to: number;
  readonly state: RideState;
  /** Share of the route that was reported done. */
  readonly share: number;
  /** Event time of the request and of the start, ms; 0 when not known. */
  readonly requestedAt: number;
  readonly startedAt: number;
  readonly first: FirstEstimate | undefined;
  readonly corrected: Said | undefined;
  readonly cost: Said | undefined;
  readonly tip: Said | undefined;
  readonly truth:
    | { readonly minutes: number; readonly costUsd: number; readonly tipUsd: number }
    | undefined;
}

const order: readonly RideState[] = ["requested", "started", "completed", "cancelled"];

/** A ride of which nothing but the name is known. */
export function unknownRide(tripId: string): Ride {
  return {
    tripId,
    from: 0,
    to: 0,
    state: "requested",
    share: 0,
    requestedAt: 0,
    startedAt: 0,
    first: undefined,
    corrected: undefined,
    cost: undefined,
    tip: undefined,
    truth: undefined,
  };
}

/** The ride after an event of it. */
export function foldEvent(ride: Ride, event: TripEvent): Ride {
  const { body, features, occurredAt } = event;
  if (!body) return ride;
  const known = {
    ...ride,
    from: features?.pickupZone ?? ride.from,
    to: features?.dropoffZone ?? ride.to,
    state: later(ride.state, stateAfter(body.$case)),
  };
  const at = occurredAt?.getTime() ?? 0;
  switch (body.$case) {
    case "requested":
      return { ...known, first: toFirst(body.value.estimate), requestedAt: at };
    case "started":
      return { ...known, first: toFirst(body.value.estimate) ?? ride.first, startedAt: at };
    case "progressed": {
      const startedAt = ride.startedAt || at - toMinutes(body.value.elapsed) * 60_000;
      const share = Math.max(ride.share, body.value.shareDone);
      return { ...known, first: toFirst(body.value.estimate) ?? ride.first, startedAt, share };
    }
    case "completed":
      return {
        ...known,
        first: toFirst(body.value.estimate) ?? ride.first,
        truth: toTruth(body.value.truth),
      };
    case "cancelled":
      return known;
    default:
      return body satisfies never;
  }
}

/** The ride after a live prediction about it. */
export function foldPrediction(ride: Ride, prediction: Prediction): Ride {
  const { value, version, slot, eventSeq: seq } = prediction;
  const said: Said = { seq, value, version, slot };
  switch (prediction.service) {
    case "dynamic-duration":
      return { ...ride, corrected: newer(ride.corrected, said) };
    case "cost":
      return { ...ride, cost: newer(ride.cost, said) };
    case "tip":
      return { ...ride, tip: newer(ride.tip, said) };
    default:
      return ride; // duration's own log; what the rider saw is in the event
  }
}

function newer(known: Said | undefined, said: Said): Said {
  return known && known.seq >= said.seq ? known : said;
}

function later(known: RideState, next: RideState): RideState {
  return order.indexOf(next) > order.indexOf(known) ? next : known;
}

function stateAfter(event: string): RideState {
  return event === "progressed"
    ? "started"
    : (order.find((state) => state === event) ?? "requested");
}

function toFirst(estimate: Estimate | undefined): FirstEstimate | undefined {
  if (!estimate) return undefined;
  const { version, slot, degraded } = estimate;
  return {
    minutes: toMinutes(estimate.duration),
    lower: toMinutes(estimate.lower),
    upper: toMinutes(estimate.upper),
    priceUsd: toUsd(estimate.price),
    version,
    slot,
    degraded,
  };
}

type Truth = Extract<NonNullable<TripEvent["body"]>, { $case: "completed" }>["value"]["truth"];

function toTruth(truth: Truth): Ride["truth"] {
  if (!truth) return undefined;
  const { actualDuration, cost, tip } = truth;
  return { minutes: toMinutes(actualDuration), costUsd: toUsd(cost), tipUsd: toUsd(tip) };
}
