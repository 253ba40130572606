import type { Prediction } from "#gen/tripmesh/events/v1/prediction.ts";
import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { foldEvent, foldPrediction, type Ride, unknownRide } from "./ride.ts";

/** How much is remembered. */
export interface WindowLimits {
  readonly maxRides: number;
  readonly maxFinished: number;
}

export const windowDefaults: WindowLimits = { maxRides: 3000, maxFinished: 500 };

/** The rides of late, as far as memory is given to them: a view for people, not a record. */
export interface RideWindow {
  event(event: TripEvent): void;
  prediction(prediction: Prediction): void;
  /** Rides whose request is known, in the order in which they were first heard of. */
  rides(): Ride[];
  /** The last finished rides with a truth; late predictions still count. */
  finished(): Ride[];
  /** Latest event time, ms; 0 before the first event. */
  clock(): number;
}

export function createRideWindow(limits: WindowLimits = windowDefaults): RideWindow {
  const rides = new Map<string, Ride>();
  const finished = new Map<string, Ride>();
  let clock = 0;
  const keep = (ride: Ride) => {
    rides.set(ride.tripId, ride);
    if (ride.truth) finished.set(ride.tripId, ride);
    forgetOldest(rides, limits.maxRides);
    forgetOldest(finished, limits.maxFinished);
  };
  const find = (tripId: string) => rides.get(tripId) ?? finished.get(tripId) ?? unknownRide(tripId);
  return {
    event(event) {
      clock = Math.max(clock, event.occurredAt?.getTime() ?? 0);
      keep(foldEvent(find(event.tripId), event));
    },
    prediction: (prediction) => keep(foldPrediction(find(prediction.tripId), prediction)),
    rides: () => [...rides.values()].filter((ride) => ride.first !== undefined),
    finished: () => [...finished.values()],
    clock: () => clock,
  };
}

function forgetOldest<T>(kept: Map<string, T>, limit: number): void {
  for (const key of kept.keys()) {
    if (kept.size <= limit) return;
    kept.delete(key);
  }
}
