/** Running sums of one number a trip. Order of arrival does not matter, and sums of parts add. */
export interface Moments {
  readonly n: number;
  readonly sum: number;
  readonly squares: number;
}

export const NO_MOMENTS: Moments = { n: 0, sum: 0, squares: 0 };

export function addMoments(a: Moments, b: Moments): Moments {
  return { n: a.n + b.n, sum: a.sum + b.sum, squares: a.squares + b.squares };
}

export function momentsOf(values: readonly number[]): Moments {
  return values.reduce((all, x) => addMoments(all, { n: 1, sum: x, squares: x * x }), NO_MOMENTS);
}

/** Mean; 0 of nothing. */
export function mean({ n, sum }: Moments): number {
  return n === 0 ? 0 : sum / n;
}

/** Sum of squared distances from the mean, never below 0 by rounding. */
export function scatter({ n, sum, squares }: Moments): number {
  return n === 0 ? 0 : Math.max(0, squares - (sum * sum) / n);
}

/** Unbiased sample variance, in the unit's square; 0 of fewer than two. */
export function sampleVariance(moments: Moments): number {
  return moments.n < 2 ? 0 : scatter(moments) / (moments.n - 1);
}
