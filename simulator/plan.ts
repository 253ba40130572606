import { simulatePace } from "./pace.ts";
import { createRandom } from "./random.ts";
import type { RecordedTrip } from "./trips/trip.ts";

const MINUTE_MS = 60_000;
/** From request to pickup; TLC does not record it, so it is drawn. */
export const SHORTEST_WAIT_MS = MINUTE_MS;
export const LONGEST_WAIT_MS = 5 * MINUTE_MS;
const REPORTS_AT = [0.25, 0.5, 0.75] as const;

/** One call of a trip and when it happens, in event time, milliseconds since the epoch. */
export type Step =
  | { readonly kind: "request"; readonly atMs: number }
  | { readonly kind: "start"; readonly atMs: number }
  | {
      readonly kind: "progress";
      readonly atMs: number;
      /** Share of the route that is done, 0 to 1. Simulated. */
      readonly shareDone: number;
      /** Since the pickup. Simulated. */
      readonly elapsedSeconds: number;
    }
  | { readonly kind: "complete"; readonly atMs: number };

/** The calls of a trip in order; the same trip and seed give the same plan. */
export function planTrip(trip: RecordedTrip, seed: number): readonly Step[] {
  const wait = createRandom(`wait:${seed}:${trip.id}`).uniform();
  const waitMs = Math.round(SHORTEST_WAIT_MS + wait * (LONGEST_WAIT_MS - SHORTEST_WAIT_MS));
  const timeShare = simulatePace(`${seed}:${trip.id}`);
  const reports = REPORTS_AT.map((shareDone): Step => {
    const elapsedMs = Math.round(timeShare(shareDone) * trip.durationSeconds * 1000);
    const atMs = trip.pickupMs + elapsedMs;
    return { kind: "progress", atMs, shareDone, elapsedSeconds: elapsedMs / 1000 };
  });
  return [
    { kind: "request", atMs: trip.pickupMs - waitMs },
    { kind: "start", atMs: trip.pickupMs },
    ...reports,
    { kind: "complete", atMs: trip.pickupMs + trip.durationSeconds * 1000 },
  ];
}
