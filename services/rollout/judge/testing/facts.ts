import { createRandom, type Random } from "../../../../simulator/random.ts";
import type { Arm, Fact, Operated, Scored, Truth, VersionInSlot } from "../fact.ts";
import { NO_OPERATIONS } from "../operations.ts";
import { createPlan, type JudgePlan, type PlanOptions } from "../plan.ts";

export const HOUR_MS = 3_600_000;
/** 2021-02-01T00:00 in New York. */
export const START_MS = Date.UTC(2021, 1, 1, 5);

export const versions: Readonly<Record<Arm, VersionInSlot>> = {
  base: { version: "v1", digest: "b".repeat(64), slot: "blue" },
  candidate: { version: "v2", digest: "c".repeat(64), slot: "green" },
};

export function planFor(options: Partial<PlanOptions> = {}): JudgePlan {
  return createPlan({ service: "cost", ...versions, startMs: START_MS, ...options });
}

/** A score by one arm, exact to the truth 10 unless told otherwise. */
export function scored(arm: Arm, tripId: string, change: Partial<Scored> = {}): Scored {
  return {
    kind: "scored",
    tripId,
    seq: 1,
    atMs: START_MS,
    digest: versions[arm].digest,
    slot: versions[arm].slot,
    role: arm === "base" ? "live" : "shadow",
    value: 10,
    lower: 5,
    upper: 20,
    intervalScale: 1,
    featureHash: "f",
    ...change,
  };
}

/** A report of one Envoy at the first revision. */
export function operated(counts: Partial<Operated>): Operated {
  return { kind: "operated", source: "envoy", revision: 0, ...NO_OPERATIONS, ...counts };
}

export interface MadeUpTrip {
  readonly id: string;
  readonly atMs: number;
  readonly minutes: number;
  readonly truth: Truth;
  readonly values: Readonly<Record<Arm, number>>;
  readonly riderId?: string;
  readonly served?: Arm;
  readonly revision?: number;
}

/** Everything that the streams hold of a finished trip, in the order in which it happened. */
export function factsOf(trip: MadeUpTrip): Fact[] {
  const { id: tripId, atMs, minutes, truth, values, served = "base" } = trip;
  const role = (arm: Arm) => (arm === served ? "live" : "shadow");
  return [
    {
      kind: "requested",
      tripId,
      riderId: trip.riderId ?? `rider-${tripId}`,
      atMs,
      hour: Math.floor((atMs - START_MS) / HOUR_MS) % 24,
      revision: trip.revision ?? 0,
      assigned: served,
    },
    scored("base", tripId, { atMs, value: values.base, role: role("base") }),
    scored("candidate", tripId, { atMs, value: values.candidate, role: role("candidate") }),
    { kind: "completed", tripId, atMs: atMs + minutes * 60_000, truth },
  ];
}

/** Trips at a steady rate, with errors of both versions that are alike; `harm` is added to the candidate's. */
export function madeUpTrips(
  count: number,
  options: { hourly?: number; harm?: number; seed?: string } = {},
) {
  const { hourly = 60, harm = 0, seed = "trips" } = options;
  return Array.from({ length: count }, (_, i): MadeUpTrip => {
    const random = createRandom(`${seed}:${i}`);
    const shared = Math.abs(random.normal()) * 3 + 0.5;
    return {
      id: `t${i}`,
      atMs: START_MS + Math.round((i / hourly) * HOUR_MS),
      minutes: minutesOf(random),
      truth: { value: 10 },
      values: {
        base: 10 + shared,
        candidate: 10 + shared + harm + random.normal() * 0.3,
      },
    };
  });
}

function minutesOf(random: Random): number {
  return Math.min(60, Math.max(1, 13 * Math.exp(0.6 * random.normal())));
}

/** Facts of many trips in the order in which they would come. */
export function inTime(trips: readonly MadeUpTrip[]): Fact[] {
  const at = (fact: Fact) => ("atMs" in fact ? fact.atMs : 0);
  return trips.flatMap(factsOf).toSorted((a, b) => at(a) - at(b));
}
