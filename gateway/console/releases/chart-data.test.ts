import { expect, test } from "vitest";
import type { CurvePoint } from "../../releases/curve.ts";
import { chartData } from "./chart-data.ts";

const point = (at: number, n: number, half: number | null): CurvePoint => ({
  at,
  n,
  estimate: 0.01,
  lower: half === null ? null : 0.01 - half,
  upper: half === null ? null : 0.01 + half,
  margin: 0.02,
});

test("shares become percent, and an interval without ends a gap", () => {
  const data = chartData([point(100, 1, null), point(101, 30, 0.05)], "trips");
  expect(data).toMatchObject({ x: [1, 30], estimate: [1, 1], margin: 2 });
  expect(data.lower[0]).toBe(null);
  expect(data.lower[1]).toBeCloseTo(-4);
  expect(data.upper[1]).toBeCloseTo(6);
});

test("evidence that is read again from its beginning goes back in trips, not in time", () => {
  const curve = [point(100, 50, 0.05), point(101, 10, 0.2), point(102, 60, 0.05)];
  expect(chartData(curve, "trips").x).toEqual([50, 60]);
  expect(chartData(curve, "time").x).toEqual([100, 101, 102]);
});

test("the first, wide intervals do not hide what matters: zero, the margin and the later ones", () => {
  const [low, high] = chartData([point(100, 2, 9), point(101, 500, 0.05)], "trips").range;
  expect(low).toBeGreaterThan(-10);
  expect(low).toBeLessThan(-4);
  expect(high).toBeGreaterThan(6);
  expect(high).toBeLessThan(10);
});

test("without any point there is a range", () => {
  const { x, range } = chartData([], "trips");
  expect(x).toEqual([]);
  expect(range[0]).toBeLessThan(range[1]);
});
