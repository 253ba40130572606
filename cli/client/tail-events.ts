import { type ConsumerMessages, DeliverPolicy, type JsMsg } from "@nats-io/jetstream";
import { PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Events } from "#kit/events/connect.ts";
import { streams } from "#kit/events/subjects.ts";
import type { SignalSource } from "../up/stop-signals.ts";
import { connectToStream } from "./connect-to-stream.ts";

/** One stored message, decoded. */
export interface StoredEvent {
  readonly stream: string;
  /** Its place in the stream. */
  readonly sequence: number;
  readonly subject: string;
  readonly storedAt: Date;
  /** The message as protobuf's JSON. */
  readonly body: unknown;
}

export interface TailOptions {
  readonly stream: { readonly url: string; readonly keyFile: string | undefined };
  /** Only this trip, from its first event on; otherwise everything from now on. */
  readonly trip: string | undefined;
  /** Ctrl-C ends it. */
  readonly signals: SignalSource;
}

/** What is stored in `TRIPS` and `PREDICTIONS`, each stream in its order. */
export async function* tailEvents(options: TailOptions): AsyncGenerator<StoredEvent> {
  const events = await connectToStream(options.stream);
  const queue = createQueue<StoredEvent>();
  options.signals.on("SIGINT", queue.close);
  options.signals.on("SIGTERM", queue.close);
  try {
    const { trip } = options;
    await Promise.all([
      follow(events, streams.trips, trip ? `trips.${trip}.*` : "trips.>", options, queue.push),
      follow(
        events,
        streams.predictions,
        trip ? `predictions.*.*.${trip}` : "predictions.>",
        options,
        queue.push,
      ),
    ]);
    yield* queue.items();
  } finally {
    options.signals.off("SIGINT", queue.close);
    options.signals.off("SIGTERM", queue.close);
    await events.close();
  }
}

async function follow(
  events: Events,
  stream: string,
  subject: string,
  { trip }: TailOptions,
  push: (event: StoredEvent) => void,
): Promise<void> {
  const consumer = await events.js.consumers.get(stream, {
    filter_subjects: [subject],
    deliver_policy: trip ? DeliverPolicy.All : DeliverPolicy.New,
  });
  const messages = await consumer.consume();
  void forward(messages, stream, push).catch(() => undefined); // the connection was closed: it is over
}

async function forward(
  messages: ConsumerMessages,
  stream: string,
  push: (event: StoredEvent) => void,
): Promise<void> {
  for await (const message of messages) {
    push({
      stream,
      sequence: message.seq,
      subject: message.subject,
      storedAt: new Date(message.info.timestampNanos / 1e6),
      body: decode(message),
    });
  }
}

function decode({ subject, data }: JsMsg): unknown {
  try {
    return subject.startsWith("predictions.")
      ? PredictionBatch.toJSON(PredictionBatch.decode(data))
      : TripEvent.toJSON(TripEvent.decode(data));
  } catch (error) {
    return { unreadable: error instanceof Error ? error.message : String(error) };
  }
}

/** Hands items from callbacks to one reader, in order. */
function createQueue<T>() {
  const waiting: T[] = [];
  let wake: (() => void) | undefined;
  let closed = false;
  return {
    push(item: T): void {
      waiting.push(item);
      wake?.();
    },
    close(): void {
      closed = true;
      wake?.();
    },
    async *items(): AsyncGenerator<T> {
      for (;;) {
        for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) yield item;
        if (closed) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
