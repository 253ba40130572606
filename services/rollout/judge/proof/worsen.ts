import { createRandom } from "../../../../simulator/random.ts";
import type { Answers } from "./answers.ts";

/** Mean absolute error over rides with a truth, each at most `cap`. */
export function meanLoss(value: ArrayLike<number>, truth: Float64Array, cap: number): number {
  let sum = 0;
  let n = 0;
  for (let row = 0; row < truth.length; row++) {
    const actual = truth[row] as number;
    if (Number.isNaN(actual)) continue;
    sum += Math.min(Math.abs((value[row] as number) - actual), cap);
    n++;
  }
  return sum / n;
}

export interface WorsenOptions {
  readonly truth: Float64Array;
  readonly cap: number;
  /** By how much the mean loss of the month is to rise, a share. */
  readonly by: number;
  readonly seed: string;
}

/** The same answers with normal noise on each value, as much as makes their mean loss worse by `by`. */
export function worsen(answers: Answers, { truth, cap, by, seed }: WorsenOptions): Answers {
  const random = createRandom(seed);
  const noise = Float64Array.from(truth, () => random.normal());
  const noisy = (size: number) =>
    answers.value.map((value, row) => value + size * (noise[row] as number));
  const wanted = (1 + by) * meanLoss(answers.value, truth, cap);
  let [low, high] = [0, 2 * wanted];
  for (let step = 0; step < 20; step++) {
    const middle = (low + high) / 2;
    if (meanLoss(noisy(middle), truth, cap) < wanted) low = middle;
    else high = middle;
  }
  return { ...answers, value: noisy(high) };
}
