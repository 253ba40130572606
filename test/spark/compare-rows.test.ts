import { expect, test } from "vitest";
import { compareRows } from "./compare-rows.ts";

const rows = (...values: unknown[]) => new Map(values.map((value, i) => [`k${i}`, { value }]));

test("the same rows are the same, however none and whole numbers are written", () => {
  expect(compareRows(rows(1, null, 0.1), rows(1n, Number.NaN, 0.1))).toMatchObject({
    rows: 3,
    onlyLeft: 0,
    onlyRight: 0,
    differing: 0,
  });
});

test("one bit, one row too few and one too many are seen", () => {
  expect(compareRows(rows(0.1), rows(0.1 + Number.EPSILON)).differing).toBe(1);
  expect(compareRows(rows(0), rows(-0)).differing).toBe(1);
  expect(compareRows(rows(1, 2), rows(1))).toMatchObject({ onlyLeft: 1, onlyRight: 0 });
  expect(compareRows(rows(1), rows(1, 2))).toMatchObject({ onlyLeft: 0, onlyRight: 1 });
});
