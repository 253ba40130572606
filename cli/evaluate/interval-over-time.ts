import { adaptScale } from "#kit/model/adaptive-scale.ts";
import { type Limits, scaleInterval } from "#kit/model/interval.ts";
import type { Predicted } from "./measures.ts";

/** How an interval did over a month, day by day. */
export interface IntervalSummary {
  /** Share of truths inside, over all rides. */
  readonly coverage: number;
  /** Mean width. */
  readonly width: number;
  /** Lowest and highest coverage of a day. */
  readonly worstDay: number;
  readonly bestDay: number;
  /** Days on which less than 75 % or more than 85 % were inside. */
  readonly daysOutside: number;
  /** The scale after the last ride; 1 where it never changes. */
  readonly lastScale: number;
}

export interface RidesInTime {
  readonly pickupSeconds: ArrayLike<bigint>;
  readonly minutes: ArrayLike<number>;
  readonly truth: ArrayLike<number>;
}

const SECONDS_A_DAY = 86_400;

/**
 * The interval as riders would have seen it, in the order of their pickups. With a `step` the scale adapts
 * to each ride's truth once it is known, at its drop-off; 0 leaves the interval as the graph gives it.
 */
export function followInterval(
  { pickupSeconds, minutes, truth }: RidesInTime,
  { value, lower, upper }: Predicted,
  rows: readonly number[],
  { step, limits }: { readonly step: number; readonly limits: Limits },
): IntervalSummary {
  const pickup = (row: number) => Number(pickupSeconds[row]);
  const dropoff = (row: number) => pickup(row) + (minutes[row] as number) * 60;
  const byPickup = rows.toSorted((a, b) => pickup(a) - pickup(b));
  const byDropoff = rows.toSorted((a, b) => dropoff(a) - dropoff(b));
  const held = new Map<number, boolean>();
  const days = new Map<number, { rides: number; held: number }>();
  let scale = 1;
  let width = 0;
  let known = 0;
  for (const row of byPickup) {
    for (; dropoff(byDropoff[known] ?? row) <= pickup(row); known++) {
      if (step > 0) scale = adaptScale(scale, held.get(byDropoff[known] ?? row) ?? false, { step });
    }
    const graph = {
      value: value[row] as number,
      lower: lower[row] as number,
      upper: upper[row] as number,
    };
    const shown = scaleInterval(graph, scale, limits);
    const actual = truth[row] as number;
    const isHeld = actual >= shown.lower && actual <= shown.upper;
    held.set(row, isHeld);
    width += shown.upper - shown.lower;
    const day = Math.floor(pickup(row) / SECONDS_A_DAY);
    const tally = days.get(day) ?? { rides: 0, held: 0 };
    days.set(day, { rides: tally.rides + 1, held: tally.held + (isHeld ? 1 : 0) });
  }
  const daily = [...days.values()].map((day) => day.held / day.rides);
  return {
    coverage: [...held.values()].filter(Boolean).length / rows.length,
    width: width / rows.length,
    worstDay: Math.min(...daily),
    bestDay: Math.max(...daily),
    daysOutside: daily.filter((share) => share < 0.75 || share > 0.85).length,
    lastScale: scale,
  };
}
