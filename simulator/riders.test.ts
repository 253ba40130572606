import { expect, test } from "vitest";
import { createRiders, RIDERS } from "./riders.ts";

const ids = Array.from({ length: 60_000 }, (_, row) => `green-2021-02-${row}`);

test("the same trip has the same rider, under another seed another one", () => {
  expect(ids.map(createRiders(1))).toEqual(ids.map(createRiders(1)));
  expect(ids.slice(0, 100).map(createRiders(1))).not.toEqual(
    ids.slice(0, 100).map(createRiders(2)),
  );
});

test("a few ride often, most seldom, and nobody rides for everybody", () => {
  const rides = new Map<string, number>();
  for (const rider of ids.map(createRiders(1))) rides.set(rider, (rides.get(rider) ?? 0) + 1);
  const counts = [...rides.values()].sort((a, b) => b - a);
  expect(counts[0]).toBeGreaterThan(40); // a month's trips: between one and four a day
  expect(counts[0]).toBeLessThan(120);
  expect(rides.size).toBeGreaterThan(0.7 * RIDERS);
  const busiestTenth = counts.slice(0, RIDERS / 10).reduce((sum, n) => sum + n, 0);
  expect(busiestTenth / ids.length).toBeGreaterThan(0.2);
  expect(busiestTenth / ids.length).toBeLessThan(0.5);
});
