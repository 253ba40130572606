import { LEAST_VARIANCE } from "../judge/metric.ts";
import {
  type Bounds,
  confidenceBounds,
  precisionFor,
} from "../judge/statistics/confidence-sequence.ts";
import { pairedDifference } from "../judge/statistics/difference.ts";
import { informationOf } from "../judge/statistics/information.ts";
import { addMoments, type Moments, mean, NO_MOMENTS } from "../judge/statistics/moments.ts";
import type { RideContext } from "./paired-ride.ts";

/** By what rides are put together. */
export const dimensions = ["pickup zone", "drop-off zone", "hour", "distance"] as const;
export type Dimension = (typeof dimensions)[number];

/** Upper ends of the distance bands, miles. */
const BANDS = [1, 2, 3, 5, 10, 100];

/** The slices that a ride is in, one a dimension; zones by their number. */
export function slicesOf(ride: RideContext): Readonly<Record<Dimension, string>> {
  return {
    "pickup zone": String(ride.pickupZone),
    "drop-off zone": String(ride.dropoffZone),
    hour: `${String(ride.hour).padStart(2, "0")} h`,
    distance: bandOf(ride.distanceMiles),
  };
}

function bandOf(miles: number | undefined): string {
  const band = BANDS.findIndex((end) => miles !== undefined && miles <= end);
  return band < 0 ? "unknown" : `${BANDS[band - 1] ?? 0} to ${BANDS[band]} mi`;
}

/** Moments of the difference of each slice, in steps; a few hundred slices, however many rides. */
export type SliceMoments = Readonly<Record<Dimension, Map<string, Moments>>>;

export function emptySlices(): SliceMoments {
  return byDimension(() => new Map<string, Moments>());
}

/** Counts a ride's difference in its slices, in place. */
export function addToSlices(slices: SliceMoments, ride: RideContext, steps: number): void {
  const names = slicesOf(ride);
  for (const dimension of dimensions) {
    const of = slices[dimension];
    const one = { n: 1, sum: steps, squares: steps * steps };
    of.set(names[dimension], addMoments(of.get(names[dimension]) ?? NO_MOMENTS, one));
  }
}

/** One slice: its mean difference with an interval, in steps. */
export interface Slice extends Bounds {
  readonly name: string;
  readonly rides: number;
}

export interface SliceTable {
  /** Worst first. */
  readonly by: Readonly<Record<Dimension, readonly Slice[]>>;
  /** Slices with enough rides, over all dimensions: as many chances to look bad by luck. */
  readonly looked: number;
  /** Slices with fewer, which are not shown, and their rides by dimension. */
  readonly leftOut: Readonly<
    Record<Dimension, { readonly slices: number; readonly rides: number }>
  >;
}

/** Rides at which a slice's interval is about narrowest: it is a share of a rollout, not the whole. */
const PLANNED_RIDES = 200;

/**
 * The slices that have `leastRides`, worst first. Each interval is made at `alpha` divided by the number of
 * slices looked at (Bonferroni), so that all of them hold at once with 1 − alpha: the worst of many is always
 * bad, also of two equal versions. Slices share rides, which Bonferroni allows for.
 */
export function tableOf(
  slices: SliceMoments,
  { leastRides, alpha }: { readonly leastRides: number; readonly alpha: number },
): SliceTable {
  const isEnough = ({ n }: Moments) => n >= Math.max(2, leastRides);
  const looked = dimensions
    .map((dimension) => [...slices[dimension].values()].filter(isEnough).length)
    .reduce((sum, count) => sum + count, 0);
  const by = byDimension((dimension): readonly Slice[] =>
    [...slices[dimension]]
      .filter(([, moments]) => isEnough(moments))
      .map(([name, moments]) => ({
        name,
        rides: moments.n,
        ...boundsOf(moments, PLANNED_RIDES, alpha / looked),
      }))
      .toSorted((a, b) => b.estimate - a.estimate || a.name.localeCompare(b.name)),
  );
  const leftOut = byDimension((dimension) => {
    const few = [...slices[dimension].values()].filter((moments) => !isEnough(moments));
    return { slices: few.length, rides: few.reduce((sum, { n }) => sum + n, 0) };
  });
  return { by, looked, leftOut };
}

/** A mean difference with the ends of its confidence sequence; ±∞ where there is too little. */
export function boundsOf(moments: Moments, planned: number, alpha: number): Bounds {
  const difference = pairedDifference(moments, LEAST_VARIANCE);
  if (!difference) {
    const [lower, upper] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    return { estimate: mean(moments), lower, upper };
  }
  const known = informationOf(difference);
  return confidenceBounds(known, precisionFor(known, planned, alpha), alpha);
}

export function byDimension<T>(make: (dimension: Dimension) => T): Record<Dimension, T> {
  return {
    "pickup zone": make("pickup zone"),
    "drop-off zone": make("drop-off zone"),
    hour: make("hour"),
    distance: make("distance"),
  };
}
