import { fromSteps, LEAST_VARIANCE, type Metric, toSteps } from "../metric.ts";
import type { JudgePlan } from "../plan.ts";
import {
  type Bounds,
  confidenceBounds,
  logEvidence,
  precisionFor,
} from "../statistics/confidence-sequence.ts";
import { pairedDifference } from "../statistics/difference.ts";
import {
  addInformation,
  type Information,
  informationOf,
  shiftInformation,
} from "../statistics/information.ts";
import { pairsUntil } from "../statistics/pairs-until.ts";
import { differenceMoments, type PairSums } from "../tally.ts";
import { answer, type Case, countText, type Gate, percent, Verdict } from "./gate.ts";

/**
 * A metric on paired trips. FAIL on every finished pair, PASS on matured cohorts only.
 *
 * FAIL where the confidence sequence of the harm lies above 0 (or, for guards, above the margin), PASS where it
 * lies below the margin: a candidate has to be shown not worse, not only not shown worse. A margin that is a
 * share of the base's loss is asked about as `candidate − (1 + margin) × base`, so that the base's loss, which
 * is an estimate as well, is not taken for known.
 */
export function metricGate({ plan, look }: Case, index: number): Gate {
  const metric = plan.metrics[index] as Metric;
  const alpha = index === 0 ? plan.alpha : plan.guardAlpha;
  const [all, matured] = (["all", "matured"] as const).map((of) =>
    mergeSmall(
      look.strata.flatMap((stratum) => stratum[of].pairs[index] ?? []),
      plan.leastForFail,
    ),
  ) as [PairSums[], PairSums[]];
  const harm = aboutHarm(all, { plan, alpha });
  const allowed = metric.failsOn === "any" ? harm : aboutMargin(all, { plan, metric, alpha });
  const ready = aboutMargin(matured, { plan, metric, alpha: plan.passAlpha });
  const isWorse = harm.known.n >= plan.leastForFail && allowed.bounds.lower > 0;
  const isFine = ready.known.n >= plan.leastForPass && ready.bounds.upper < 0;
  const verdict = isWorse ? Verdict.FAIL : isFine ? Verdict.PASS : Verdict.CONTINUE;
  const toFail = pairsToFail(allowed, { plan, alpha });
  // Before enough has matured, all that has ended is the better guess.
  const likely = ready.known.n < plan.leastForFail ? all : matured;
  const toPass = pairsToPass(likely, { plan, metric });
  const words = { metric, harm: harm.bounds, n: harm.known.n, base: meanBase(all), alpha };
  return answer(metric.name, verdict, sentence(verdict, words, { plan, matured: ready.known.n }), {
    numbers: {
      ...numbersOf(words),
      ...readyNumbers(ready, { plan, metric }),
      ...whereFinite({ pairsToFail: toFail, maturedToPass: toPass }),
    },
    logE: allowed.logE,
    ...whereFinite({ pairsToFail: toFail - harm.known.n }),
    ...(Number.isFinite(toPass) && { toPass: { maturedPairs: toPass - harm.known.n } }),
  });
}

function whereFinite(numbers: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(numbers).filter(([, value]) => Number.isFinite(value)));
}

interface About {
  readonly known: Information;
  readonly bounds: Bounds;
  /** Log of the evidence for more than 0; 0 where the estimate is below it. */
  readonly logE: number;
}

type Setting = { readonly plan: JudgePlan; readonly alpha: number };

function aboutHarm(strata: readonly PairSums[], setting: Setting): About {
  return about(inform(strata, 1), setting);
}

/** About harm minus margin: above 0 is more than allowed. */
function aboutMargin(strata: readonly PairSums[], setting: Setting & { metric: Metric }): About {
  const { metric } = setting;
  if (metric.marginIs === "relative") return about(inform(strata, 1 + metric.margin), setting);
  return about(shiftInformation(inform(strata, 1), toSteps(metric.margin, metric)), setting);
}

function inform(strata: readonly PairSums[], ratio: number): Information {
  return addInformation(
    strata.flatMap((pairs) => {
      const difference = pairedDifference(differenceMoments(pairs, ratio), LEAST_VARIANCE);
      return difference ? [informationOf(difference)] : [];
    }),
  );
}

function about(known: Information, { plan, alpha }: Setting): About {
  const precision = precisionFor(known, plan.plannedTrips, alpha);
  const logE = known.score > 0 ? logEvidence(known, precision) : 0;
  return { known, bounds: confidenceBounds(known, precision, alpha), logE };
}

/** Pairs at which it would fail if the estimates stayed as they are; ∞ when never. For people who wait. */
function pairsToFail({ known, bounds }: About, { plan, alpha }: Setting): number {
  const { leastForFail, plannedTrips: planned } = plan;
  return Math.max(pairsUntil(known, bounds.estimate, { planned, alpha }), leastForFail);
}

/** The same for passing, in matured pairs. */
function pairsToPass(
  strata: readonly PairSums[],
  { plan, metric }: { readonly plan: JudgePlan; readonly metric: Metric },
): number {
  const { leastForPass, plannedTrips: planned, passAlpha: alpha } = plan;
  const { known, bounds } = aboutMargin(strata, { plan, metric, alpha });
  return Math.max(pairsUntil(known, -bounds.estimate, { planned, alpha }), leastForPass);
}

/**
 * Strata too small for a variance of their own are added to the next one, the last to the one before it. Pairs
 * may be: their difference does not depend on the weights.
 */
export function mergeSmall(strata: readonly PairSums[], least: number): PairSums[] {
  const merged: PairSums[] = [];
  for (const pairs of strata) {
    const last = merged.at(-1);
    if (last && last.n < least) merged[merged.length - 1] = sumPairs(last, pairs);
    else merged.push(pairs);
  }
  const last = merged.at(-1);
  const before = merged.at(-2);
  if (last && before && last.n < least) merged.splice(-2, 2, sumPairs(before, last));
  return merged;
}

function sumPairs(a: PairSums, b: PairSums): PairSums {
  return {
    n: a.n + b.n,
    candidate: a.candidate + b.candidate,
    base: a.base + b.base,
    candidateSquares: a.candidateSquares + b.candidateSquares,
    baseSquares: a.baseSquares + b.baseSquares,
    products: a.products + b.products,
  };
}

/** Mean loss of the base, in steps. */
function meanBase(strata: readonly PairSums[]): number {
  const n = strata.reduce((sum, pairs) => sum + pairs.n, 0);
  return n === 0 ? 0 : strata.reduce((sum, pairs) => sum + pairs.base, 0) / n;
}

interface Words {
  readonly metric: Metric;
  /** In steps. */
  readonly harm: Bounds;
  readonly base: number;
  readonly n: number;
  readonly alpha: number;
}

function numbersOf({ metric, harm, base, n }: Words): Record<string, number> {
  const relative = (steps: number) => (base > 0 ? steps / base : 0);
  const margin = marginSteps(metric, base);
  return {
    n,
    harm: fromSteps(harm.estimate, metric),
    lower: fromSteps(harm.lower, metric),
    upper: fromSteps(harm.upper, metric),
    base: fromSteps(base, metric),
    relative: relative(harm.estimate),
    relativeLower: relative(harm.lower),
    relativeUpper: relative(harm.upper),
    margin: metric.margin,
    marginHarm: fromSteps(margin, metric),
    ofMargin: margin > 0 ? harm.estimate / margin : 0,
  };
}

/** How far a PASS is: on matured pairs, about harm minus margin. */
function readyNumbers(
  { known, bounds }: About,
  { plan, metric }: { readonly plan: JudgePlan; readonly metric: Metric },
): Record<string, number> {
  return {
    matured: known.n,
    maturedNeeded: plan.leastForPass,
    passUpper: fromSteps(bounds.upper, metric),
  };
}

function marginSteps(metric: Metric, base: number): number {
  return metric.marginIs === "relative" ? metric.margin * base : toSteps(metric.margin, metric);
}

function sentence(
  verdict: Verdict,
  { metric, harm, base, n, alpha }: Words,
  { plan, matured }: { plan: JudgePlan; matured: number },
): string {
  if (n < plan.leastForFail) {
    return `${countText(n, "trip")} with both answers and a truth so far; nothing is said before ${plan.leastForFail}.`;
  }
  const amount = (steps: number) => amountText(steps, metric, base);
  const between = `between ${amount(harm.lower)} and ${amount(harm.upper)} with ${percent(1 - alpha)} confidence`;
  const found = `Over ${countText(n, "finished trip")} the candidate's ${metric.name} is ${amount(harm.estimate)} against the live version's, ${between}`;
  const margin =
    metric.marginIs === "relative"
      ? percent(metric.margin)
      : amountText(toSteps(metric.margin, metric), metric, 0);
  if (verdict === Verdict.FAIL) {
    return `${found}: worse${metric.failsOn === "margin" ? ` by more than ${margin}` : ""}.`;
  }
  if (verdict === Verdict.PASS) {
    return `${found}; on ${countText(matured, "matured trip")} it is not worse by ${margin} or more, with ${percent(1 - plan.passAlpha)} confidence.`;
  }
  if (matured < plan.leastForPass) {
    return `${found}; ${countText(matured, "trip")} of ${plan.leastForPass.toLocaleString("en-US")} have matured.`;
  }
  return `${found}; that it is not worse by ${margin} or more is not shown yet.`;
}

/** `+0.71 min (+17.6 %)`, of shares `+3.1 points`. */
function amountText(steps: number, metric: Metric, base: number): string {
  const value = fromSteps(steps, metric);
  const sign = value >= 0 ? "+" : "−";
  const size = Math.abs(value);
  if (metric.unit === "share") return `${sign}${(100 * size).toFixed(1)} points`;
  const text =
    metric.unit === "USD" ? `${sign}$${size.toFixed(3)}` : `${sign}${size.toFixed(2)} min`;
  if (base <= 0) return text;
  return `${text} (${sign}${percent(Math.abs(steps / base))})`;
}
