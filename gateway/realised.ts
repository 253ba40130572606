import type { Prediction } from "#gen/tripmesh/events/v1/prediction.ts";
import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { toMinutes, toUsd } from "#kit/rpc/amounts.ts";

/** How good what a rider was shown turned out to be. */
export interface Realised {
  readonly service: string;
  readonly version: string;
  /** What `error` is in: minutes for durations, US dollars for cost and tip. */
  readonly unit: "min" | "usd";
  /** Absolute. */
  readonly error: number;
  /** Whether the truth was within the interval. */
  readonly isCovered: boolean;
}

type Shown = Pick<Prediction, "service" | "version" | "value" | "lower" | "upper" | "eventSeq">;

/** Compares what riders were shown with the truth, once their trip is completed. */
export interface RealisedFold {
  prediction(prediction: Prediction): void;
  /** What became known with this event; nothing unless it brings the truth. */
  event(event: TripEvent): readonly Realised[];
}

/**
 * Of every service the last live prediction counts that was made before the trip's end, and of duration the first
 * estimate, which the event has. Remembers `maxTrips` trips that are under way, 10 000 by default; of those that were
 * forgotten only the first estimate is compared.
 */
export function createRealisedFold(maxTrips = 10_000): RealisedFold {
  const trips = new Map<string, Map<string, Shown>>();
  return {
    prediction(prediction) {
      const { tripId, service, eventSeq } = prediction;
      const shown = trips.get(tripId) ?? new Map<string, Shown>();
      if (eventSeq > (shown.get(service)?.eventSeq ?? 0)) shown.set(service, prediction);
      trips.set(tripId, shown);
      const [oldest] = trips.keys();
      if (trips.size > maxTrips && oldest !== undefined) trips.delete(oldest);
    },
    event({ tripId, body }) {
      if (body?.$case === "cancelled") trips.delete(tripId);
      if (body?.$case !== "completed" || !body.value.truth) return [];
      const { estimate, truth } = body.value;
      const known = [...(trips.get(tripId)?.values() ?? [])];
      trips.delete(tripId);
      const minutes = toMinutes(truth.actualDuration);
      const truths: Readonly<Record<string, number>> = {
        duration: minutes,
        "dynamic-duration": minutes,
        cost: toUsd(truth.cost),
        tip: toUsd(truth.tip), // NaN for cash, whose tips nobody records
      };
      const first = estimate && {
        ...{ service: "duration", version: estimate.version, value: toMinutes(estimate.duration) },
        ...{ lower: toMinutes(estimate.lower), upper: toMinutes(estimate.upper), eventSeq: 1 },
      };
      return [...(first ? [first] : []), ...known].flatMap((shown) => compare(shown, truths));
    },
  };
}

function compare(shown: Shown, truths: Readonly<Record<string, number>>): Realised[] {
  const { service, version, value, lower, upper } = shown;
  const truth = truths[service] ?? Number.NaN;
  if (Number.isNaN(truth)) return [];
  return [
    {
      ...{ service, version, error: Math.abs(value - truth) },
      unit: service === "cost" || service === "tip" ? "usd" : "min",
      isCovered: lower <= truth && truth <= upper,
    },
  ];
}
