import type { Money } from "#gen/google/type/money.ts";
import type {
  CompleteTripRequest,
  ReportProgressRequest,
} from "#gen/tripmesh/backend/v1/backend_service.ts";
import type { Ride } from "#gen/tripmesh/backend/v1/ride.ts";
import { amountRule, isAmount, isZone, zoneRule } from "#kit/model/features.ts";
import { toSeconds, toUsd } from "#kit/rpc/amounts.ts";
import { type FieldViolation, invalidArgument } from "#kit/rpc/errors.ts";
import { isName, nameRule } from "./identity.ts";

const DAY_MS = 86_400_000;
const FARTHEST_PICKUP_DAYS = 7;
const LONGEST_RIDE_SECONDS = 24 * 3600;
const EARLIEST_PICKUP = Date.UTC(2000, 0, 1);

/** Collects what is wrong, so that a caller hears of all of it at once. */
function createChecks() {
  const violations: FieldViolation[] = [];
  return {
    check(field: string, ok: boolean, description: string): void {
      if (!ok) violations.push({ field, description });
    },
    done(): void {
      if (violations.length > 0) throw invalidArgument(violations);
    },
  };
}

/** A ride that can be estimated, with its pickup time filled in. */
export function checkRide(ride: Ride | undefined, now: Date): Ride & { readonly pickupTime: Date } {
  if (!ride) throw invalidArgument([{ field: "ride", description: "is required" }]);
  const { check, done } = createChecks();
  const pickupTime = ride.pickupTime ?? now;
  const { passengerCount } = ride;
  check("ride.pickup_zone", isZone(ride.pickupZone), zoneRule);
  check("ride.dropoff_zone", isZone(ride.dropoffZone), zoneRule);
  check(
    "ride.pickup_time",
    pickupTime.getTime() >= EARLIEST_PICKUP &&
      pickupTime.getTime() <= now.getTime() + FARTHEST_PICKUP_DAYS * DAY_MS,
    `must be after 1999 and at most ${FARTHEST_PICKUP_DAYS} days after ${now.toISOString()}`,
  );
  check(
    "ride.passenger_count",
    passengerCount === undefined || (passengerCount >= 0 && passengerCount <= 20),
    "must be 0 to 20",
  );
  check("ride.trip_distance_miles", isAmount(ride.tripDistanceMiles), amountRule);
  done();
  return { ...ride, pickupTime };
}

export function checkRequestId(requestId: string): void {
  if (!isName(requestId)) throw invalidArgument([{ field: "request_id", description: nameRule }]);
}

export function checkTripId(tripId: string): void {
  if (!isName(tripId)) throw invalidArgument([{ field: "trip_id", description: nameRule }]);
}

/** Progress as plain numbers. */
export function checkProgress(request: ReportProgressRequest) {
  const { check, done } = createChecks();
  const elapsedSeconds = toSeconds(request.elapsed);
  const { shareDone, position } = request;
  check("trip_id", isName(request.tripId), nameRule);
  check("share_done", shareDone >= 0 && shareDone <= 1, "must be 0 to 1");
  check(
    "elapsed",
    elapsedSeconds >= 0 && elapsedSeconds <= LONGEST_RIDE_SECONDS,
    "is required, not negative, at most 24 hours",
  );
  if (position) {
    check("position.latitude", Math.abs(position.latitude) <= 90, "must be -90 to 90");
    check("position.longitude", Math.abs(position.longitude) <= 180, "must be -180 to 180");
  }
  done();
  return { shareDone, elapsedSeconds };
}

/** Refuses a truth that no ride can have had. */
export function checkTruth(request: CompleteTripRequest): void {
  const { check, done } = createChecks();
  const seconds = toSeconds(request.actualDuration);
  check("trip_id", isName(request.tripId), nameRule);
  check(
    "actual_duration",
    seconds > 0 && seconds <= LONGEST_RIDE_SECONDS,
    "is required, positive, at most 24 hours",
  );
  check("cost", isUsd(request.cost), "is required, in USD, not negative");
  check("tip", request.tip === undefined || isUsd(request.tip), "must be in USD and not negative");
  check("distance_miles", isAmount(request.distanceMiles), amountRule);
  done();
}

function isUsd(money: Money | undefined): boolean {
  return money !== undefined && money.currencyCode === "USD" && toUsd(money) >= 0;
}
