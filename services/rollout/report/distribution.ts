import { LOSS_STEPS } from "../judge/metric.ts";

/**
 * How many rides have each difference, candidate minus base. Losses are whole numbers of steps up to the cap,
 * so there are 2 × 8192 + 1 differences: every ride is counted exactly, in any order, in the same memory.
 */
export type DifferenceCounts = Float64Array;

export function emptyCounts(): DifferenceCounts {
  return new Float64Array(2 * LOSS_STEPS + 1);
}

/** Counts a difference in steps, in place; more than the cap cannot be. */
export function countDifference(counts: DifferenceCounts, steps: number): void {
  const kept = Math.max(-LOSS_STEPS, Math.min(LOSS_STEPS, Math.round(steps)));
  counts[kept + LOSS_STEPS] = (counts[kept + LOSS_STEPS] ?? 0) + 1;
}

/** Rides on which the candidate was nearer to the truth, as near (to the step), and farther from it. */
export interface Sides {
  readonly better: number;
  readonly equal: number;
  readonly worse: number;
}

export function sidesOf(counts: DifferenceCounts): Sides {
  return {
    better: sum(counts.subarray(0, LOSS_STEPS)),
    equal: counts[LOSS_STEPS] ?? 0,
    worse: sum(counts.subarray(LOSS_STEPS + 1)),
  };
}

function sum(counts: DifferenceCounts): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** Smallest difference, in steps, that at least the share `p` of the rides do not exceed; 0 of none. */
export function quantile(counts: DifferenceCounts, p: number): number {
  const wanted = Math.max(1, Math.ceil(p * sum(counts) - 1e-9));
  let seen = 0;
  for (const [i, count] of counts.entries()) {
    seen += count;
    if (count > 0 && seen >= wanted) return i - LOSS_STEPS;
  }
  return 0;
}

/** Rides whose difference is between two ends, in steps; both are 0 for the rides that are equal. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly rides: number;
}

/** Bins a side; beyond them one without an end. */
const BINS = 10;

/**
 * Rides by difference, in bins of equal width on both sides of 0 with the equal rides between them; 98 % of the
 * rides lie within, the outermost bins end at ±∞. `unit`: steps in one unit, for widths that are round in it.
 */
export function histogram(counts: DifferenceCounts, unit: number): Bin[] {
  const reach = Math.max(-quantile(counts, 0.01), quantile(counts, 0.99), 1);
  const width = roundUp(reach / unit / BINS) * unit;
  const below = new Array<number>(BINS + 1).fill(0);
  const above = new Array<number>(BINS + 1).fill(0);
  for (const [i, count] of counts.entries()) {
    const steps = i - LOSS_STEPS;
    if (count === 0 || steps === 0) continue;
    const side = steps < 0 ? below : above;
    const bin = Math.min(BINS, Math.floor(Math.abs(steps) / width));
    side[bin] = (side[bin] ?? 0) + count;
  }
  const end = (bin: number) => (bin > BINS ? Number.POSITIVE_INFINITY : bin * width);
  return [
    ...below
      .map((rides, bin) => ({ from: -end(bin + 1), to: bin === 0 ? 0 : -end(bin), rides }))
      .toReversed(),
    { from: 0, to: 0, rides: sidesOf(counts).equal },
    ...above.map((rides, bin) => ({ from: end(bin), to: end(bin + 1), rides })),
  ];
}

/** The next of 1, 2, 5, 10, 20 … and their tenths that is not below `x`. */
function roundUp(x: number): number {
  const power = 10 ** Math.floor(Math.log10(x));
  const factor = [1, 2, 5].find((step) => step * power >= x * (1 - 1e-9)) ?? 10;
  return factor * power;
}
