import { beforeAll, describe, expect, test } from "vitest";
import { first } from "../testing/trips.ts";
import { type Baseline, firstUnseenDay, readBaseline } from "./baseline.ts";
import { createNewYorkClock } from "./new-york.ts";
import { createSyntheticSource } from "./synthetic.ts";
import { byPickup, type RecordedTrip } from "./trip.ts";

const HOUR_MS = 3_600_000;
const WEEK_HOURS = 168;
/** Monday 2021-02-01 00:00 in New York. */
const MONDAY_MS = Date.UTC(2021, 1, 1, 5);

const clock = createNewYorkClock();
let baseline: Baseline;
let trips: RecordedTrip[];

beforeAll(async () => {
  baseline = readBaseline(new URL("../../models/baseline/baseline.json", import.meta.url));
  const month = createSyntheticSource({ baseline, clock, seed: 1 }).trips(MONDAY_MS);
  trips = [];
  for await (const trip of month) {
    if (trip.pickupMs >= MONDAY_MS + 4 * WEEK_HOURS * HOUR_MS) break;
    trips.push(trip);
  }
}, 30_000);

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Relative difference. */
function off(value: number, expected: number): number {
  return Math.abs(value - expected) / expected;
}

/** What the table of pairs says of an average ride. */
function ofPairs(column: 3 | 6 | 7): number {
  const rides = baseline.pairs.reduce((sum, pair) => sum + pair[2], 0);
  return baseline.pairs.reduce((sum, pair) => sum + pair[2] * pair[column], 0) / rides;
}

describe("four synthetic weeks", () => {
  test("have as many trips as the table says, in every part of the week", () => {
    expect(off(trips.length / 28, baseline.tripsPerDay)).toBeLessThan(0.02);
    for (const [from, to] of [
      [0, 6],
      [7, 10],
      [15, 19],
      [120, 126],
      [130, 140],
    ] as const) {
      const hours = baseline.hours.slice(from, to).reduce((sum, weight) => sum + weight, 0);
      const expected = ((4 * baseline.tripsPerDay) / 24) * hours;
      const found = trips.filter(({ pickupMs }) => {
        const hour = ((pickupMs - MONDAY_MS) / HOUR_MS) % WEEK_HOURS;
        return hour >= from && hour < to;
      }).length;
      expect(Math.abs(found - expected)).toBeLessThan(4 * Math.sqrt(expected)); // four sigma of Poisson
    }
  });

  test("take, cost and cover about what the table says", () => {
    expect(off(mean(trips.map((t) => t.durationSeconds / 60)), ofPairs(3))).toBeLessThan(0.06);
    expect(off(mean(trips.map((t) => t.costUsd)), ofPairs(6))).toBeLessThan(0.08);
    expect(off(mean(trips.map((t) => t.distanceMiles ?? 0)), ofPairs(7))).toBeLessThan(0.1);
  });

  test("keep to the 80 % interval of their pair about as often as real ones", () => {
    const pairs = new Map(baseline.pairs.map((pair) => [`${pair[0]} ${pair[1]}`, pair]));
    const inside = trips.filter((trip) => {
      const pair = pairs.get(`${trip.pickupZone} ${trip.dropoffZone}`);
      const minutes = trip.durationSeconds / 60;
      return pair && minutes >= pair[4] && minutes <= pair[5];
    });
    expect(inside.length / trips.length).toBeGreaterThan(0.7);
    expect(inside.length / trips.length).toBeLessThan(0.9);
  });

  test("visit zone pairs as often as they were visited", () => {
    const [from, to, rides] = baseline.pairs.toSorted((a, b) => b[2] - a[2])[0] ?? [0, 0, 0];
    const total = baseline.pairs.reduce((sum, pair) => sum + pair[2], 0);
    const found = trips.filter((t) => t.pickupZone === from && t.dropoffZone === to).length;
    expect(off(found, (rides / total) * trips.length)).toBeLessThan(0.15);
  });

  test("are dispatched, paid by card and tipped in the same shares", () => {
    const metered = trips.filter((t) => t.passengerCount !== undefined);
    const byCard = metered.filter((t) => t.tipUsd !== undefined);
    const tipped = byCard.filter((t) => (t.tipUsd ?? 0) > 0);
    const shares = tipped.map((t) => (t.tipUsd ?? 0) / t.costUsd);
    expect(1 - metered.length / trips.length).toBeCloseTo(baseline.dispatchShare, 1);
    expect(byCard.length / metered.length).toBeCloseTo(baseline.cardShare, 1);
    expect(1 - tipped.length / byCard.length).toBeCloseTo(baseline.tipShare.zeroShare, 1);
    expect(mean(shares)).toBeCloseTo(baseline.tipShare.tippersMean, 1);
  });

  test("come in order, each with its own id, and none that no ride could be", () => {
    for (const [i, trip] of trips.entries()) {
      if (i > 0) expect(byPickup(trips[i - 1] ?? trip, trip)).toBeLessThan(0);
      expect(trip.durationSeconds).toBeGreaterThanOrEqual(60);
      expect(trip.costUsd).toBeGreaterThan(0);
    }
    expect(new Set(trips.map((trip) => trip.id)).size).toBe(trips.length);
    expect(trips.every((trip) => /^[A-Za-z0-9._-]{1,128}$/.test(trip.id))).toBe(true);
  });
});

describe("the generator", () => {
  test("gives the same trips for the same seed, wherever it is entered", async () => {
    const source = createSyntheticSource({ baseline, clock, seed: 1 });
    const later = trips[5000];
    expect(await first(50, source.trips(later?.pickupMs ?? 0))).toEqual(
      trips.filter((t) => t.pickupMs >= (later?.pickupMs ?? 0)).slice(0, 50),
    );
  });

  test("gives others for another seed", async () => {
    const source = createSyntheticSource({ baseline, clock, seed: 2 });
    expect(await first(5, source.trips(MONDAY_MS))).not.toEqual(trips.slice(0, 5));
  });
});

test("the first day that no model has seen follows the last month of training", () => {
  expect(firstUnseenDay({ trainingMonths: ["2021-01"] })).toBe("2021-02-01");
  expect(firstUnseenDay({ trainingMonths: ["2021-12", "2021-11"] })).toBe("2022-01-01");
});
