/** How fast a scale follows what it sees. */
export interface AdaptOptions {
  /** Share of truths that the interval is to hold. Default 0.8. */
  readonly nominal?: number;
  /**
   * Step of the logarithm of the scale for one truth. Default 0.01: a day of rides is enough to follow a
   * snow day, and a lucky streak of ten changes the width by 2 %.
   */
  readonly step?: number;
}

/** The scale never leaves these: beyond them the model is wrong, not its interval. */
export const SMALLEST_SCALE = 0.25;
export const LARGEST_SCALE = 4;

/**
 * The interval scale after one more truth: wider when the interval, as shown with `scale`, missed it, a
 * little narrower when it held.
 *
 * Adaptive conformal inference (Gibbs and Candès 2021, arXiv:2106.00263), stepping the logarithm of the
 * width instead of the level, as a quantile tracker does: with `e` = 1 for a miss, else 0,
 * `log s ← log s + step × (e − (1 − nominal))`. Over any long run the share of misses is 1 − nominal,
 * whatever the data does, as long as the scale stays off its limits. Feed truths as they become known, at
 * the drop-off: a scale that knew them earlier would be judged on what it could not have.
 */
export function adaptScale(scale: number, held: boolean, options: AdaptOptions = {}): number {
  const { nominal = 0.8, step = 0.01 } = options;
  const next = scale * Math.exp(step * ((held ? 0 : 1) - (1 - nominal)));
  return Math.min(Math.max(next, SMALLEST_SCALE), LARGEST_SCALE);
}
