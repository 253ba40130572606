import { lnBeta, lnIncompleteBeta } from "./ln-beta.ts";

/** Events (errors, slow answers) of the candidate and of the base: the only two numbers the test needs. */
export interface Counts {
  readonly candidate: number;
  readonly base: number;
}

/** `two-sided`; `worse`: the candidate has more than its share; `better`: it has less. */
export type CountSide = "two-sided" | "worse" | "better";

/** Strength of the prior, in events; the authors' own choice. */
export const CONCENTRATION = 100;

/**
 * The same for what has to act at once. It is as sure; against 100, a candidate with all of the events, at half of the
 * requests, is found after 19 of them instead of 43, and one with twice as many as its share a little later.
 */
export const QUICK_CONCENTRATION = 10;

/**
 * Log of the evidence that the candidate's events are not `share` of all events.
 *
 * Given that an event happened it is the candidate's with probability `share` = its share of the requests, if
 * both are equally good, whatever the base rate does over time. Mixture over Beta(c p, c (1 − p)):
 * `ln B(a + x₁, b + x₀) − ln B(a, b) − x₁ ln p − x₀ ln(1 − p)`, one-sided with the prior cut off at p. Lindon
 * and Malek, NeurIPS 2022 (arXiv:2011.03567). Valid at every look; stages are independent, so their logs add.
 */
export function countEvidence(
  { candidate, base }: Counts,
  share: number,
  side: CountSide = "two-sided",
  concentration = CONCENTRATION,
): number {
  if (candidate + base === 0 || share <= 0 || share >= 1) return 0;
  const a = concentration * share;
  const b = concentration * (1 - share);
  const symmetric =
    lnBeta(a + candidate, b + base) -
    lnBeta(a, b) -
    candidate * Math.log(share) -
    base * Math.log1p(-share);
  return symmetric + sideFactor(side, share, [a, b], [a + candidate, b + base]);
}

type Beta = readonly [number, number];

/** How much more likely the wanted side of p is after the events than before, as a logarithm. */
function sideFactor(side: CountSide, p: number, [a, b]: Beta, [a1, b1]: Beta): number {
  if (side === "worse") return lnIncompleteBeta(1 - p, b1, a1) - lnIncompleteBeta(1 - p, b, a);
  if (side === "better") return lnIncompleteBeta(p, a1, b1) - lnIncompleteBeta(p, a, b);
  return 0;
}

/**
 * The share of events that a candidate with rate (1 + margin) times the base's would have, at share w of the
 * requests: `w (1 + m) / (1 − w + w (1 + m))`. `better` than this says that the rate is below that.
 */
export function shareWithMargin(share: number, margin: number): number {
  const weighted = share * (1 + margin);
  return weighted / (1 - share + weighted);
}
