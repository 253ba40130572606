import { PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Events } from "#kit/events/connect.ts";
import { type Consumer, consume } from "#kit/events/consume.ts";
import { LEDGER_DURABLE, streams } from "#kit/events/subjects.ts";
import { traceparentOf } from "#kit/events/trace-message.ts";
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
  subscribe(events, "predictions.*.live.*", log, (body, traceparent) => {
    for (const prediction of PredictionBatch.decode(body).predictions) {
      const update = updateOfPrediction(prediction, traceparent);
      if (update) watch.publish(update);
    }
  });
  subscribe(events, "trips.*.*", log, (body, traceparent) => {
    const event = TripEvent.decode(body);
    const updates = updatesOfEvent(event, traceparent);
    for (const update of updates) watch.publish(update, lastAnswers(event));
  });
  void (async () => {
    for await (const status of events.connection.status()) {
      if (status.type === "reconnect") watch.missed();
    }
  })();
  return consume(events, {
    stream: streams.predictions,
    durable: LEDGER_DURABLE,
    decode: (bytes) => PredictionBatch.decode(bytes).predictions,
    async handle(predictions, message) {
      const traceparent = traceparentOf(message);
      const updates = predictions
        .map((prediction) => updateOfPrediction(prediction, traceparent))
        .filter((update) => update !== undefined);
      await store.learn(updates);
      for (const update of updates) watch.publish(update);
    },
    owner: { service: "backend", slot: "blue" },
    log,
  });
}

/** A plain subscription; a message that cannot be read is logged, and the next one is still read. */
function subscribe(
  events: Events,
  subject: string,
  log: Logger,
  read: (body: Uint8Array, traceparent: string) => void,
): void {
  events.connection.subscribe(subject, {
    callback(error, message) {
      try {
        if (error) throw error;
        read(message.data, traceparentOf(message));
      } catch (cause) {
        log.error({ err: cause, subject: message?.subject ?? subject }, "a message cannot be read");
      }
    },
  });
}
