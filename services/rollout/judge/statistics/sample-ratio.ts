import { lnBeta } from "./ln-beta.ts";

/** Strength of the prior, in units: large, because a share is known exactly and small leaks matter. */
const CONCENTRATION = 10_000;
/** Strong priors see small leaks late, weak ones see gross ones early: 80 of 400 at a half is plain to see. */
const CONCENTRATIONS = [100, CONCENTRATION];

/**
 * Log of the evidence that `counts` do not come in the shares `shares` (which add up to 1).
 *
 * Sequential sample ratio test with a Dirichlet(C p) prior (Lindon and Malek 2022; Optimizely's `ssrm`):
 * `ln B(a + n) − ln B(a) − Σ n ln p`, with the Dirichlet's B as a product of beta functions.
 */
export function ratioEvidence(
  counts: readonly number[],
  shares: readonly number[],
  concentration = CONCENTRATION,
): number {
  const prior = shares.map((share) => concentration * share);
  const posterior = prior.map((a, i) => a + (counts[i] ?? 0));
  const expected = shares.reduce((sum, share, i) => sum + (counts[i] ?? 0) * Math.log(share), 0);
  return lnDirichlet(posterior) - lnDirichlet(prior) - expected;
}

/**
 * The same with priors of several strengths, as the mean of their evidence, which is evidence again: a mean of
 * martingales is one. With the strong prior alone 80 of 400 at a half would pass.
 */
export function mixedRatioEvidence(counts: readonly number[], shares: readonly number[]): number {
  const each = CONCENTRATIONS.map((strength) => ratioEvidence(counts, shares, strength));
  const most = Math.max(...each);
  const sum = each.reduce((all, logE) => all + Math.exp(logE - most), 0);
  return most + Math.log(sum / each.length);
}

/** ln of Π Γ(aᵢ) / Γ(Σ aᵢ) = Σ ln B(a₁ + … + aᵢ₋₁, aᵢ). */
function lnDirichlet(alphas: readonly number[]): number {
  let sum = 0;
  let before = 0;
  for (const alpha of alphas) {
    if (before > 0) sum += lnBeta(before, alpha);
    before += alpha;
  }
  return sum;
}
