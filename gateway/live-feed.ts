import type { Msg } from "@nats-io/transport-node";
import { type Prediction, PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Events } from "#kit/events/connect.ts";
import { traceparentOf } from "#kit/events/trace-message.ts";
import type { Logger } from "#kit/telemetry/log.ts";

/**
 * Somebody who wants to know what happens now. Called in order, must not throw nor block. `traceparent` is that
 * of the message, empty where it is not recorded.
 */
export interface FeedListener {
  event(event: TripEvent, traceparent: string): void;
  prediction(prediction: Prediction, traceparent: string): void;
  /** The connection was away and is back: what was published meanwhile was not seen and must be read. */
  resumed(): void;
}

export interface LiveFeed {
  /** Adds a listener; the function that is returned removes it. */
  listen(listener: FeedListener): () => void;
  /** Takes no more messages. */
  stop(): void;
}

/**
 * The process's only two subscriptions, however many riders watch: all trip events and all live predictions.
 *
 * Core NATS, not JetStream: whatever was missed is in the streams, and a listener reads it there.
 */
export async function openLiveFeed(events: Events, log: Logger): Promise<LiveFeed> {
  const { connection } = events;
  const listeners = new Set<FeedListener>();
  const tell = (say: (listener: FeedListener) => void) => {
    for (const listener of listeners) say(listener);
  };
  const subscribe = (subject: string, take: (bytes: Uint8Array, traceparent: string) => void) =>
    connection.subscribe(subject, {
      callback: (error: Error | null, message: Msg) => {
        try {
          if (error) throw error;
          take(message.data, traceparentOf(message));
        } catch (cause) {
          log.warn({ err: cause, subject: message?.subject }, "a message could not be read");
        }
      },
    });
  const subscriptions = [
    subscribe("trips.>", (bytes, traceparent) => {
      const event = TripEvent.decode(bytes);
      tell((listener) => listener.event(event, traceparent));
    }),
    subscribe("predictions.*.live.*", (bytes, traceparent) => {
      for (const prediction of PredictionBatch.decode(bytes).predictions) {
        tell((listener) => listener.prediction(prediction, traceparent));
      }
    }),
  ];
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type === "reconnect") tell((listener) => listener.resumed());
    }
  })();
  await connection.flush(); // from here on the server sends us everything
  return {
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop() {
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
  };
}
