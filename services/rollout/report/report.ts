import { arms, type ByArm } from "../judge/fact.ts";
import { fromSteps, LOSS_STEPS, type Metric } from "../judge/metric.ts";
import type { JudgePlan } from "../judge/plan.ts";
import { wilson } from "../judge/statistics/wilson.ts";
import {
  addTally,
  differenceMoments,
  emptyTally,
  type PairSums,
  type Tally,
} from "../judge/tally.ts";
import {
  type Bin,
  countDifference,
  type DifferenceCounts,
  emptyCounts,
  histogram,
  quantile,
  type Sides,
  sidesOf,
} from "./distribution.ts";
import type { PairedRide } from "./paired-ride.ts";
import {
  addToSlices,
  boundsOf,
  byDimension,
  emptySlices,
  type SliceMoments,
  type SliceTable,
  tableOf,
} from "./slices.ts";
import {
  addErrors,
  type ErrorSums,
  emptyErrors,
  type VersionErrors,
  versionErrors,
} from "./version-errors.ts";
import { keepWorst, type WorstRide } from "./worst-rides.ts";

const WORST_RIDES = 10;
const QUANTILES = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];

/** Everything that is kept of the rides: its size does not grow with them. */
export interface Totals {
  readonly tally: Tally;
  readonly counts: DifferenceCounts;
  readonly slices: SliceMoments;
  readonly errors: { readonly candidate: ErrorSums; readonly base: ErrorSums };
  readonly worst: WorstRide[];
  /** Rides by whose answer the rider saw. */
  readonly served: { candidate: number; base: number; unknown: number };
}

export function createTotals({ metrics }: JudgePlan): Totals {
  return {
    tally: emptyTally(metrics.length),
    counts: emptyCounts(),
    slices: emptySlices(),
    errors: { candidate: emptyErrors(), base: emptyErrors() },
    worst: [],
    served: { candidate: 0, base: 0, unknown: 0 },
  };
}

/** Takes a ride in, changing `totals` in place; in any order, up to the rounding of the uncapped errors. */
export function addRide(totals: Totals, ride: PairedRide): void {
  const pair = ride.tally.pairs[0];
  if (!pair || pair.n === 0) return;
  const steps = pair.candidate - pair.base;
  addTally(totals.tally, ride.tally);
  countDifference(totals.counts, steps);
  addToSlices(totals.slices, ride, steps);
  for (const arm of arms) addErrors(totals.errors[arm], ride, arm);
  keepWorst(totals.worst, ride, WORST_RIDES);
  totals.served[ride.served ?? "unknown"]++;
}

/** One way of being wrong, both versions and their difference, in its unit. Losses are capped. */
export interface MetricResult {
  readonly name: string;
  readonly unit: Metric["unit"];
  readonly cap: number;
  readonly rides: number;
  /** Mean loss by version. */
  readonly mean: ByArm;
  /** Candidate minus base; below 0 is better. Ends are ±∞ below two rides. */
  readonly difference: {
    readonly estimate: number;
    readonly lower: number;
    readonly upper: number;
  };
  /** Of the interval, however often one looks, e.g. 0.99. */
  readonly confidence: number;
}

/** On how many rides the candidate was, or would have been, nearer to the truth. */
export interface BetterShare extends Sides {
  readonly rides: number;
  /** Better among all, ties with them. */
  readonly share: number;
  /** Wilson's 95 % interval of it, for one look. */
  readonly lower: number;
  readonly upper: number;
  /** Losses are told apart in steps of this, in the unit. */
  readonly resolution: number;
}

/** What the pairs of a rollout say. Differences are candidate minus base, in `unit`: below 0 is better. */
export interface Comparison {
  readonly unit: Metric["unit"];
  readonly metrics: readonly MetricResult[];
  readonly better: BetterShare;
  readonly quantiles: readonly { readonly p: number; readonly difference: number }[];
  readonly histogram: readonly Bin[];
  readonly slices: SliceTable & { readonly leastRides: number; readonly confidence: number };
  readonly worst: readonly WorstRide[];
  readonly versions: { readonly candidate: VersionErrors; readonly base: VersionErrors };
  readonly served: Totals["served"];
  /** Different hours of the day with a pair: fewer than 24 are no sample of a day. */
  readonly hours: number;
}

export interface CompareOptions {
  /** Rides that a slice must have to be looked at. */
  readonly leastRides: number;
  /** Chance that any of the slices' intervals is wrong. */
  readonly sliceAlpha: number;
}

/** Turns the sums into the report. */
export function compare(totals: Totals, plan: JudgePlan, options: CompareOptions): Comparison {
  const { tally, counts, slices, errors, worst, served } = totals;
  const { leastRides, sliceAlpha } = options;
  const metric = plan.metrics[0] as Metric;
  const inUnit = (steps: number) => fromSteps(steps, metric);
  return {
    unit: metric.unit,
    metrics: plan.metrics.map((_, index) => metricResult(plan, tally, index)),
    better: betterShare(counts, metric),
    quantiles: QUANTILES.map((p) => ({ p, difference: inUnit(quantile(counts, p)) })),
    histogram: histogram(counts, LOSS_STEPS / metric.cap).map(({ from, to, rides }) => ({
      from: inUnit(from),
      to: inUnit(to),
      rides,
    })),
    slices: {
      ...inUnits(tableOf(slices, { leastRides, alpha: sliceAlpha }), inUnit),
      leastRides,
      confidence: 1 - sliceAlpha,
    },
    worst,
    versions: { candidate: versionErrors(errors.candidate), base: versionErrors(errors.base) },
    served,
    hours: slices.hour.size,
  };
}

function metricResult(plan: JudgePlan, { pairs }: Tally, index: number): MetricResult {
  const metric = plan.metrics[index] as Metric;
  const alpha = index === 0 ? plan.alpha : plan.guardAlpha;
  const sums = pairs[index] as PairSums;
  const moments = differenceMoments(sums);
  const { estimate, lower, upper } = boundsOf(moments, plan.plannedTrips, alpha);
  const mean = (sum: number) => (sums.n === 0 ? 0 : fromSteps(sum / sums.n, metric));
  return {
    name: metric.name,
    unit: metric.unit,
    cap: metric.cap,
    rides: sums.n,
    mean: { candidate: mean(sums.candidate), base: mean(sums.base) },
    difference: {
      estimate: fromSteps(estimate, metric),
      lower: fromSteps(lower, metric),
      upper: fromSteps(upper, metric),
    },
    confidence: 1 - alpha,
  };
}

function betterShare(counts: DifferenceCounts, metric: Metric): BetterShare {
  const sides = sidesOf(counts);
  const rides = sides.better + sides.equal + sides.worse;
  const [lower, upper] = wilson(sides.better, rides);
  const share = rides === 0 ? 0 : sides.better / rides;
  return { rides, ...sides, share, lower, upper, resolution: fromSteps(1, metric) };
}

function inUnits(table: SliceTable, inUnit: (steps: number) => number): SliceTable {
  const by = byDimension((dimension) =>
    table.by[dimension].map(({ name, rides, estimate, lower, upper }) => ({
      name,
      rides,
      estimate: inUnit(estimate),
      lower: inUnit(lower),
      upper: inUnit(upper),
    })),
  );
  return { ...table, by };
}
