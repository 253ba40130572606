import type { Estimate } from "#gen/tripmesh/backend/v1/ride.ts";
import type { DurationServiceDefinition } from "#gen/tripmesh/duration/v1/duration_service.ts";
import type { FeatureSnapshot } from "#gen/tripmesh/duration/v1/feature_snapshot.ts";
import { fromMinutes, fromUsd } from "#kit/rpc/amounts.ts";
import type { Client } from "#kit/rpc/client.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { CallContext } from "#kit/rpc/handlers.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import { cohortKey } from "#kit/traffic/arm.ts";
import type { Baseline } from "./baseline.ts";

/** Left of the caller's deadline for storing the trip and answering, ms. */
const RESERVE_MS = 50;

export interface EstimatorDependencies {
  /** The duration service, through Envoy's mesh listener, which picks the slot. */
  readonly duration: Pick<Client<typeof DurationServiceDefinition>, "predict">;
  readonly baseline: Baseline;
  /** Longest time to wait for the duration service, ms. */
  readonly budgetMs: number;
  /** Salt of duration's traffic as last known. */
  readonly salt: () => string;
  readonly log: Logger;
}

export interface EstimateRequest {
  readonly tripId: string;
  readonly riderId: string;
  readonly segment: string;
  readonly features: FeatureSnapshot;
}

/** An estimate and the hash of the features behind it; the hash is empty when the baseline answered. */
export interface Estimated {
  readonly estimate: Estimate;
  readonly featureHash: Buffer;
}

export type Estimator = (request: EstimateRequest, context: CallContext) => Promise<Estimated>;

/** Asks the duration service within the budget; when it does not answer, the baseline does. */
export function createEstimator(dependencies: EstimatorDependencies): Estimator {
  const { duration, baseline, budgetMs, salt, log } = dependencies;
  return async ({ tripId, riderId, segment, features }, context) => {
    const timeoutMs = Math.max(1, Math.min(budgetMs, context.remainingMs() - RESERVE_MS));
    const headers = {
      "x-cohort-key": cohortKey(salt(), riderId),
      ...(segment !== "" && { "x-segment": segment }),
    };
    try {
      const answer = await duration.predict(
        { tripId, features },
        { timeoutMs, headers, signal: context.signal },
      );
      const estimate = {
        duration: fromMinutes(answer.durationMinutes),
        lower: fromMinutes(answer.lowerMinutes),
        upper: fromMinutes(answer.upperMinutes),
        price: fromUsd(answer.priceUsd),
        version: answer.version,
        slot: answer.slot,
        digest: answer.digest,
        degraded: false,
      };
      return { estimate, featureHash: answer.featureHash };
    } catch (cause) {
      const error = MeshError.from(cause);
      if (error.code === "INVALID_ARGUMENT" || context.cancelled) throw error;
      log.warn({ code: error.code, reason: error.message, tripId }, "answered from the baseline");
      return { estimate: baseline(features), featureHash: Buffer.alloc(0) };
    }
  };
}
