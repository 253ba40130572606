import type { CurvePoint } from "../../releases/curve.ts";

/** What the chart's lower axis counts. */
export type Axis = "trips" | "time";

/** Columns as uPlot takes them; shares in percent, null where there is no end of an interval. */
export interface ChartData {
  readonly x: readonly number[];
  readonly lower: readonly (number | null)[];
  readonly estimate: readonly number[];
  readonly upper: readonly (number | null)[];
  /** The newest margin. */
  readonly margin: number;
  /** What is shown of the vertical axis. */
  readonly range: readonly [low: number, high: number];
}

/**
 * A curve as columns. Over trips only points with more of them than before count: evidence that is read again
 * after a kill begins with few.
 */
export function chartData(curve: readonly CurvePoint[], axis: Axis): ChartData {
  const points = axis === "time" ? curve : growing(curve);
  const share = (value: number | null) => (value === null ? null : 100 * value);
  const margin = 100 * (points.at(-1)?.margin ?? 0);
  return {
    x: points.map(({ at, n }) => (axis === "time" ? at : n)),
    lower: points.map(({ lower }) => share(lower)),
    estimate: points.map(({ estimate }) => 100 * estimate),
    upper: points.map(({ upper }) => share(upper)),
    margin,
    range: rangeOf(points, margin),
  };
}

function growing(curve: readonly CurvePoint[]): CurvePoint[] {
  const kept: CurvePoint[] = [];
  for (const point of curve) {
    if (point.n > (kept.at(-1)?.n ?? 0)) kept.push(point);
  }
  return kept;
}

/**
 * Wide enough for the interval at half of the trips, and for the margin. The first intervals are hundreds of
 * percent wide: shown whole, nothing could be seen of what matters.
 */
function rangeOf(points: readonly CurvePoint[], margin: number): [number, number] {
  const half = (points.at(-1)?.n ?? 0) / 2;
  const ends = points
    .filter(({ n }) => n >= half)
    .flatMap(({ lower, upper, estimate }) => [lower ?? estimate, upper ?? estimate])
    .map((share) => 100 * share);
  const low = Math.min(0, -margin, ...ends);
  const high = Math.max(0, 1.5 * margin, ...ends);
  const room = 0.08 * (high - low || 1);
  return [low - room, high + room];
}
