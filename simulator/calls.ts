import type { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import type { Ride } from "#gen/tripmesh/backend/v1/ride.ts";
import type { Trip } from "#gen/tripmesh/backend/v1/trip.ts";
import { fromSeconds, fromUsd } from "#kit/rpc/amounts.ts";
import type { CallOptions, Client } from "#kit/rpc/client.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Step } from "./plan.ts";
import type { PositionOn } from "./positions.ts";
import { withTripTraced } from "./trip-traced.ts";
import type { RecordedTrip } from "./trips/trip.ts";

/** The calls that a replay needs of the public API. */
export type BackendClient = Pick<
  Client<typeof BackendServiceDefinition>,
  "requestTrip" | "startTrip" | "reportProgress" | "completeTrip"
>;

/** Sends one step of a trip; resolves to the trip after it. `tripId` is what the request answered, empty before. */
export type SendStep = (
  step: Step,
  trip: RecordedTrip,
  tripId: string,
  options: CallOptions,
) => Promise<Trip>;

export interface SendStepOptions {
  readonly positionOn: PositionOn;
  /** Whether the metered distance stands for the length of the route, which TLC does not record. */
  readonly tellDistance: boolean;
  /** Share of the trips whose calls are all recorded, 0 to 1. */
  readonly traceRate: number;
  /** Called once, when the mesh has answered for the first time. */
  readonly onFirstAnswer?: () => void;
}

/** Sends steps as calls, each with the event time at which it happened. */
export function createSendStep(client: BackendClient, options: SendStepOptions): SendStep {
  let { onFirstAnswer } = options;
  const { traceRate } = options;
  const send = createCalls(client, options);
  return async (step, trip, tripId, call) => {
    const { trip: answered } = await withTripTraced(trip.id, traceRate, () =>
      send(step, trip, tripId, call),
    );
    if (!answered) throw new MeshError("INTERNAL", "the answer holds no trip");
    onFirstAnswer?.();
    onFirstAnswer = undefined;
    return answered;
  };
}

type Answer = Promise<{ readonly trip: Trip | undefined }>;

function createCalls(client: BackendClient, { positionOn, tellDistance }: SendStepOptions) {
  return (step: Step, trip: RecordedTrip, tripId: string, call: CallOptions): Answer => {
    const eventTime = new Date(step.atMs);
    switch (step.kind) {
      case "request": {
        const ride = toRide(trip, tellDistance);
        return client.requestTrip({ requestId: trip.id, ride, eventTime }, call);
      }
      case "start":
        return client.startTrip({ tripId, eventTime }, call);
      case "progress": {
        const { shareDone } = step;
        const elapsed = fromSeconds(step.elapsedSeconds);
        const position = positionOn(trip, shareDone);
        return client.reportProgress({ tripId, shareDone, elapsed, position, eventTime }, call);
      }
      case "complete":
        return client.completeTrip({ tripId, ...toTruth(trip), eventTime }, call);
    }
  };
}

function toRide(trip: RecordedTrip, tellDistance: boolean): Ride {
  return {
    pickupZone: trip.pickupZone,
    dropoffZone: trip.dropoffZone,
    pickupTime: new Date(trip.pickupMs),
    passengerCount: trip.passengerCount,
    tripDistanceMiles: tellDistance ? trip.distanceMiles : undefined,
  };
}

function toTruth(trip: RecordedTrip) {
  return {
    actualDuration: fromSeconds(trip.durationSeconds),
    cost: fromUsd(trip.costUsd),
    tip: trip.tipUsd === undefined ? undefined : fromUsd(trip.tipUsd),
    distanceMiles: trip.distanceMiles ?? 0, // the contract has no word for an unknown distance
  };
}
