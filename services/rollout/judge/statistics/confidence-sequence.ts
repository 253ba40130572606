import type { Information } from "./information.ts";
import { lnNormal } from "./ln-normal.ts";

/**
 * Which differences count as evidence: `two-sided` either sign, `above` positive ones only. For negative ones
 * only, give the score with its sign turned.
 */
export type Side = "two-sided" | "above";

/**
 * Log of the evidence against "there is no difference", as the normal mixture martingale with mixing
 * precision ρ:
 * `½ ln(ρ / (V + ρ)) + S² / (2 (V + ρ))`, and for `above` (half-normal mixture) `+ ln 2 + ln Φ(S / √(V + ρ))`.
 *
 * Robbins 1970; Howard et al. 2021 (arXiv:1810.08240, Prop. 3 and 6; `confseq`); with estimated variances an
 * asymptotic confidence sequence (Waudby-Smith et al. 2024, arXiv:2103.06476). May be looked at after every
 * trip: P(ever ≥ ln(1/α)) ≤ α. 0 when nothing is known.
 */
export function logEvidence(
  { score, information }: Pick<Information, "score" | "information">,
  precision: number,
  side: Side = "two-sided",
): number {
  const total = information + precision;
  const symmetric = -0.5 * Math.log1p(information / precision) + (score / total) * (score / 2);
  if (side === "two-sided") return symmetric;
  return symmetric + Math.LN2 + lnNormal(score / Math.sqrt(total));
}

/**
 * How far S may be from V·δ before δ is rejected at level α.
 * Two-sided in closed form: `√((V + ρ) (2 ln(1/α) + ln((V + ρ)/ρ)))`; above by bisection of `logEvidence`.
 */
export function scoreBound(
  information: number,
  precision: number,
  alpha: number,
  side: Side = "two-sided",
): number {
  const wanted = -Math.log(alpha);
  const symmetric = Math.sqrt(
    (information + precision) * (2 * wanted + Math.log1p(information / precision)),
  );
  if (side === "two-sided") return symmetric;
  let low = 0; // too little evidence
  let high = symmetric; // doubling a one-sided score's evidence costs less than a two-sided bound
  for (let step = 0; step < 200 && low < high; step++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (logEvidence({ score: middle, information }, precision, side) < wanted) low = middle;
    else high = middle;
  }
  return high;
}

/** An estimate and the ends of its confidence sequence, in the unit of the difference. */
export interface Bounds {
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
}

/** The differences not rejected at level α; everything when nothing is known. */
export function confidenceBounds(
  { score, information }: Pick<Information, "score" | "information">,
  precision: number,
  alpha: number,
): Bounds {
  if (information <= 0) {
    return { estimate: 0, lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY };
  }
  const estimate = score / information;
  const radius = scoreBound(information, precision, alpha) / information;
  return { estimate, lower: estimate - radius, upper: estimate + radius };
}

/**
 * k(α) = 2 ln(1/α) + ln(1 + 2 ln(1/α)): a mixing variance of k(α) times the planned variance of the estimate
 * gives about the narrowest interval at the planned size (Howard et al. 2021, eq. 25, first term). One-sided:
 * k(2α).
 */
export function tuningFactor(alpha: number): number {
  const twice = -2 * Math.log(alpha);
  return twice + Math.log1p(twice);
}

/**
 * Mixing precision ρ = 1/τ² tuned to a planned number of trips: ρ = V_plan / k(α), where V_plan is what the
 * known information becomes at that number, V · planned / n.
 *
 * So τ is fixed beforehand in standard deviations of one trip's difference, τ² = k(α) s² / planned, and is
 * about the smallest difference that a test of fixed size `planned` finds four times in five.
 */
export function precisionFor(
  { information, n }: Pick<Information, "information" | "n">,
  planned: number,
  alpha: number,
): number {
  const aTrip = n > 0 && information > 0 ? information / n : 1;
  return (aTrip * planned) / tuningFactor(alpha);
}
