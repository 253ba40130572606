// What the report says of rides that are made up, and of any rides.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Scored } from "../judge/fact.ts";
import { fromSteps, LOSS_STEPS, type Metric } from "../judge/metric.ts";
import { planFor, START_MS, scored } from "../judge/testing/facts.ts";
import { createTrip, keepScore } from "../judge/trip.ts";
import { countDifference, emptyCounts, histogram, quantile, sidesOf } from "./distribution.ts";
import { outcomeOf, type PairedRide, pairedRide } from "./paired-ride.ts";
import { addRide, type Comparison, compare, createTotals } from "./report.ts";
import { slicesOf } from "./slices.ts";

const plan = planFor();
const metric = plan.metrics[0] as Metric;
const options = { leastRides: 30, sliceAlpha: 0.05 };

interface MadeUp {
  readonly id?: string;
  readonly base: number;
  readonly candidate: number;
  readonly truth?: number;
  readonly hour?: number;
  readonly pickupZone?: number;
  readonly miles?: number;
  readonly more?: Partial<Scored>;
}

function rideOf(made: MadeUp, i = 0): PairedRide {
  const { id = `t${i}`, truth = 10, hour = 8, pickupZone = 74, miles = 2.5, more } = made;
  const trip = createTrip(START_MS);
  trip.request = { riderId: "r", atMs: START_MS, hour, assigned: "base" };
  trip.end = { truth: { value: truth } };
  for (const arm of ["base", "candidate"] as const) {
    keepScore(trip, arm, scored(arm, id, { value: made[arm], lower: 5, upper: 20, ...more }));
  }
  const { tally } = outcomeOf(trip, plan);
  const context = {
    requestedAtMs: START_MS,
    pickupZone,
    dropoffZone: 42,
    hour,
    distanceMiles: miles,
  };
  return pairedRide(id, trip, { context, plan, tally }) as PairedRide;
}

function reportOf(rides: readonly MadeUp[], change: Partial<typeof options> = {}): Comparison {
  const totals = createTotals(plan);
  for (const [i, ride] of rides.entries()) addRide(totals, rideOf(ride, i));
  return compare(totals, plan, { ...options, ...change });
}

describe("which version was nearer", () => {
  test("counts better, equal and worse rides, ties among all", () => {
    const { better } = reportOf([
      { base: 12, candidate: 11 },
      { base: 12, candidate: 8 }, // as far on the other side
      { base: 12, candidate: 13 },
      { base: 12, candidate: 10 },
    ]);
    expect(better).toMatchObject({ rides: 4, better: 2, equal: 1, worse: 1, share: 0.5 });
    expect(better.lower).toBeCloseTo(0.15, 2); // Wilson, 2 of 4
    expect(better.upper).toBeCloseTo(0.85, 2);
  });

  test("says nothing false of no rides", () => {
    const report = reportOf([]);
    expect(report.better).toMatchObject({ rides: 0, share: 0, lower: 0, upper: 1 });
    expect(report.metrics[0]?.difference).toMatchObject({ estimate: 0, lower: -Infinity });
    expect(report.slices.looked).toBe(0);
    expect(report.worst).toEqual([]);
  });
});

describe("errors", () => {
  test("caps the compared errors, not the versions' own", () => {
    const { metrics, versions } = reportOf([
      { base: 10, candidate: 110 },
      { base: 10, candidate: 10 },
    ]);
    expect(metrics[0]?.mean.candidate).toBeCloseTo(metric.cap / 2, 6);
    expect(versions.candidate).toMatchObject({ meanError: 50, bias: 50, coverage: 1, width: 15 });
  });

  test("keeps an answer that is no number out of the sums, and among the worst", () => {
    const { versions, worst, better } = reportOf([
      { base: 11, candidate: Number.NaN },
      { base: 11, candidate: 12 },
    ]);
    expect(versions.candidate).toMatchObject({ rides: 1, noNumber: 1, bias: 2 });
    expect(worst[0]?.tripId).toBe("t0");
    expect(better.worse).toBe(2);
  });

  test("shows the ten rides with the most harm, worst first", () => {
    const rides = Array.from({ length: 40 }, (_, i) => ({ base: 11, candidate: 11 + (i % 20) }));
    const { worst } = reportOf(rides);
    expect(worst.map(({ harm }) => harm)).toEqual([19, 19, 18, 18, 17, 17, 16, 16, 15, 15]);
    expect(worst[0]?.answer).toMatchObject({ base: { value: 11 }, candidate: { value: 30 } });
  });
});

describe("slices", () => {
  test("are named by zone, hour and distance", () => {
    const ride = { ...rideOf({ base: 1, candidate: 1 }), hour: 7, distanceMiles: 5 };
    expect(slicesOf(ride)).toEqual({
      "pickup zone": "74",
      "drop-off zone": "42",
      hour: "07 h",
      distance: "3 to 5 mi",
    });
    expect(slicesOf({ ...ride, distanceMiles: undefined }).distance).toBe("unknown");
    expect(slicesOf({ ...ride, distanceMiles: 5.01 }).distance).toBe("5 to 10 mi");
  });

  test("come worst first; those with few rides are counted instead", () => {
    const at = (hour: number, harm: number, count: number) =>
      Array.from({ length: count }, (_, i) => ({
        base: 12,
        candidate: 12 + harm + 0.1 * (i % 3),
        hour,
      }));
    const { slices } = reportOf([...at(1, -1, 40), ...at(2, 1, 40), ...at(3, 5, 29)]);
    expect(slices.by.hour.map(({ name }) => name)).toEqual(["02 h", "01 h"]);
    expect(slices.leftOut.hour).toEqual({ slices: 1, rides: 29 });
    expect(slices.looked).toBe(5); // two hours, one zone each, one distance
    expect(slices.by.hour[0]?.lower).toBeGreaterThan(0);
    expect(slices.by.hour[1]?.upper).toBeLessThan(0);
  });

  test("get wider intervals the more of them are looked at", () => {
    const rides = (zones: number) =>
      Array.from({ length: zones * 30 }, (_, i) => ({
        base: 12,
        candidate: 12 + (Math.floor(i / zones) % 5),
        pickupZone: 1 + (i % zones),
      }));
    const widthOf = ({ slices }: Comparison) => {
      const slice = slices.by["pickup zone"].find(({ name }) => name === "1");
      return slice ? slice.upper - slice.lower : 0;
    };
    expect(widthOf(reportOf(rides(20)))).toBeGreaterThan(1.05 * widthOf(reportOf(rides(2))));
  });
});

describe("of any differences", () => {
  const steps = fc.array(fc.integer({ min: -LOSS_STEPS, max: LOSS_STEPS }), { minLength: 1 });
  const countsOf = (differences: readonly number[]) => {
    const counts = emptyCounts();
    for (const one of differences) countDifference(counts, one);
    return counts;
  };

  test("quantiles are those of the sorted list", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 99 }), (differences, percent) => {
        const sorted = differences.toSorted((a, b) => a - b);
        const expected = sorted[Math.ceil((percent * sorted.length) / 100 - 1e-9) - 1];
        expect(quantile(countsOf(differences), percent / 100)).toBe(expected);
      }),
    );
  });

  test("every ride is in one bin, on its side of 0", () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(273.07, 819.2), (differences, unit) => {
        const counts = countsOf(differences);
        const bins = histogram(counts, unit);
        const sum = (of: typeof bins) => of.reduce((total, { rides }) => total + rides, 0);
        const { better, equal, worse } = sidesOf(counts);
        expect(sum(bins.filter(({ from }) => from < 0))).toBe(better);
        expect(sum(bins.filter(({ from, to }) => from === 0 && to === 0))).toBe(equal);
        expect(sum(bins.filter(({ to }) => to > 0))).toBe(worse);
        for (const [i, { to }] of bins.slice(0, -1).entries()) expect(bins[i + 1]?.from).toBe(to);
      }),
    );
  });
});

test("the order of the rides changes nothing", () => {
  const values = fc.record({ base: fc.integer({ min: 0, max: 60 }), candidate: fc.nat(60) });
  const rides = fc.uniqueArray(fc.tuple(fc.uuid(), values), { selector: ([id]) => id });
  fc.assert(
    fc.property(rides, fc.gen(), (made, gen) => {
      const all = made.map(([id, value]) => ({ id, ...value }));
      const shuffled = gen(fc.shuffledSubarray, all as typeof all, {
        minLength: all.length,
        maxLength: all.length,
      });
      expect(reportOf(shuffled, { leastRides: 2 })).toEqual(reportOf(all, { leastRides: 2 }));
    }),
  );
});

test("the mean difference is that of the capped errors", () => {
  const values = fc.record({ base: fc.nat(60), candidate: fc.nat(60) });
  fc.assert(
    fc.property(fc.array(values, { minLength: 2 }), (made) => {
      const loss = (value: number) => Math.min(Math.abs(value - 10), metric.cap);
      const mean =
        made.reduce((sum, { base, candidate }) => sum + loss(candidate) - loss(base), 0) /
        made.length;
      const { estimate, lower, upper } = reportOf(made).metrics[0]?.difference ?? {};
      expect(Math.abs((estimate ?? Number.NaN) - mean)).toBeLessThan(fromSteps(1, metric));
      expect(lower).toBeLessThan(estimate ?? 0);
      expect(upper).toBeGreaterThan(estimate ?? 0);
    }),
  );
});
