import type { Arm } from "../judge/fact.ts";
import type { PairedRide } from "./paired-ride.ts";

/** Sums over rides of one version, each ride's answers averaged first. */
export interface ErrorSums {
  rides: number;
  absolute: number;
  signed: number;
  inside: number;
  width: number;
  /** Rides with an answer that is no number; in none of the sums. */
  noNumber: number;
}

export function emptyErrors(): ErrorSums {
  return { rides: 0, absolute: 0, signed: 0, inside: 0, width: 0, noNumber: 0 };
}

/** Counts a ride of one version, in place. */
export function addErrors(sums: ErrorSums, { answers, truth }: PairedRide, arm: Arm): void {
  const own = answers.map((answer) => answer[arm]);
  const numbers = own.flatMap(({ value, lower, upper }) => [value, lower, upper]);
  if (!numbers.every(Number.isFinite)) {
    sums.noNumber++;
    return;
  }
  const average = (of: (score: (typeof own)[number]) => number) =>
    own.reduce((sum, score) => sum + of(score), 0) / own.length;
  sums.rides++;
  sums.absolute += average(({ value }) => Math.abs(value - truth.value));
  sums.signed += average(({ value }) => value - truth.value);
  sums.inside += average(({ lower, upper }) =>
    truth.value >= lower && truth.value <= upper ? 1 : 0,
  );
  sums.width += average(({ lower, upper }) => upper - lower);
}

/** How one version did, errors not capped. */
export interface VersionErrors {
  readonly rides: number;
  readonly meanError: number;
  /** Mean of answer minus truth: above 0 it says too much. */
  readonly bias: number;
  /** Share of the answers whose 80 % interval held the truth. */
  readonly coverage: number;
  /** Mean width of those intervals. */
  readonly width: number;
  readonly noNumber: number;
}

export function versionErrors(sums: ErrorSums): VersionErrors {
  const mean = (sum: number) => (sums.rides === 0 ? 0 : sum / sums.rides);
  return {
    rides: sums.rides,
    meanError: mean(sums.absolute),
    bias: mean(sums.signed),
    coverage: mean(sums.inside),
    width: mean(sums.width),
    noNumber: sums.noNumber,
  };
}
