// The calls of a trip's life, ready to be sent.
import {
  CompleteTripRequest,
  ReportProgressRequest,
  StartTripRequest,
} from "#gen/tripmesh/backend/v1/backend_service.ts";
import { fromSeconds, fromUsd } from "#kit/rpc/amounts.ts";
import { type GrpcSocket, toGrpcBody } from "./grpc-socket.ts";
import { requestTripBody } from "./rows.ts";

/** Enough for the digest of the model that answered: a degraded estimate has none. */
const MIN_TRIP_BYTES = 150;

export interface Step {
  readonly method: string;
  readonly body: Buffer;
  /** A shorter reply counts as failed. */
  readonly minReplyBytes: number;
}

/** Requests the ride number `index`. */
export function requestStep(index: number, requestId: string): Step {
  return {
    method: "RequestTrip",
    body: requestTripBody(index, requestId),
    minReplyBytes: MIN_TRIP_BYTES,
  };
}

/** Starts the trip, reports these shares of its way, ends it. */
export function laterSteps(tripId: string, shares: readonly number[]): Step[] {
  const progress = shares.map((shareDone) => ({
    method: "ReportProgress",
    body: toGrpcBody(
      ReportProgressRequest.encode({
        tripId,
        shareDone,
        elapsed: fromSeconds(shareDone * 900),
        position: undefined,
        eventTime: undefined,
      }).finish(),
    ),
    minReplyBytes: 0,
  }));
  const start = StartTripRequest.encode({ tripId, eventTime: undefined }).finish();
  const complete = CompleteTripRequest.encode({
    tripId,
    actualDuration: fromSeconds(900),
    cost: fromUsd(20),
    tip: fromUsd(3),
    distanceMiles: 3,
    eventTime: undefined,
  }).finish();
  return [
    { method: "StartTrip", body: toGrpcBody(start), minReplyBytes: 0 },
    ...progress,
    { method: "CompleteTrip", body: toGrpcBody(complete), minReplyBytes: 0 },
  ];
}

/** Sends a step as this rider; tells whether it was answered well. */
export function send(
  socket: GrpcSocket,
  rider: string,
  { method, body, minReplyBytes }: Step,
): Promise<boolean> {
  return new Promise((resolve) => {
    socket.call({
      path: `/tripmesh.backend.v1.BackendService/${method}`,
      body,
      once: [["x-rider-id", rider]],
      done: (ok, replyBytes) => resolve(ok && replyBytes >= minReplyBytes),
    });
  });
}
