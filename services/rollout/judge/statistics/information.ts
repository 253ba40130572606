import type { Difference } from "./difference.ts";

/**
 * What is known of a difference: `score` S = Σ d/v, `information` V = Σ 1/v over independent strata, and the
 * trips behind it. The estimate is S/V, its variance 1/V.
 *
 * Strata are added, never pooled: when shares of traffic and the mean of the loss both move, pooled arms
 * differ although the models do not (Simpson), in 100 % of simulated equal releases instead of 2.3 %.
 */
export interface Information {
  readonly score: number;
  readonly information: number;
  readonly n: number;
}

export const NO_INFORMATION: Information = { score: 0, information: 0, n: 0 };

export function informationOf({ difference, variance, n }: Difference): Information {
  return { score: difference / variance, information: 1 / variance, n };
}

export function addInformation(strata: readonly Information[]): Information {
  return strata.reduce(
    (all, one) => ({
      score: all.score + one.score,
      information: all.information + one.information,
      n: all.n + one.n,
    }),
    NO_INFORMATION,
  );
}

/** The same, about `difference − by`: for asking whether the difference is `by`, or above it. */
export function shiftInformation(known: Information, by: number): Information {
  return { ...known, score: known.score - by * known.information };
}
