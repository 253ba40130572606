// Backend's database, as far as a batch job may know it: the tables of services/backend/schema.ts, whose
// bodies are messages of the contract.
import { Trip, TripState } from "#gen/tripmesh/backend/v1/trip.ts";
import { FeatureSnapshot } from "#gen/tripmesh/duration/v1/feature_snapshot.ts";
import { toMinutes, toUsd } from "#kit/rpc/amounts.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { TableQuery } from "./open-table.ts";
import type { SourceRow } from "./source.ts";

/** What a job of kind `trips` can read of a completed trip. */
export const tripColumns = [
  "trip_id",
  "rider_id",
  "completed_ms",
  // As they were when the ride was asked for.
  "pickup_zone",
  "dropoff_zone",
  "pickup_local_seconds",
  "trip_distance_miles",
  "passenger_count",
  // What the rider was shown then.
  "shown_minutes",
  "shown_version",
  "shown_degraded",
  // What came of it.
  "actual_minutes",
  "actual_cost_usd",
  "actual_tip_usd",
] as const;

export function tripsQuery(columns: readonly string[]): TableQuery {
  const unknown = columns.filter((name) => !tripColumns.some((known) => known === name));
  if (unknown.length > 0) {
    throw new MeshError(
      "INVALID_ARGUMENT",
      `trips have no ${unknown.join(", ")}; there are ${tripColumns.join(", ")}`,
    );
  }
  return {
    table: "trips",
    columns: ["trip", "features"],
    key: "trip_id",
    time: { column: "updated_ms", isMs: true },
    toRow: toTripRow,
  };
}

/** The row of a completed trip; none for any other. A completed trip changes no more. */
export function toTripRow(row: SourceRow): SourceRow | undefined {
  const trip = Trip.decode(row["trip"] as Uint8Array);
  if (trip.state !== TripState.COMPLETED) return undefined;
  const features = FeatureSnapshot.decode(row["features"] as Uint8Array);
  const { estimate, truth } = trip;
  return {
    trip_id: trip.tripId,
    rider_id: trip.riderId,
    completed_ms: trip.updateTime?.getTime(),
    pickup_zone: features.pickupZone,
    dropoff_zone: features.dropoffZone,
    pickup_local_seconds: features.pickupLocalSeconds,
    trip_distance_miles: features.tripDistanceMiles,
    passenger_count: features.passengerCount,
    shown_minutes: estimate?.duration && toMinutes(estimate.duration),
    shown_version: estimate?.version,
    shown_degraded: estimate?.degraded,
    actual_minutes: truth?.actualDuration && toMinutes(truth.actualDuration),
    actual_cost_usd: truth?.cost && toUsd(truth.cost),
    actual_tip_usd: truth?.tip && toUsd(truth.tip),
  };
}
