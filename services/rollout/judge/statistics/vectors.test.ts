// Published and computed test vectors; where each comes from is in vectors.json.
import { describe, expect, test } from "vitest";
import {
  confidenceBounds,
  logEvidence,
  precisionFor,
  scoreBound,
  tuningFactor,
} from "./confidence-sequence.ts";
import { countEvidence } from "./counts.ts";
import { splitDifference, welchVariance } from "./difference.ts";
import { informationOf } from "./information.ts";
import { type Moments, mean, sampleVariance } from "./moments.ts";
import { pValue, raisePeak } from "./peak.ts";
import { ratioEvidence } from "./sample-ratio.ts";
import vectors from "./vectors.json" with { type: "json" };

const { confseq, growthbook, computed } = vectors;

describe("confseq's unit tests", () => {
  const twoSided = 100 / tuningFactor(0.05);
  const oneSided = 100 / tuningFactor(2 * 0.05);
  const known = { score: 10, information: 100 };

  test("best rho", () => expect(twoSided).toBeCloseTo(confseq.bestRhoTwoSided, 5));
  test("log mixtures", () => {
    expect(logEvidence(known, twoSided)).toBeCloseTo(
      confseq["normalLogMixtureTwoSided(10,100)"],
      5,
    );
    expect(logEvidence(known, oneSided, "above")).toBeCloseTo(
      confseq["normalLogMixtureOneSided(10,100)"],
      5,
    );
  });
  test("bounds", () => {
    expect(scoreBound(100, twoSided, 0.05)).toBeCloseTo(confseq["normalBoundTwoSided(100)"], 4);
    expect(scoreBound(100, oneSided, 0.05, "above")).toBeCloseTo(
      confseq["normalBoundOneSided(100)"],
      4,
    );
  });
});

/** Relative difference (b − a) / a with its variance by the delta method, as GrowthBook has it. */
function relativeDifference(a: Moments, b: Moments, varianceOf: (arm: Moments) => number) {
  const [meanA, meanB] = [mean(a), mean(b)];
  const variance =
    varianceOf(b) / b.n / meanA ** 2 + ((varianceOf(a) / a.n) * meanB ** 2) / meanA ** 4;
  return { difference: meanB / meanA - 1, variance, n: a.n + b.n };
}

describe("GrowthBook's sequential tests", () => {
  const intervalOf = (difference: Parameters<typeof informationOf>[0], tuning: number) => {
    const known = informationOf(difference);
    return confidenceBounds(known, precisionFor(known, tuning, 0.05), 0.05);
  };

  test("relative difference of means, tuned to 1000", () => {
    const { estimate, standardError, interval } = growthbook.relativeTuning1000;
    const relative = relativeDifference(growthbook.a, growthbook.b, sampleVariance);
    const bounds = intervalOf(relative, 1000);
    expect(Math.sqrt(relative.variance)).toBeCloseTo(standardError, 4);
    expect(bounds.estimate).toBeCloseTo(estimate, 4);
    expect(bounds.lower).toBeCloseTo(interval[0] as number, 4);
    expect(bounds.upper).toBeCloseTo(interval[1] as number, 4);
  });

  test("relative difference of proportions, tuned to 5000", () => {
    const { estimate, standardError, interval } = growthbook.proportionTuning5000;
    const a = { n: 3000, sum: 1396, squares: 1396 };
    const b = { n: 3461, sum: 2422, squares: 2422 };
    const relative = relativeDifference(a, b, (arm) => mean(arm) * (1 - mean(arm)));
    const bounds = intervalOf(relative, 5000);
    expect(Math.sqrt(relative.variance)).toBeCloseTo(standardError, 4);
    expect(bounds.estimate).toBeCloseTo(estimate, 4);
    expect(bounds.lower).toBeCloseTo(interval[0] as number, 4);
    expect(bounds.upper).toBeCloseTo(interval[1] as number, 4);
  });

  test("variance by Welch, from the interval of a fixed size", () => {
    const { aN, difference, interval } = growthbook.welch;
    const a = { ...growthbook.a, n: aN };
    expect(mean(growthbook.b) - mean(a)).toBeCloseTo(difference, 4);
    const halfWidth = ((interval[1] as number) - (interval[0] as number)) / 2;
    // Student's t with some 5,600 degrees of freedom, 1.96038 at 97.5 %.
    expect(1.96038 * Math.sqrt(welchVariance(growthbook.b, a))).toBeCloseTo(halfWidth, 4);
  });
});

describe("computed from the papers' formulas", () => {
  test.each(Object.entries(computed.tuningFactor))("k(%s)", (alpha, k) => {
    expect(tuningFactor(Number(alpha))).toBeCloseTo(k, 12);
  });

  test("two samples of unequal size", () => {
    const vector = computed.twoSample;
    const arm = ({ n, variance }: { n: number; variance: number }, at: number): Moments => ({
      n,
      sum: n * at,
      squares: (n - 1) * variance + n * at * at,
    });
    const [candidate, base] = [arm(vector.candidate, vector.difference), arm(vector.base, 0)];
    expect(welchVariance(candidate, base)).toBeCloseTo(vector.varianceOfDifference, 12);
    const pooled = ((499 * 4 + 9499 * 4.2) / 9998) * (1 / 500 + 1 / 9500);
    expect(splitDifference(candidate, base, 0)?.variance).toBeCloseTo(pooled, 12);
    const known = informationOf({
      difference: vector.difference,
      variance: vector.varianceOfDifference,
      n: 500,
    });
    const precision = 1 / vector.mixingVariance;
    expect(logEvidence(known, precision)).toBeCloseTo(vector.logE, 10);
    expect(scoreBound(known.information, precision, 0.05) / known.information).toBeCloseTo(
      vector.radius95,
      10,
    );
  });

  test("Johari's mSPRT with equal arms", () => {
    const { perArm, variance, mixingVariance, difference, likelihoodRatio } =
      computed.johariEqualArms;
    const known = informationOf({ difference, variance: (2 * variance) / perArm, n: perArm });
    expect(Math.exp(logEvidence(known, 1 / mixingVariance))).toBeCloseTo(likelihoodRatio, 10);
  });

  test("one sample", () => {
    const { variance, n, planned, alpha, radius } = computed.oneSample;
    const known = informationOf({ difference: 0, variance: variance / n, n });
    const bounds = confidenceBounds(known, precisionFor(known, planned, alpha), alpha);
    expect(bounds.upper).toBeCloseTo(radius, 12);
  });

  test.each(computed.counts)("counts $candidate of $candidate + $base at $share", (vector) => {
    expect(countEvidence(vector, vector.share)).toBeCloseTo(vector.logE, 9);
    expect(countEvidence(vector, vector.share, "worse")).toBeCloseTo(vector.logEWorse, 9);
  });

  test.each(computed.sampleRatio)("sample ratio $counts", ({ counts, shares, logE }) => {
    expect(ratioEvidence(counts, shares)).toBeCloseTo(logE, 7);
  });

  test("sample ratio as a p-value: 7.1e-4, as Optimizely's example has it", () => {
    const logE = ratioEvidence([5300, 94700], [0.05, 0.95]);
    expect(pValue(raisePeak(0, logE))).toBeCloseTo(7.1e-4, 4);
  });
});
