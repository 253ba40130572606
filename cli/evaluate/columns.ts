import type { Column } from "#kit/model/columns.ts";
import type { Progress } from "./progress.ts";
import type { Rides } from "./rides.ts";

/** The inputs of a ride's models by name; a model takes those that its card names. */
export type InputColumns = Readonly<Record<string, Column>>;

/** Columns of the ride itself. Without its distance it is what a rider can have before the ride. */
export function rideColumns(rides: Rides, isDistanceKnown: boolean): InputColumns {
  return {
    pickup_zone: rides.pickupZone,
    dropoff_zone: rides.dropoffZone,
    pickup_local_seconds: rides.pickupLocalSeconds,
    trip_distance_miles: isDistanceKnown
      ? rides.tripDistanceMiles
      : new Float32Array(rides.count).fill(Number.NaN),
    passenger_count: rides.passengerCount,
  };
}

/** Columns of a ride under way, beside those of the ride. */
export function progressColumns(estimatedMinutes: Float32Array, progress: Progress): InputColumns {
  return {
    estimated_minutes: estimatedMinutes,
    elapsed_seconds: progress.elapsedSeconds,
    share_done: progress.shareDone,
    previous_elapsed_seconds: progress.previousElapsedSeconds,
    previous_share_done: progress.previousShareDone,
  };
}
