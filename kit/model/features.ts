import type { FeatureSnapshot } from "#gen/tripmesh/duration/v1/feature_snapshot.ts";
import { type FieldViolation, invalidArgument } from "#kit/rpc/errors.ts";

/** Names of the inputs that every model has first, in this order. */
export const snapshotInputs = [
  "pickup_zone",
  "dropoff_zone",
  "pickup_local_seconds",
  "trip_distance_miles",
  "passenger_count",
] as const;

/** The snapshot as the first five values of a row; what is not known is NaN. */
export function snapshotRow(snapshot: FeatureSnapshot): number[] {
  return [
    snapshot.pickupZone,
    snapshot.dropoffZone,
    Number(snapshot.pickupLocalSeconds),
    snapshot.tripDistanceMiles ?? Number.NaN,
    snapshot.passengerCount ?? Number.NaN,
  ];
}

/** Refuses a snapshot that no ride can have, naming each field at fault under `path`. */
export function checkSnapshot(
  snapshot: FeatureSnapshot | undefined,
  path = "features",
): FeatureSnapshot {
  if (!snapshot) throw invalidArgument([{ field: path, description: "is required" }]);
  const violations: FieldViolation[] = [];
  const check = (field: string, ok: boolean, description: string) => {
    if (!ok) violations.push({ field: `${path}.${field}`, description });
  };
  check("pickup_zone", isZone(snapshot.pickupZone), zoneRule);
  check("dropoff_zone", isZone(snapshot.dropoffZone), zoneRule);
  check("trip_distance_miles", isAmount(snapshot.tripDistanceMiles), amountRule);
  check("passenger_count", isAmount(snapshot.passengerCount), amountRule);
  if (violations.length > 0) throw invalidArgument(violations);
  return snapshot;
}

export const zoneRule = "must be a TLC zone, 1 to 265";
export const amountRule = "must be a finite number that is not negative";

export function isZone(zone: number): boolean {
  return Number.isInteger(zone) && zone >= 1 && zone <= 265;
}

/** Unset, or a finite number that is not negative. */
export function isAmount(amount: number | undefined): boolean {
  return amount === undefined || (Number.isFinite(amount) && amount >= 0);
}
