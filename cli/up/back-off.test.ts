import { expect, test } from "vitest";
import { createBackOff } from "./back-off.ts";

test("waits double up to the longest", () => {
  const backOff = createBackOff();
  const waits = Array.from({ length: 8 }, () => backOff.nextMs(0));
  expect(waits).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
});

test("thirty healthy seconds are forgiven, less is not", () => {
  const backOff = createBackOff();
  backOff.nextMs(0);
  expect(backOff.nextMs(29_999)).toBe(400);
  expect(backOff.nextMs(30_000)).toBe(200);
  expect(backOff.nextMs(0)).toBe(400);
});
