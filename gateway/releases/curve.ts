/** One look at the realised error: shares of the live version's error, so that 0.02 is 2 % worse. */
export interface CurvePoint {
  /** Server's clock, seconds since 1970. */
  readonly at: number;
  /** Finished trips that both versions have answered. */
  readonly n: number;
  readonly estimate: number;
  /** Ends of the confidence sequence; null where there are too few trips for one. */
  readonly lower: number | null;
  readonly upper: number | null;
  readonly margin: number;
}

/** Points kept of one rollout. */
export const MAX_POINTS = 600;

/**
 * The points with another one, oldest first. The same numbers again are no news. When there are too many every
 * second one goes, so that what is left still covers the whole rollout.
 */
export function withPoint(
  points: readonly CurvePoint[],
  point: CurvePoint,
  limit = MAX_POINTS,
): readonly CurvePoint[] {
  const last = points.at(-1);
  if (last && (point.at < last.at || isSame(last, point))) return points;
  const kept = points.length < limit ? points : points.filter((_, i) => i % 2 === 0);
  return [...kept, point];
}

function isSame(a: CurvePoint, b: CurvePoint): boolean {
  return a.n === b.n && a.estimate === b.estimate && a.lower === b.lower && a.upper === b.upper;
}
