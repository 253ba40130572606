import { PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Events } from "#kit/events/connect.ts";
import { type Consumer, consume } from "#kit/events/consume.ts";
import { LEDGER_DURABLE, streams } from "#kit/events/subjects.ts";
import { lastAnswers, updateOfPrediction, updatesOfEvent } from "#kit/events/trip-updates.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { Store } from "./store.ts";
import type { TripWatch } from "./watch.ts";

/**
 * Writes live predictions into the trip ledger, from a durable that all Backend processes share, and tells
 * the watchers of this process, from subscriptions of its own: another process may have written the ledger.
 */
export async function followPredictions(
  events: Events,
  store: Store,
  watch: TripWatch,
  log: Logger,
): Promise<Consumer> {
  const tell = (body: Uint8Array) => {
    for (const prediction of PredictionBatch.decode(body).predictions) {
      const update = updateOfPrediction(prediction);
      if (update) watch.publish(update);
    }
  };
  events.connection.subscribe("predictions.*.live.*", {
    callback: (error, message) => (error ? log.error({ err: error }) : tell(message.data)),
  });
  events.connection.subscribe("trips.*.*", {
    callback(error, message) {
      if (error) return log.error({ err: error });
      const event = TripEvent.decode(message.data);
      for (const update of updatesOfEvent(event)) watch.publish(update, lastAnswers(event));
    },
  });
  return consume(events, {
    stream: streams.predictions,
    durable: LEDGER_DURABLE,
    decode: (bytes) => PredictionBatch.decode(bytes).predictions,
    async handle(predictions) {
      const updates = predictions.map(updateOfPrediction).filter((u) => u !== undefined);
      await store.learn(updates);
      for (const update of updates) watch.publish(update);
    },
    owner: { service: "backend", slot: "blue" },
    log,
  });
}
