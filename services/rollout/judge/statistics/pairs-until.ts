import { precisionFor, scoreBound } from "./confidence-sequence.ts";
import type { Information } from "./information.ts";

/** More pairs than this are "never". */
const MOST_PAIRS = 1e9;

/**
 * Pairs at which the confidence sequence is at most `distance` to either side, if a pair goes on to bring as
 * much information as those known: where a line that is this far from the estimate is left behind. ∞ where the
 * line is not ahead, or nothing is known.
 */
export function pairsUntil(
  { information, n }: Pick<Information, "information" | "n">,
  distance: number,
  { planned, alpha }: { readonly planned: number; readonly alpha: number },
): number {
  if (!(distance > 0) || n === 0) return Number.POSITIVE_INFINITY;
  const aPair = information / n;
  const precision = precisionFor({ information, n }, planned, alpha);
  const radius = (pairs: number) => scoreBound(aPair * pairs, precision, alpha) / (aPair * pairs);
  if (radius(MOST_PAIRS) > distance) return Number.POSITIVE_INFINITY;
  let [low, high] = [0, MOST_PAIRS];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (radius(middle) > distance) low = middle;
    else high = middle;
  }
  return high;
}
