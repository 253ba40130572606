import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { simulatePace } from "./pace.ts";
import { planTrip } from "./plan.ts";
import { makeTrip, START_MS } from "./testing/trips.ts";

describe("a plan", () => {
  test("requests, starts, reports three times and completes", () => {
    const steps = planTrip(makeTrip(), 1);
    const kinds = ["request", "start", "progress", "progress", "progress", "complete"];
    expect(steps.map((step) => step.kind)).toEqual(kinds);
    expect(steps[1]?.atMs).toBe(START_MS);
    expect(steps.at(-1)?.atMs).toBe(START_MS + 600_000);
    expect(planTrip(makeTrip(), 1)).toEqual(steps);
    expect(planTrip(makeTrip(), 2)).not.toEqual(steps);
  });

  test("waits one to five minutes, never goes back in time, and reports inside the ride", () => {
    const trips = fc.record({
      id: fc.string({ minLength: 1 }),
      durationSeconds: fc.integer({ min: 60, max: 10_800 }),
    });
    fc.assert(
      fc.property(trips, fc.nat(), (changes, seed) => {
        const steps = planTrip(makeTrip(changes), seed);
        const waitMs = START_MS - (steps[0]?.atMs ?? 0);
        expect(waitMs).toBeGreaterThanOrEqual(60_000);
        expect(waitMs).toBeLessThanOrEqual(300_000);
        for (const [i, step] of steps.slice(1).entries()) {
          expect(step.atMs).toBeGreaterThanOrEqual(steps[i]?.atMs ?? 0);
          if (step.kind === "progress")
            expect(step.elapsedSeconds).toBe((step.atMs - START_MS) / 1000);
        }
      }),
    );
  });
});

describe("the simulated pace", () => {
  test("starts at nothing, ends with the ride and never runs back", () => {
    fc.assert(
      fc.property(fc.string(), fc.double({ min: 0, max: 1, noNaN: true }), (seed, share) => {
        const timeShare = simulatePace(seed);
        expect(timeShare(0)).toBe(0);
        expect(timeShare(1)).toBeCloseTo(1, 12);
        expect(timeShare(share)).toBeLessThanOrEqual(timeShare(Math.min(share + 0.01, 1)));
      }),
    );
  });

  test("is half way at half time on average, slow at both ends, and different for every ride", () => {
    const rides = Array.from({ length: 2000 }, (_, ride) => simulatePace(String(ride)));
    const mean = (share: number) => rides.reduce((sum, at) => sum + at(share), 0) / rides.length;
    expect(mean(0.5)).toBeCloseTo(0.5, 1);
    expect(mean(0.1)).toBeGreaterThan(0.12);
    const spread = rides.reduce((sum, at) => sum + (at(0.5) - mean(0.5)) ** 2, 0) / rides.length;
    expect(Math.sqrt(spread)).toBeGreaterThan(0.05);
  });
});
