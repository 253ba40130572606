import { type Prediction, PredictionRole } from "#gen/tripmesh/events/v1/prediction.ts";
import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { failpoint } from "#kit/lifecycle/failpoint.ts";
import { intervalLimits, scaleInterval } from "#kit/model/interval.ts";
import { createPredictionCounts } from "#kit/model/prediction-counts.ts";
import type { Predictor } from "#kit/model/predictor.ts";
import { fromSeconds } from "#kit/rpc/amounts.ts";
import { invalidArgument } from "#kit/rpc/errors.ts";
import { attribute } from "#kit/telemetry/attributes.ts";
import { recordedSpan } from "#kit/telemetry/span.ts";
import { nameTrip } from "#kit/telemetry/trip-context.ts";
import type { ConsumerService, Slot } from "#kit/traffic/traffic.ts";

export interface ScorerDependencies {
  readonly service: ConsumerService;
  readonly slot: Slot;
  readonly predictor: Predictor;
  /** The model's row for an event, in card order; undefined for an event that this service does not answer. */
  readonly toRow: (event: TripEvent) => readonly number[] | undefined;
  /** How much the interval is widened at the moment; 1: as the graph says. */
  readonly intervalScale: () => number;
  /** Stores a prediction; resolves once it is safe. */
  readonly publish: (prediction: Prediction) => Promise<void>;
}

/**
 * Answers trip events: score, publish, and only then let the event be acknowledged.
 *
 * The prediction is shown to the rider (`live`) when the event names this slot as its arm, else only logged
 * (`shadow`). Keeps no memory of trips, so any number of processes can share the events.
 */
export function createScorer(
  dependencies: ScorerDependencies,
): (event: TripEvent) => Promise<void> {
  const { service, slot, predictor, toRow, intervalScale, publish } = dependencies;
  const limits = intervalLimits(predictor.card);
  const counts = createPredictionCounts(predictor.card);
  return async (event) => {
    if (!event.features || event.tripId === "" || event.seq === 0) {
      throw invalidArgument([
        { field: "event", description: "lacks its trip, sequence or features" },
      ]);
    }
    nameTrip(event.tripId);
    const row = toRow(event);
    if (!row) return;
    const started = performance.now();
    const { values, featureHash } = await predictor.predict(row);
    failpoint("score.predicted");
    const [value = Number.NaN, lower = Number.NaN, upper = Number.NaN] = values;
    const scale = intervalScale();
    const role = event.arms[service] === slot ? PredictionRole.LIVE : PredictionRole.SHADOW;
    const seenBy = role === PredictionRole.LIVE ? "live" : "shadow";
    recordedSpan()?.setAttribute(attribute.role, seenBy);
    counts.count(seenBy);
    await publish({
      tripId: event.tripId,
      riderId: event.riderId,
      eventSeq: event.seq,
      service,
      version: predictor.card.version,
      digest: predictor.card.digest,
      slot,
      role,
      rolloutId: "",
      stage: 0,
      ...scaleInterval({ value, lower, upper }, scale, limits),
      intervalScale: scale,
      featureHash: Buffer.from(featureHash),
      occurredAt: event.occurredAt,
      servedAt: new Date(),
      latency: fromSeconds((performance.now() - started) / 1000),
      priceUsd: 0,
    });
  };
}
