import { createRandom, pickIndex, runningSums } from "./random.ts";

/** Riders in the pool. TLC names no riders, so these are invented. */
export const RIDERS = 20_000;
/**
 * A rider's weight is (rank + FLATTENING) ** -EXPONENT, Zipf-Mandelbrot: of 2400 trips a day the busiest
 * rider takes two or three. Plain Zipf would give its first rider a tenth of all trips, and a rollout that is
 * sticky by rider would hang on that one.
 */
const EXPONENT = 0.8;
const FLATTENING = 100;

/** Who takes a trip: always the same rider for the same trip and seed. */
export type RiderOf = (tripId: string) => string;

/** Draws riders, `rider-00001` (the most frequent) to `rider-20000`. */
export function createRiders(seed: number): RiderOf {
  const weights = Array.from({ length: RIDERS }, (_, rank) => (rank + 1 + FLATTENING) ** -EXPONENT);
  const sums = runningSums(weights);
  return (tripId) => {
    const rank = pickIndex(sums, createRandom(`rider:${seed}:${tripId}`).uniform());
    return `rider-${String(rank + 1).padStart(5, "0")}`;
  };
}
