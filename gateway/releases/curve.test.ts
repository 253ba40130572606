import fc from "fast-check";
import { expect, test } from "vitest";
import { type CurvePoint, withPoint } from "./curve.ts";

const point = (n: number): CurvePoint => ({
  at: n,
  n,
  estimate: 0.01,
  lower: null,
  upper: null,
  margin: 0.02,
});

function curveOf(count: number, limit: number): readonly CurvePoint[] {
  return Array.from({ length: count }, (_, i) => point(i + 1)).reduce<readonly CurvePoint[]>(
    (curve, next) => withPoint(curve, next, limit),
    [],
  );
}

test("however long a rollout takes its curve is bounded, and covers it from its first to its newest point", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 3, max: 100 }),
      (count, limit) => {
        const curve = curveOf(count, limit);
        expect(curve.length).toBeLessThanOrEqual(limit);
        expect(curve[0]?.n).toBe(1);
        expect(curve.at(-1)?.n).toBe(count);
        const steps = curve.slice(1).map(({ n }, i) => n - (curve[i]?.n ?? 0));
        expect(Math.min(...steps, 1)).toBeGreaterThan(0);
        // No hole: at most four times what even spacing would be.
        expect(Math.max(...steps, 1)).toBeLessThanOrEqual(Math.max(1, (4 * count) / (limit - 1)));
      },
    ),
  );
});

test("the same numbers again are no point", () => {
  const once = withPoint([], point(5));
  expect(withPoint(once, { ...point(5), at: 9 })).toBe(once);
});

test("what is older than the newest point is left out", () => {
  const curve = withPoint([], point(5));
  expect(withPoint(curve, { ...point(7), at: 4 })).toBe(curve);
});
