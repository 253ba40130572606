import { TripState } from "#gen/tripmesh/backend/v1/trip.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { SendStep } from "./calls.ts";
import type { WallClock } from "./clock.ts";
import { planTrip, type Step } from "./plan.ts";
import { withRetries } from "./retry.ts";
import type { RiderOf } from "./riders.ts";
import type { Timeline } from "./schedule.ts";
import type { Tally } from "./tally.ts";
import type { RecordedTrip } from "./trips/trip.ts";

/** How long one call may take, milliseconds; the mesh promises much less. */
const CALL_TIMEOUT_MS = 2_000;

/** Where a trip was when an earlier run stopped. */
export interface Progress {
  /** Steps that were answered. */
  readonly stepsDone: number;
  /** The mesh's id of the trip; empty before the request was answered. */
  readonly tripId: string;
}

/** A rider and the driver on one trip, as a timeline of their calls. */
export interface Traveller extends Timeline {
  readonly trip: RecordedTrip;
  readonly progress: Progress;
}

export interface TravellerDeps {
  readonly send: SendStep;
  readonly riderOf: RiderOf;
  readonly seed: number;
  readonly clock: WallClock;
  readonly random: () => number;
  readonly tally: Tally;
  readonly log: Logger;
  /** Cuts calls off. A trip whose call is cut off stays where it was, for the next run. */
  readonly cut: AbortSignal;
  /** Called when the trip is over, one way or the other. */
  readonly onEnd: (trip: RecordedTrip) => void;
}

/** A traveller at the start of the trip, or where `from` left it. */
export function createTraveller(
  trip: RecordedTrip,
  deps: TravellerDeps,
  from: Progress = { stepsDone: 0, tripId: "" },
): Traveller {
  const { tally, cut } = deps;
  const steps = planTrip(trip, deps.seed);
  const headers = { "x-rider-id": deps.riderOf(trip.id) };
  let { stepsDone, tripId } = from;
  // The run before this one may have been killed after a call and before noting it.
  let mayRepeat = stepsDone > 0;

  function call(step: Step) {
    const options = { timeoutMs: CALL_TIMEOUT_MS, signal: cut, headers };
    return withRetries(() => deps.send(step, trip, tripId, options), {
      random: deps.random,
      clock: deps.clock,
      signal: cut,
      onRetry: () => tally.retries++,
    });
  }

  /** False when nothing is left to do. */
  async function take(step: Step): Promise<boolean> {
    const answered = await call(step).catch((error: MeshError) => {
      if (mayRepeat && isAlreadyPast(error, step)) return undefined;
      throw error;
    });
    tally.calls++;
    if (step.kind === "complete") tally.completed++;
    if (step.kind !== "request" || !answered) return true;
    tripId = answered.tripId;
    mayRepeat = answered.state !== TripState.REQUESTED;
    const isOver = answered.state >= TripState.COMPLETED;
    if (isOver) tally.knownBefore++;
    else tally.requested++;
    return !isOver;
  }

  function end() {
    deps.onEnd(trip);
    return undefined;
  }

  return {
    trip,
    get progress() {
      return { stepsDone, tripId };
    },
    firstAtMs: steps[stepsDone]?.atMs ?? trip.pickupMs,
    async step() {
      const step = steps[stepsDone];
      if (!step) return end();
      try {
        if (!(await take(step))) return end();
        stepsDone++;
        return steps[stepsDone]?.atMs ?? end();
      } catch (cause) {
        if (cut.aborted) return undefined; // unfinished, not failed
        const { code, message } = MeshError.from(cause);
        tally.failed++;
        deps.log.warn(
          { trip: trip.id, tripId, step: step.kind, code, reason: message },
          "trip lost",
        );
        return end();
      }
    },
  };
}

/** The mesh refuses a start or a report that lies behind what it knows; the truth it takes again. */
function isAlreadyPast(error: MeshError, step: Step): boolean {
  return (
    error.code === "FAILED_PRECONDITION" && (step.kind === "start" || step.kind === "progress")
  );
}
