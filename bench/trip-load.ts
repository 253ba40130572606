import { tripIdOf } from "../services/backend/identity.ts";
import { type LoadResult, summary } from "./closed-loop.ts";
import { type GrpcSocket, openGrpcSocket } from "./grpc-socket.ts";
import { laterSteps, requestStep, send } from "./trip-steps.ts";

/** Trips that arrive whether or not the ones before were answered, each with its whole life. */
export interface TripLoad {
  readonly kind: "trips";
  readonly address: string;
  readonly tripsPerSecond: number;
  readonly windowMs: number;
  /** Makes the trips of this load different from all others'. */
  readonly name: string;
}

/** `RequestTrip`'s latencies, counted from when a request was due, and the failures of every call. */
export type TripResult = LoadResult;

const PROGRESS = [0.25, 0.5, 0.75];
/** Between two steps of a trip's life. */
const STEP_MS = 100;
const TICK_MS = 2;

export async function runTrips(order: TripLoad): Promise<TripResult> {
  const socket = await openGrpcSocket(order.address);
  try {
    return await openLoop(socket, order);
  } finally {
    socket.close();
  }
}

async function openLoop(socket: GrpcSocket, order: TripLoad): Promise<TripResult> {
  const { tripsPerSecond, windowMs, name } = order;
  const latenciesMs: number[] = [];
  const lives: Promise<number>[] = [];
  const started = performance.now();
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsedMs = performance.now() - started;
      const due = Math.floor((Math.min(elapsedMs, windowMs) / 1000) * tripsPerSecond);
      while (lives.length < due) {
        const index = lives.length;
        const dueAt = started + ((index + 1) / tripsPerSecond) * 1000;
        lives.push(live(socket, `${name}-${index}`, index, dueAt, latenciesMs));
      }
      if (elapsedMs >= windowMs) {
        clearInterval(timer);
        resolve();
      }
    }, TICK_MS);
  });
  const failures = (await Promise.all(lives)).reduce((sum, failed) => sum + failed, 0);
  // Until the last trip has been requested; the calls that follow it are not the rate's business.
  return summary(latenciesMs, failures, windowMs);
}

/** Requests a trip, starts it, reports progress, ends it; gives how many of its calls failed. */
async function live(
  socket: GrpcSocket,
  rider: string,
  index: number,
  dueAt: number,
  latenciesMs: number[],
): Promise<number> {
  const requested = await send(socket, rider, requestStep(index, rider));
  latenciesMs.push(performance.now() - dueAt);
  if (!requested) return 1; // the others would fail as well
  let failures = 0;
  for (const step of laterSteps(tripIdOf(rider, rider), PROGRESS)) {
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    if (!(await send(socket, rider, step))) failures++;
  }
  return failures;
}
