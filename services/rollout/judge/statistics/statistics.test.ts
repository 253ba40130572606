// What must hold for every input, and the special functions against exact values.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { confidenceBounds, logEvidence, precisionFor, scoreBound } from "./confidence-sequence.ts";
import { countEvidence, shareWithMargin } from "./counts.ts";
import { pairedDifference, splitDifference } from "./difference.ts";
import { addInformation, informationOf, shiftInformation } from "./information.ts";
import { lnBeta, lnGamma, lnIncompleteBeta, lnOneMinusExp } from "./ln-beta.ts";
import { lnNormal } from "./ln-normal.ts";
import { addMoments, momentsOf, NO_MOMENTS } from "./moments.ts";
import { pairsUntil } from "./pairs-until.ts";
import { pValue, raisePeak } from "./peak.ts";
import { mixedRatioEvidence, ratioEvidence } from "./sample-ratio.ts";
import { wilson } from "./wilson.ts";

const losses = fc.array(fc.integer({ min: -8192, max: 8192 }), { minLength: 2, maxLength: 50 });
const count = fc.integer({ min: 0, max: 1_000_000_000 });
const share = fc.double({ min: 0.0001, max: 0.9999, noNaN: true });

describe("special functions", () => {
  test("lnGamma of whole and half numbers", () => {
    let factorial = 0; // ln (n − 1)!
    for (let n = 1; n < 170; n++) {
      expect(lnGamma(n)).toBeCloseTo(factorial, 10);
      factorial += Math.log(n);
    }
    expect(lnGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 14);
    expect(lnGamma(1e-9)).toBeCloseTo(-Math.log(1e-9), 8);
  });

  test("lnBeta of whole numbers, and the recurrence for huge ones", () => {
    expect(lnBeta(3, 4)).toBeCloseTo(Math.log((2 * 6) / 720), 13);
    for (const [a, b] of [
      [12, 15],
      [1e5, 3],
      [1e9, 1e7],
    ] as const) {
      expect(lnBeta(a + 1, b) - lnBeta(a, b)).toBeCloseTo(Math.log(a / (a + b)), 6);
    }
  });

  test("incomplete beta: closed forms, symmetry, and tails below the smallest double", () => {
    expect(lnIncompleteBeta(0.3, 1, 1)).toBeCloseTo(Math.log(0.3), 13);
    expect(lnIncompleteBeta(0.2, 1, 7)).toBeCloseTo(Math.log(1 - 0.8 ** 7), 13);
    expect(lnIncompleteBeta(0.5, 40, 40)).toBeCloseTo(Math.log(0.5), 12);
    // I_x(a, 1) = x^a: e^−29957 is far below what a double can hold.
    expect(lnIncompleteBeta(0.05, 10_000, 1)).toBeCloseTo(10_000 * Math.log(0.05), 7);
    fc.assert(
      fc.property(
        share,
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 5000 }),
        (x, a, b) => {
          const [below, above] = [lnIncompleteBeta(x, a, b), lnIncompleteBeta(1 - x, b, a)];
          expect(Math.exp(below) + Math.exp(above)).toBeCloseTo(1, 9);
        },
      ),
    );
  });

  test("normal distribution function: known values, and far out", () => {
    expect(Math.exp(lnNormal(0))).toBe(0.5);
    expect(Math.exp(lnNormal(1.959963984540054))).toBeCloseTo(0.975, 13);
    expect(Math.exp(lnNormal(-3.090232306167813))).toBeCloseTo(0.001, 13);
    expect(lnNormal(-40)).toBeCloseTo(-804.6084420137538, 9);
    expect(lnNormal(-1e6)).toBeCloseTo(-5e11 - 14.734449, 3);
    expect(lnNormal(1e6)).toBe(-0);
    expect(lnNormal(-3 - 1e-12)).toBeCloseTo(lnNormal(-3 + 1e-12), 9);
  });

  test("ln(1 − eˣ)", () => {
    expect(lnOneMinusExp(-1e-20)).toBeCloseTo(Math.log(1e-20), 9);
    expect(lnOneMinusExp(-800)).toBe(-0);
    expect(lnOneMinusExp(0)).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe("differences", () => {
  test("the order of arrival does not matter, and parts add", () => {
    fc.assert(
      fc.property(losses, losses, (some, more) => {
        const together = momentsOf([...some, ...more]);
        expect(momentsOf([...more, ...some].toReversed())).toEqual(together);
        expect(addMoments(momentsOf(some), momentsOf(more))).toEqual(together);
      }),
    );
  });

  test("strata add: score and information are sums, and a stratum of nothing changes nothing", () => {
    fc.assert(
      fc.property(fc.array(losses, { maxLength: 6 }), (strata) => {
        const known = strata.map((values) => {
          const difference = pairedDifference(momentsOf(values), 1);
          return difference ? informationOf(difference) : addInformation([]);
        });
        const all = addInformation(known);
        const backwards = addInformation([addInformation([]), ...known.toReversed()]);
        expect(backwards.n).toBe(all.n);
        expect(backwards.score).toBeCloseTo(all.score, 6);
        expect(backwards.information).toBeCloseTo(all.information, 6);
      }),
    );
  });

  test("exchanging the arms turns the sign and nothing else", () => {
    fc.assert(
      fc.property(losses, losses, (one, other) => {
        const [a, b] = [momentsOf(one), momentsOf(other)];
        const there = splitDifference(a, b, 1);
        const back = splitDifference(b, a, 1);
        expect(back?.variance).toBeCloseTo(there?.variance ?? Number.NaN, 6);
        expect(back?.difference).toBeCloseTo(-(there?.difference ?? Number.NaN), 9);
      }),
    );
  });

  test("too little is undefined, equal values keep a variance", () => {
    expect(pairedDifference(NO_MOMENTS, 1)).toBeUndefined();
    expect(pairedDifference(momentsOf([3]), 1)).toBeUndefined();
    expect(splitDifference(momentsOf([1, 2]), momentsOf([1]), 1)).toBeUndefined();
    expect(pairedDifference(momentsOf([3, 3, 3, 3]), 1 / 12)?.variance).toBe(1 / 48);
    expect(splitDifference(momentsOf([3, 3]), momentsOf([3, 3]), 1)?.variance).toBe(1);
  });
});

describe("confidence sequence", () => {
  const known = fc.record({
    score: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    information: fc.double({ min: 1e-3, max: 1e9, noNaN: true }),
  });
  const precision = fc.double({ min: 1e-6, max: 1e6, noNaN: true });

  test("a difference outside the interval is one with evidence against it, and the other way round", () => {
    fc.assert(
      fc.property(known, precision, fc.constantFrom(0.05, 0.01, 0.001), (what, rho, alpha) => {
        const { lower, upper } = confidenceBounds(what, rho, alpha);
        const distance = Math.abs(logEvidence(what, rho) + Math.log(alpha));
        if (distance < 1e-6) return; // on the edge rounding decides
        expect(lower > 0 || upper < 0).toBe(logEvidence(what, rho) > -Math.log(alpha));
      }),
    );
  });

  test("symmetric; one-sided sees its own side only", () => {
    fc.assert(
      fc.property(known, precision, (what, rho) => {
        const mirrored = { ...what, score: -what.score };
        expect(logEvidence(mirrored, rho)).toBe(logEvidence(what, rho));
        const [above, below] = [
          logEvidence(what, rho, "above"),
          logEvidence(mirrored, rho, "above"),
        ];
        if (what.score > 0) expect(above).toBeGreaterThanOrEqual(below);
        expect(Number.isFinite(above) && Number.isFinite(below)).toBe(true);
      }),
    );
  });

  test("the one-sided bound is where the evidence is 1/alpha", () => {
    for (const information of [1e-9, 1, 1e9]) {
      const score = scoreBound(information, 3, 0.01, "above");
      expect(logEvidence({ score, information }, 3, "above")).toBeCloseTo(Math.log(100), 6);
    }
  });

  test("nothing known: no evidence, every difference possible", () => {
    const nothing = addInformation([]);
    const rho = precisionFor(nothing, 2000, 0.01);
    expect(logEvidence(nothing, rho)).toBeCloseTo(0, 12);
    expect(logEvidence(nothing, rho, "above")).toBeCloseTo(0, 12);
    expect(confidenceBounds(nothing, rho, 0.01)).toEqual({
      estimate: 0,
      lower: Number.NEGATIVE_INFINITY,
      upper: Number.POSITIVE_INFINITY,
    });
  });

  test("a thousand million equal trips are no overflow", () => {
    const difference = pairedDifference(
      { n: 1e9, sum: 1e9 * 8192, squares: 1e9 * 8192 ** 2 },
      1 / 12,
    );
    const what = informationOf(difference ?? { difference: 0, variance: 1, n: 0 });
    expect(Number.isFinite(logEvidence(what, precisionFor(what, 2000, 0.01)))).toBe(true);
  });

  test("pairs until a line is left behind: the interval is that narrow there, and not one pair before", () => {
    const what = informationOf({ difference: 0.3, variance: 9 / 50, n: 50 });
    const tuning = { planned: 2000, alpha: 0.01 };
    const pairs = pairsUntil(what, 0.3, tuning);
    const lowerAt = (n: number) => {
      const then = informationOf({ difference: 0.3, variance: 9 / n, n });
      return confidenceBounds(then, precisionFor(then, 2000, 0.01), 0.01).lower;
    };
    expect(lowerAt(pairs)).toBeGreaterThanOrEqual(0);
    expect(lowerAt(pairs - 1)).toBeLessThan(0);
    expect(pairsUntil(what, 0, tuning)).toBe(Number.POSITIVE_INFINITY);
    expect(pairsUntil(addInformation([]), 1, tuning)).toBe(Number.POSITIVE_INFINITY);
    expect(pairsUntil(what, 1e-9, tuning)).toBe(Number.POSITIVE_INFINITY);
  });

  test("shifting asks about another difference", () => {
    const what = informationOf({ difference: 3, variance: 0.5, n: 10 });
    const shifted = shiftInformation(what, 1);
    expect(shifted.score / shifted.information).toBeCloseTo(2, 12);
  });
});

describe("counts and ratios", () => {
  test("finite at every size; nothing seen is no evidence", () => {
    fc.assert(
      fc.property(count, count, share, (candidate, base, at) => {
        for (const side of ["two-sided", "worse", "better"] as const) {
          expect(Number.isFinite(countEvidence({ candidate, base }, at, side))).toBe(true);
        }
        expect(Number.isFinite(ratioEvidence([candidate, base], [at, 1 - at]))).toBe(true);
      }),
      { numRuns: 60 },
    );
    expect(countEvidence({ candidate: 0, base: 0 }, 0.05, "worse")).toBe(0);
    expect(ratioEvidence([0, 0], [0.05, 0.95])).toBeCloseTo(0, 9);
    expect(countEvidence({ candidate: 7, base: 0 }, 1, "worse")).toBe(0);
  });

  test("exchanging the arms exchanges worse and better", () => {
    fc.assert(
      fc.property(fc.nat(400), fc.nat(400), share, (candidate, base, at) => {
        const here = countEvidence({ candidate, base }, at, "worse");
        const there = countEvidence({ candidate: base, base: candidate }, 1 - at, "better");
        expect(there).toBeCloseTo(here, 6);
      }),
    );
  });

  test("the evidence is an E-value: its mean over all outcomes of n events is 1", () => {
    const [n, at] = [30, 0.2];
    for (const side of ["two-sided", "worse", "better"] as const) {
      let mean = 0;
      for (let x = 0; x <= n; x++) {
        const ways = -lnBeta(x + 1, n - x + 1) - Math.log(n + 1);
        const probability = Math.exp(ways + x * Math.log(at) + (n - x) * Math.log1p(-at));
        mean += probability * Math.exp(countEvidence({ candidate: x, base: n - x }, at, side));
      }
      expect(mean).toBeCloseTo(1, 9);
    }
  });

  test("priors of two strengths: a gross leak is seen early, a small one late, none in equal shares", () => {
    expect(ratioEvidence([80, 320], [0.5, 0.5])).toBeLessThan(7);
    expect(mixedRatioEvidence([80, 320], [0.5, 0.5])).toBeGreaterThan(7);
    expect(mixedRatioEvidence([5300, 94_700], [0.05, 0.95])).toBeGreaterThan(6.5);
    expect(mixedRatioEvidence([200, 200], [0.5, 0.5])).toBeLessThan(0);
  });

  test("a margin moves the share that is asked about", () => {
    expect(shareWithMargin(0.25, 0)).toBe(0.25);
    expect(shareWithMargin(0.5, 1)).toBeCloseTo(2 / 3, 12);
    const equal = { candidate: 500, base: 1500 };
    expect(countEvidence(equal, shareWithMargin(0.25, 0.25), "better")).toBeGreaterThan(3);
  });
});

test("p never rises", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -50, max: 50, noNaN: true })), (looks) => {
      let peak = 0;
      for (const look of looks) {
        const next = raisePeak(peak, look);
        expect(pValue(next)).toBeLessThanOrEqual(pValue(peak));
        peak = next;
      }
      expect(pValue(peak)).toBeLessThanOrEqual(1);
    }),
  );
});

test("Wilson's interval", () => {
  expect(wilson(0, 400)[1]).toBeCloseTo(0.00951, 4);
  expect(wilson(0, 0)).toEqual([0, 1]);
  const [low, high] = wilson(5, 10);
  expect(low + high).toBeCloseTo(1, 12);
});
