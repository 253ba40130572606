import { lnBeta } from "./ln-beta.ts";

/** Strength of the prior, in units: large, because a share is known exactly and small leaks matter. */
const CONCENTRATION = 10_000;

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
