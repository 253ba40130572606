import type { RecordedTrip, TripSource } from "../trips/trip.ts";

/** 2021-02-01 08:00 in New York. */
export const START_MS = Date.UTC(2021, 1, 1, 13);

/** A trip of ten minutes, with whatever a test wants different. */
export function makeTrip(changes: Partial<RecordedTrip> = {}): RecordedTrip {
  return {
    id: "green-2021-02-0",
    row: 0,
    pickupMs: START_MS,
    durationSeconds: 600,
    pickupZone: 74,
    dropoffZone: 236,
    passengerCount: 1,
    distanceMiles: 2.5,
    costUsd: 12.3,
    tipUsd: 2,
    ...changes,
  };
}

/** Trips in the order in which they are given. */
export function sourceOf(trips: readonly RecordedTrip[]): TripSource {
  return {
    description: "a test's",
    async *trips(fromMs) {
      for (const trip of trips) if (trip.pickupMs >= fromMs) yield trip;
    },
  };
}

/** The first `count` of something that may never end. */
export async function first<T>(count: number, source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) {
    if (items.push(item) === count) break;
  }
  return items;
}
