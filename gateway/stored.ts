import { type JetStreamManager, jetstreamManager, type StoredMsg } from "@nats-io/jetstream";
import { type Prediction, PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Events } from "#kit/events/connect.ts";
import { predictionSubject, streams } from "#kit/events/subjects.ts";
import { traceparentOf } from "#kit/events/trace-message.ts";
import { consumerServices } from "#kit/traffic/traffic.ts";

const MAX_BATCH = 1000;
const MAX_READ = 20_000; // messages of a stream: bounds memory, whatever the rate was
const READ_WITHIN_MS = 5000; // one batch; a server that dies in the middle of one says nothing more

/** What the streams hold, with the server's clock beside each event, and with the traces that led to it. */
export interface Stored {
  readonly events: readonly StoredEvent[];
  readonly predictions: readonly StoredPrediction[];
}

export interface StoredEvent {
  readonly event: TripEvent;
  readonly storedAt: Date;
  /** Empty where it is not recorded. */
  readonly traceparent: string;
}

export interface StoredPrediction {
  readonly prediction: Prediction;
  /** Empty where it is not recorded. */
  readonly traceparent: string;
}

/** Reads the streams without consumers: a direct get leaves nothing behind on the server. */
export interface StoredTrips {
  /** Everything about one trip; `maxMessages` of each kind, the oldest, where not all is wanted. Default 20 000. */
  readTrip(tripId: string, maxMessages?: number): Promise<Stored>;
  /** The last `messages` trip events of all trips, and the predictions made since the first of them. */
  readRecent(messages: number): Promise<Stored>;
}

export async function openStored(events: Events): Promise<StoredTrips> {
  const manager = await jetstreamManager(events.connection, { checkAPI: false });
  return {
    async readTrip(tripId, maxMessages = MAX_READ) {
      const read = (stream: string, subject: string) =>
        readAll(manager, stream, subject, { seq: 1 }, maxMessages);
      const [trip, ...predictions] = await Promise.all([
        read(streams.trips, `trips.${tripId}.*`),
        ...consumerServices.map((service) =>
          read(streams.predictions, predictionSubject(service, "live", tripId)),
        ),
      ]);
      return toStored(trip, predictions.flat());
    },
    async readRecent(messages) {
      const { state } = await manager.streams.info(streams.trips);
      const from = Math.max(state.first_seq, state.last_seq - messages + 1, 1);
      const trips = await readAll(manager, streams.trips, "trips.>", { seq: from });
      const since = trips[0]?.time;
      if (!since) return toStored([], []);
      // The same stretch of time, not the same number: every event has several predictions.
      const subject = "predictions.*.live.*";
      const start = { start_time: since };
      return toStored(trips, await readAll(manager, streams.predictions, subject, start));
    },
  };
}

function toStored(trips: readonly StoredMsg[], predictions: readonly StoredMsg[]): Stored {
  return {
    events: trips.map(({ data, time, header }) => ({
      event: TripEvent.decode(data),
      storedAt: time,
      traceparent: traceparentOf({ headers: header }),
    })),
    predictions: predictions.flatMap(({ data, header }) => {
      const traceparent = traceparentOf({ headers: header });
      return PredictionBatch.decode(data).predictions.map((prediction) => ({
        prediction,
        traceparent,
      }));
    }),
  };
}

type Start = { readonly seq: number } | { readonly start_time: Date };

/** Everything from a place on, batch after batch. */
async function readAll(
  manager: JetStreamManager,
  stream: string,
  subject: string,
  start: Start,
  maxMessages = MAX_READ,
): Promise<StoredMsg[]> {
  const found: StoredMsg[] = [];
  let next = start;
  while (found.length < maxMessages) {
    const most = Math.min(MAX_BATCH, maxMessages - found.length);
    const batch = await readBatch(manager, stream, subject, { ...next, batch: most });
    const last = batch.at(-1);
    if (!last) break;
    found.push(...batch);
    if (last.pending === 0) break;
    next = { seq: last.seq + 1 };
  }
  return found;
}

function readBatch(
  manager: JetStreamManager,
  stream: string,
  subject: string,
  start: Start & { readonly batch: number },
): Promise<StoredMsg[]> {
  return new Promise((resolve, reject) => {
    const found: StoredMsg[] = [];
    // With a callback; as an iterator the library keeps its inbox subscription for ever.
    const callback = (done: { err?: Error } | null, message: StoredMsg) => {
      if (!done) return void found.push(message);
      clearTimeout(late);
      if (done.err && !isNothingThere(done.err)) reject(done.err);
      else resolve(found);
    };
    const options = { ...start, next_by_subj: subject, callback };
    const reading = manager.direct.getBatch(stream, options);
    reading.catch(reject);
    const late = setTimeout(() => {
      const cause = new Error(`${stream} was not read within ${READ_WITHIN_MS} ms`);
      reject(cause);
      void reading.then((batch) => batch.stop(cause)); // gives its inbox back
    }, READ_WITHIN_MS);
  });
}

/** The server says with an error that no message matches. */
function isNothingThere(error: Error): boolean {
  return "code" in error && error.code === 404;
}
