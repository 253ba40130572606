import {
  type Prediction,
  PredictionBatch,
  PredictionRole,
} from "#gen/tripmesh/events/v1/prediction.ts";
import { currentTraceparent } from "#kit/telemetry/trace-context.ts";
import type { ModelService } from "#kit/traffic/traffic.ts";
import type { Events } from "./connect.ts";
import { eventHeaders } from "./headers.ts";
import { predictionSubject, type Role } from "./subjects.ts";
import { tracePublish } from "./trace-message.ts";

const roles: Record<number, Role> = {
  [PredictionRole.LIVE]: "live",
  [PredictionRole.SHADOW]: "shadow",
  [PredictionRole.HINDSIGHT]: "hindsight",
};

/** A prediction's key: the same event scored twice by the same version is one prediction. */
export function predictionKey(prediction: Prediction): string {
  const { tripId, eventSeq, service, version } = prediction;
  return `${tripId}:${eventSeq}:${service}:${version}:${roles[prediction.role]}`;
}

/** Stores one prediction in `PREDICTIONS`; resolves once the server has it. */
export async function publishPrediction(events: Events, prediction: Prediction): Promise<void> {
  const role = roles[prediction.role];
  if (!role) throw new TypeError(`a prediction needs a role, not ${prediction.role}`);
  const id = predictionKey(prediction);
  const subject = predictionSubject(prediction.service as ModelService, role, prediction.tripId);
  const body = PredictionBatch.encode({ predictions: [prediction] }).finish();
  const traceparent = currentTraceparent();
  await tracePublish({ subject, id, traceparent }, (traced) =>
    events.js.publish(subject, body, {
      msgID: id,
      retries: 3,
      headers: eventHeaders({
        id,
        type: `tripmesh.prediction.${role}`,
        source: prediction.service,
        subject: prediction.tripId,
        time: prediction.servedAt ?? new Date(),
        traceparent: traced,
      }),
    }),
  );
}
