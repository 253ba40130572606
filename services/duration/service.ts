import type {
  DurationServiceDefinition,
  PredictResponse,
} from "#gen/tripmesh/duration/v1/duration_service.ts";
import { type Prediction, PredictionRole } from "#gen/tripmesh/events/v1/prediction.ts";
import { checkSnapshot, snapshotInputs, snapshotRow } from "#kit/model/features.ts";
import { intervalLimits, scaleInterval } from "#kit/model/interval.ts";
import { createPredictionCounts } from "#kit/model/prediction-counts.ts";
import type { Predictor } from "#kit/model/predictor.ts";
import { fromSeconds } from "#kit/rpc/amounts.ts";
import type { Handlers } from "#kit/rpc/handlers.ts";
import type { Slot } from "#kit/traffic/traffic.ts";

/** What a duration bundle must take and answer. */
export const signature = {
  service: "duration",
  inputs: snapshotInputs,
  outputs: ["duration_minutes", "lower_minutes", "upper_minutes", "price_usd"],
} as const;

export interface DurationDependencies {
  readonly predictor: Predictor;
  readonly slot: Slot;
  /** How much the interval is widened at the moment; 1: as the graph says. */
  readonly intervalScale: () => number;
  /** Takes a prediction for the log; returns at once. */
  readonly record: (prediction: Prediction) => void;
}

/** Answers `Predict` from the model; predictions of trips, not of quotes, go to the log. */
export function createDurationService(
  dependencies: DurationDependencies,
): Handlers<typeof DurationServiceDefinition> {
  const { predictor, slot, intervalScale, record } = dependencies;
  const limits = intervalLimits(predictor.card);
  const { version, digest } = predictor.card;
  const counts = createPredictionCounts(predictor.card);
  return {
    async predict({ tripId, features }, context) {
      const started = performance.now();
      const row = snapshotRow(checkSnapshot(features));
      const { values, featureHash } = await predictor.predict(row, () => context.cancelled);
      const [value = 0, graphLower = 0, graphUpper = 0, priceUsd = 0] = values;
      const scale = intervalScale();
      const graph = { value, lower: graphLower, upper: graphUpper };
      const { lower, upper } = scaleInterval(graph, scale, limits);
      const hash = Buffer.from(featureHash.buffer, featureHash.byteOffset, featureHash.byteLength);
      const isShadow = context.header("x-shadow") === "1";
      counts.count(isShadow ? "shadow" : tripId === "" ? "quote" : "live");
      if (tripId !== "") {
        record({
          tripId,
          riderId: "",
          eventSeq: 0,
          service: "duration",
          version,
          digest,
          slot,
          role: isShadow ? PredictionRole.SHADOW : PredictionRole.LIVE,
          rolloutId: "",
          stage: 0,
          value,
          lower,
          upper,
          intervalScale: scale,
          featureHash: hash,
          occurredAt: undefined,
          servedAt: new Date(),
          latency: fromSeconds((performance.now() - started) / 1000),
          priceUsd,
        });
      }
      return {
        durationMinutes: value,
        lowerMinutes: lower,
        upperMinutes: upper,
        priceUsd,
        version,
        slot,
        digest,
        featureHash: hash,
      } satisfies PredictResponse;
    },
  };
}
