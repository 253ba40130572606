import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { Trip, TripState } from "#gen/tripmesh/backend/v1/trip.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { CallContext } from "#kit/rpc/handlers.ts";
import { handle, type RpcServer, serve } from "#kit/rpc/server.ts";
import { createLog } from "#kit/telemetry/log.ts";

/** A call as it came in over the wire. */
export interface SeenCall {
  readonly method: "request" | "start" | "progress" | "complete";
  readonly tripId: string;
  readonly riderId: string;
  readonly eventMs: number;
  readonly deadlineMs: number;
  /** The request itself. */
  readonly body: unknown;
}

/** Throws to let a call fail; may take its time. */
export type Judge = (call: SeenCall) => void | Promise<void>;

export interface RecordingBackend extends RpcServer {
  /** Every call that was answered without an error. */
  readonly answered: readonly SeenCall[];
  /** Every call. */
  readonly seen: readonly SeenCall[];
}

/** A real server of the public API that keeps trips as strictly as the contract says, and notes every call. */
export async function startRecordingBackend(judge: Judge = () => {}): Promise<RecordingBackend> {
  const seen: SeenCall[] = [];
  const answered: SeenCall[] = [];
  const states = new Map<string, TripState>();

  async function note(
    method: SeenCall["method"],
    request: { readonly tripId: string; readonly eventTime: Date | undefined },
    context: CallContext,
  ) {
    const call: SeenCall = {
      method,
      tripId: request.tripId,
      riderId: context.header("x-rider-id") ?? "",
      eventMs: request.eventTime?.getTime() ?? Number.NaN,
      deadlineMs: context.remainingMs(),
      body: request,
    };
    seen.push(call);
    await judge(call);
    advance(states, call);
    answered.push(call);
    const state = states.get(call.tripId) ?? TripState.UNSPECIFIED;
    return { trip: Trip.fromPartial({ tripId: call.tripId, riderId: call.riderId, state }) };
  }

  const nothing = () => {
    throw new MeshError("UNIMPLEMENTED", "a replay does not call this");
  };
  const handlers = handle(BackendServiceDefinition, {
    requestTrip: (request, context) =>
      note("request", { ...request, tripId: `trip-${request.requestId}` }, context),
    startTrip: (request, context) => note("start", request, context),
    reportProgress: (request, context) => note("progress", request, context),
    completeTrip: (request, context) => note("complete", request, context),
    quote: nothing,
    cancelTrip: nothing,
    getTrip: nothing,
    watchTrip: nothing,
  });
  const log = createLog("recording-backend", "silent");
  const server = await serve([handlers], { listen: "127.0.0.1:0", log });
  return { ...server, seen, answered };
}

function advance(states: Map<string, TripState>, { method, tripId }: SeenCall) {
  const state = states.get(tripId);
  const refuse = () => {
    throw new MeshError("FAILED_PRECONDITION", `${method} of a trip in state ${state}`);
  };
  if (method === "request") states.set(tripId, state ?? TripState.REQUESTED);
  else if (state === undefined) throw new MeshError("NOT_FOUND", `there is no trip ${tripId}`);
  else if (method === "start" && state > TripState.STARTED) refuse();
  else if (method === "progress" && state !== TripState.STARTED) refuse();
  else if (method === "complete" && state === TripState.REQUESTED) refuse();
  else if (method === "start") states.set(tripId, TripState.STARTED);
  else if (method === "complete") states.set(tripId, TripState.COMPLETED);
}
