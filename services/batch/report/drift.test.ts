import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chiSquare999, compareBins, createBinCounts, stabilityIndex } from "./drift.ts";

const counts = fc.record({ before: fc.nat(10_000), now: fc.nat(10_000) });

describe("the stability index", () => {
  test("is never below 0, 0 for the same shares, and the same in both directions", () => {
    fc.assert(
      fc.property(fc.array(counts, { minLength: 1, maxLength: 20 }), (bins) => {
        const index = stabilityIndex(bins);
        expect(index).toBeGreaterThanOrEqual(0);
        expect(stabilityIndex(bins.map(({ before }) => ({ before, now: before })))).toBe(0);
        const turned = bins.map(({ before, now }) => ({ before: now, now: before }));
        expect(stabilityIndex(turned)).toBeCloseTo(index, 9);
      }),
    );
  });

  test("is that of the formula", () => {
    const bins = [
      { before: 499.5, now: 249.5 },
      { before: 499.5, now: 749.5 },
    ];
    const expected = (0.25 - 0.5) * Math.log(0.5) + (0.75 - 0.5) * Math.log(1.5);
    expect(stabilityIndex(bins)).toBeCloseTo(expected, 12);
  });
});

test.each([
  [3, 16.27],
  [9, 27.88],
  [30, 59.7],
  [100, 149.45],
])("chance with %i degrees of freedom is that of the tables, within 2 %%", (degrees, value) => {
  expect(Math.abs(chiSquare999(degrees) / value - 1)).toBeLessThan(0.02);
});

describe("drift", () => {
  const spec = { column: "x", edges: [0.2, 0.4, 0.6, 0.8] };
  const drawn = (rows: number, seed: number, shape: (u: number) => number) => {
    const bins = createBinCounts(spec);
    let state = seed;
    for (let i = 0; i < rows; i++) {
      state = (state * 48_271) % 2_147_483_647;
      bins.add(shape(state / 2_147_483_647));
    }
    return bins;
  };
  const same = (u: number) => u;
  const other = (u: number) => u ** 2;

  test("of two samples of one distribution is none, also of small ones that look different", () => {
    for (const rows of [500, 1_000, 50_000]) {
      for (let seed = 1; seed <= 20; seed++) {
        const drift = compareBins(spec, drawn(rows, seed, same), drawn(rows, seed + 1000, same));
        expect(drift.verdict).toBe("steady");
      }
    }
  });

  test("of another distribution is found", () => {
    expect(compareBins(spec, drawn(5_000, 1, same), drawn(5_000, 7, other)).verdict).toBe(
      "drifted",
    );
  });

  test("is not judged on a handful of rows", () => {
    expect(compareBins(spec, drawn(499, 1, same), drawn(5_000, 7, other)).verdict).toBe("too few");
  });

  test("of categories puts rare ones together, and counts none", () => {
    const categories = { column: "c", categories: true } as const;
    const bins = createBinCounts(categories);
    for (let i = 0; i < 1_000; i++) bins.add(i < 500 ? "a" : i < 990 ? null : `rare ${i}`);
    const drift = compareBins(categories, bins, bins);
    expect(drift.bins).toEqual([
      { label: "a", before: 500, now: 500 },
      { label: "none", before: 490, now: 490 },
      { label: "other", before: 10, now: 10 },
    ]);
    expect(drift.psi).toBe(0);
  });
});
