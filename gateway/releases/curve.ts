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
 * The points with another one, oldest first. The same numbers again are no news. When there are too many the one
 * goes whose neighbours are closest in time, so that what is left covers the whole rollout evenly.
 */
export function withPoint(
  points: readonly CurvePoint[],
  point: CurvePoint,
  limit = MAX_POINTS,
): readonly CurvePoint[] {
  const last = points.at(-1);
  if (last && (point.at < last.at || isSame(last, point))) return points;
  const all = [...points, point];
  return all.length > limit ? all.toSpliced(mostCrowded(all), 1) : all;
}

/** Never the first or the last. */
function mostCrowded(points: readonly CurvePoint[]): number {
  const gapAround = (i: number) => (points[i + 1]?.at ?? 0) - (points[i - 1]?.at ?? 0);
  let best = 1;
  for (let i = 2; i < points.length - 1; i++) if (gapAround(i) < gapAround(best)) best = i;
  return best;
}

function isSame(a: CurvePoint, b: CurvePoint): boolean {
  return a.n === b.n && a.estimate === b.estimate && a.lower === b.lower && a.upper === b.upper;
}
