/** How far predictions are from the truth, over some rides. Errors are prediction minus truth. */
export interface Measures {
  readonly rides: number;
  readonly rmse: number;
  readonly mae: number;
  /** Mean of |error| / truth, over truths above 0; a share, not per cent. */
  readonly mape: number;
  readonly bias: number;
  /** Share of rides whose error is at most the service's tolerance. */
  readonly within: number;
  /** Share of truths inside the interval. */
  readonly coverage: number;
  /** Mean width of the interval. */
  readonly width: number;
}

export interface Predicted {
  readonly value: ArrayLike<number>;
  readonly lower: ArrayLike<number>;
  readonly upper: ArrayLike<number>;
}

/** Measures over the rides at `rows`, all of which have a truth. */
export function measure(
  truth: ArrayLike<number>,
  { value, lower, upper }: Predicted,
  rows: readonly number[],
  tolerance: number,
): Measures {
  let squares = 0;
  let absolute = 0;
  let relative = 0;
  let positive = 0;
  let sum = 0;
  let near = 0;
  let inside = 0;
  let width = 0;
  for (const row of rows) {
    const actual = truth[row] as number;
    const error = (value[row] as number) - actual;
    squares += error * error;
    absolute += Math.abs(error);
    sum += error;
    if (actual > 0) {
      relative += Math.abs(error) / actual;
      positive++;
    }
    if (Math.abs(error) <= tolerance) near++;
    if (actual >= (lower[row] as number) && actual <= (upper[row] as number)) inside++;
    width += (upper[row] as number) - (lower[row] as number);
  }
  const n = rows.length;
  return {
    rides: n,
    rmse: Math.sqrt(squares / n),
    mae: absolute / n,
    mape: relative / positive,
    bias: sum / n,
    within: near / n,
    coverage: inside / n,
    width: width / n,
  };
}

/**
 * Area under the ROC curve: how likely a ride that is one ranks above a ride that is not (Mann-Whitney,
 * ties count half). `isOne` and `score` are by ride, over `rows`.
 */
export function areaUnderCurve(
  score: ArrayLike<number>,
  isOne: (row: number) => boolean,
  rows: readonly number[],
): number {
  const sorted = rows.toSorted((a, b) => (score[a] as number) - (score[b] as number));
  let ones = 0;
  let rankSum = 0;
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (end < sorted.length && score[sorted[end] ?? 0] === score[sorted[start] ?? 0]) end++;
    const rank = (start + 1 + end) / 2; // ranks from 1; ties share their mean
    for (const row of sorted.slice(start, end)) {
      if (!isOne(row)) continue;
      ones++;
      rankSum += rank;
    }
    start = end;
  }
  const zeros = rows.length - ones;
  return (rankSum - (ones * (ones + 1)) / 2) / (ones * zeros);
}
