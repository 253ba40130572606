import type { AnswerPair, PairedRide } from "./paired-ride.ts";

/** A ride on which the candidate did the most harm. */
export interface WorstRide extends Omit<PairedRide, "tally" | "answers"> {
  /** Of its answers the one with the most harm. */
  readonly answer: AnswerPair;
  /** By how much the candidate was farther from the truth there; not capped. In the unit. */
  readonly harm: number;
}

/** Puts a ride where it belongs among the worst, worst first, in place; at most `most` are kept. */
export function keepWorst(worst: WorstRide[], ride: PairedRide, most: number): void {
  const { tally: _tally, answers, ...rest } = ride;
  const [first] = answers
    .map((answer) => ({ answer, harm: harmOf(answer, ride.truth.value) }))
    .toSorted((a, b) => b.harm - a.harm);
  if (!first || first.harm <= 0) return;
  worst.push({ ...rest, ...first });
  worst.sort((a, b) => b.harm - a.harm || (a.tripId < b.tripId ? -1 : 1));
  worst.length = Math.min(worst.length, most);
}

/** An answer that is no number is as bad as can be. */
function harmOf({ candidate, base }: AnswerPair, truth: number): number {
  const error = (value: number) =>
    Number.isFinite(value) ? Math.abs(value - truth) : Number.MAX_VALUE;
  return error(candidate.value) - error(base.value);
}
