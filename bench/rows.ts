import { QuoteRequest, RequestTripRequest } from "#gen/tripmesh/backend/v1/backend_service.ts";
import type { Ride } from "#gen/tripmesh/backend/v1/ride.ts";
import { PredictRequest } from "#gen/tripmesh/duration/v1/duration_service.ts";
import { toGrpcBody } from "./grpc-socket.ts";

const ROWS = 1024;
const NOON = 1_672_920_000; // New York, 2023-01-05 12:00
const WEEK_SECONDS = 7 * 86_400;

/** Numbers in [0, 1) that are the same in every run: a Weyl sequence, well spread. */
function spreadNumber(index: number, dimension: number): number {
  const steps = [0.754877666, 0.569840296, 0.618033989, 0.819172513, 0.671043607];
  return (0.5 + (index + 1) * (steps[dimension] ?? 0.5)) % 1;
}

export interface SampleRide {
  readonly pickupZone: number;
  readonly dropoffZone: number;
  readonly localSeconds: number;
  readonly distanceMiles: number;
  readonly passengers: number;
}

/** The ride number `index`; neighbours differ in everything that the models look at. */
export function sampleRide(index: number): SampleRide {
  return {
    pickupZone: 1 + Math.floor(spreadNumber(index, 0) * 263),
    dropoffZone: 1 + Math.floor(spreadNumber(index, 1) * 263),
    localSeconds: NOON + Math.floor(spreadNumber(index, 2) * WEEK_SECONDS),
    distanceMiles: 0.5 + spreadNumber(index, 3) * 15,
    passengers: 1 + Math.floor(spreadNumber(index, 4) * 5),
  };
}

/** Ready bodies of `Predict`, all different, for trips (which are logged) or for quotes (which are not). */
export function predictBodies(kind: "trips" | "quotes"): Buffer[] {
  return Array.from({ length: ROWS }, (_, index) => {
    const ride = sampleRide(index);
    return toGrpcBody(
      PredictRequest.encode({
        tripId: kind === "trips" ? `t${String(index).padStart(26, "0")}` : "",
        features: {
          pickupZone: ride.pickupZone,
          dropoffZone: ride.dropoffZone,
          pickupLocalSeconds: BigInt(ride.localSeconds),
          tripDistanceMiles: ride.distanceMiles,
          passengerCount: ride.passengers,
        },
      }).finish(),
    );
  });
}

export function quoteBodies(): Buffer[] {
  return Array.from({ length: ROWS }, (_, index) =>
    toGrpcBody(QuoteRequest.encode({ ride: toRide(index, undefined) }).finish()),
  );
}

export function requestTripBody(index: number, requestId: string): Buffer {
  const ride = toRide(index, undefined);
  return toGrpcBody(RequestTripRequest.encode({ requestId, ride, eventTime: undefined }).finish());
}

function toRide(index: number, pickupTime: Date | undefined): Ride {
  const ride = sampleRide(index);
  return {
    pickupZone: ride.pickupZone,
    dropoffZone: ride.dropoffZone,
    pickupTime,
    passengerCount: ride.passengers,
    tripDistanceMiles: ride.distanceMiles,
  };
}
