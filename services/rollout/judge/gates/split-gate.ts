import { TOTAL_WEIGHT } from "#kit/traffic/traffic.ts";
import { fromSteps, LEAST_VARIANCE, type Metric } from "../metric.ts";
import { confidenceBounds, logEvidence, precisionFor } from "../statistics/confidence-sequence.ts";
import { splitDifference } from "../statistics/difference.ts";
import { addInformation, informationOf } from "../statistics/information.ts";
import { mean } from "../statistics/moments.ts";
import { armMoments } from "../tally.ts";
import { answer, type Case, countText, type Gate, percent, Verdict } from "./gate.ts";

/**
 * The plain comparison of what riders of either arm were shown: the only one that sees an answer that changes
 * the outcome. Strata with too few trips an arm are left out, never merged: pooled over weights the arms differ
 * although the versions do not.
 *
 * It can fail a candidate. It cannot certify one from a small share (at 5 % it finds a model that is 5 % worse
 * in one release of five), so to "pass" is to have been looked at without proof of harm. Segments differ in themselves, so
 * between them it is shown and never fails.
 */
export function splitGate({ plan, look }: Case): Gate {
  const metric = plan.metrics[0] as Metric;
  const weight = look.strata.at(-1)?.candidateWeight ?? 0;
  const isByRiders = plan.assignment === "riders";
  const isRequired = plan.needsSplit && isByRiders && weight > 0 && weight < TOTAL_WEIGHT;
  const strata = look.strata.flatMap(({ all }) => {
    const [candidate, base] = [armMoments(all.candidate), armMoments(all.base)];
    if (Math.min(candidate.n, base.n) < plan.leastPerArm) return [];
    const difference = splitDifference(candidate, base, LEAST_VARIANCE);
    return difference ? [informationOf(difference)] : [];
  });
  const known = addInformation(strata);
  const { candidate, base } = look.total.all;
  const counts = { candidate: candidate.n, base: base.n };
  if (strata.length === 0) {
    const because = `${countText(candidate.n, "finished trip")} with the candidate's answer and ${base.n.toLocaleString("en-US")} with the live version's; the two groups are compared from ${plan.leastPerArm} each.`;
    const share = Math.min(weight, TOTAL_WEIGHT - weight) / TOTAL_WEIGHT;
    const missing = Math.max(0, plan.leastPerArm - Math.min(candidate.n, base.n));
    return answer("split", Verdict.CONTINUE, because, {
      isRequired,
      numbers: counts,
      ...(share > 0 && { toPass: { pairs: missing / share } }),
    });
  }
  const precision = precisionFor(known, plan.plannedTrips, plan.guardAlpha);
  const bounds = confidenceBounds(known, precision, plan.guardAlpha);
  const minutes = (steps: number) => fromSteps(steps, metric);
  const numbers = {
    ...counts,
    n: known.n,
    harm: minutes(bounds.estimate),
    lower: minutes(bounds.lower),
    upper: minutes(bounds.upper),
    baseLoss: minutes(mean(armMoments(base))),
  };
  const isWorse = isByRiders && bounds.lower > 0;
  const because = `Riders who were shown the candidate (${countText(known.n, "trip")}) saw errors that differ by ${numbers.harm.toFixed(2)} ${metric.unit} from those of the others, between ${numbers.lower.toFixed(2)} and ${numbers.upper.toFixed(2)} with ${percent(1 - plan.guardAlpha)} confidence${isWorse ? ": worse" : ""}.`;
  return answer("split", isWorse ? Verdict.FAIL : Verdict.PASS, because, {
    isRequired,
    numbers,
    logE: known.score > 0 ? logEvidence(known, precision) : 0,
  });
}
