import { type Moments, NO_MOMENTS } from "./statistics/moments.ts";

/** Sums over pairs of losses of one metric, in steps; whole numbers. */
export interface PairSums {
  n: number;
  candidate: number;
  base: number;
  candidateSquares: number;
  baseSquares: number;
  products: number;
}

/** What is counted of the trips of one arm. */
export interface ArmTally {
  requested: number;
  completed: number;
  cancelled: number;
  /** Trips with a truth whose answer, as shown, was this arm's; and its losses in the first metric, in steps. */
  n: number;
  losses: number;
  squares: number;
}

/** What is counted of some trips. Everything is a whole number, so tallies add and subtract exactly. */
export interface Tally {
  requested: number;
  completed: number;
  cancelled: number;
  /** Completed with a truth. */
  labelled: number;
  /** Labelled and scored by both versions, in the first metric. */
  paired: number;
  /** Left out, because the two versions were fed different tensors. */
  mismatched: number;
  /** By metric, in the plan's order. */
  readonly pairs: PairSums[];
  readonly candidate: ArmTally;
  readonly base: ArmTally;
}

export function emptyTally(metrics: number): Tally {
  return {
    requested: 0,
    completed: 0,
    cancelled: 0,
    labelled: 0,
    paired: 0,
    mismatched: 0,
    pairs: Array.from({ length: metrics }, emptyPairs),
    candidate: emptyArm(),
    base: emptyArm(),
  };
}

function emptyPairs(): PairSums {
  return { n: 0, candidate: 0, base: 0, candidateSquares: 0, baseSquares: 0, products: 0 };
}

function emptyArm(): ArmTally {
  return { requested: 0, completed: 0, cancelled: 0, n: 0, losses: 0, squares: 0 };
}

/** The sums of one pair of losses. */
export function onePair(candidate: number, base: number): PairSums {
  return {
    n: 1,
    candidate,
    base,
    candidateSquares: candidate * candidate,
    baseSquares: base * base,
    products: candidate * base,
  };
}

/** Adds `other` to `tally`, in place; with sign −1 takes it out again. */
export function addTally(tally: Tally, other: Tally, sign: 1 | -1 = 1): Tally {
  tally.requested += sign * other.requested;
  tally.completed += sign * other.completed;
  tally.cancelled += sign * other.cancelled;
  tally.labelled += sign * other.labelled;
  tally.paired += sign * other.paired;
  tally.mismatched += sign * other.mismatched;
  addArm(tally.candidate, other.candidate, sign);
  addArm(tally.base, other.base, sign);
  for (const [i, pairs] of tally.pairs.entries()) {
    const added = other.pairs[i];
    if (added) addPairs(pairs, added, sign);
  }
  return tally;
}

function addArm(arm: ArmTally, other: ArmTally, sign: number): void {
  arm.requested += sign * other.requested;
  arm.completed += sign * other.completed;
  arm.cancelled += sign * other.cancelled;
  arm.n += sign * other.n;
  arm.losses += sign * other.losses;
  arm.squares += sign * other.squares;
}

function addPairs(pairs: PairSums, other: PairSums, sign: number): void {
  pairs.n += sign * other.n;
  pairs.candidate += sign * other.candidate;
  pairs.base += sign * other.base;
  pairs.candidateSquares += sign * other.candidateSquares;
  pairs.baseSquares += sign * other.baseSquares;
  pairs.products += sign * other.products;
}

/**
 * Moments of `candidate − ratio × base`, one a pair. Ratio 1 is the plain difference; ratio 1 + m asks about a
 * margin that is a share of the base's own loss, without taking that loss for known.
 */
export function differenceMoments(pairs: PairSums, ratio = 1): Moments {
  if (pairs.n === 0) return NO_MOMENTS;
  return {
    n: pairs.n,
    sum: pairs.candidate - ratio * pairs.base,
    squares:
      pairs.candidateSquares - 2 * ratio * pairs.products + ratio * ratio * pairs.baseSquares,
  };
}

/** Moments of the losses that riders of one arm saw. */
export function armMoments({ n, losses, squares }: ArmTally): Moments {
  return { n, sum: losses, squares };
}
