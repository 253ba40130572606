import { type JetStreamManager, jetstreamManager, type StoredMsg } from "@nats-io/jetstream";
import { type Prediction, PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Events } from "#kit/events/connect.ts";
import { predictionSubject, streams } from "#kit/events/subjects.ts";
import { consumerServices } from "#kit/traffic/traffic.ts";

const MAX_BATCH = 1000;

/** What the streams hold, with the server's clock beside each event. */
export interface Stored {
  readonly events: readonly { readonly event: TripEvent; readonly storedAt: Date }[];
  readonly predictions: readonly Prediction[];
}

/** Reads the streams without consumers: a direct get leaves nothing behind on the server. */
export interface StoredTrips {
  /** Everything about one trip. */
  readTrip(tripId: string): Promise<Stored>;
  /** What was stored last, of all trips, about `messages` of each stream. */
  readRecent(messages: number): Promise<Stored>;
}

export async function openStored(events: Events): Promise<StoredTrips> {
  const manager = await jetstreamManager(events.connection, { checkAPI: false });
  return {
    async readTrip(tripId) {
      const [trip, ...predictions] = await Promise.all([
        readBatch(manager, streams.trips, 1, `trips.${tripId}.*`),
        ...consumerServices.map((service) =>
          readBatch(manager, streams.predictions, 1, predictionSubject(service, "live", tripId)),
        ),
      ]);
      return toStored(trip, predictions.flat());
    },
    async readRecent(messages) {
      const [trips, predictions] = await Promise.all([
        readTail(manager, streams.trips, messages, "trips.>"),
        readTail(manager, streams.predictions, messages, "predictions.*.live.*"),
      ]);
      return toStored(trips, predictions);
    },
  };
}

function toStored(trips: readonly StoredMsg[], predictions: readonly StoredMsg[]): Stored {
  return {
    events: trips.map(({ data, time }) => ({ event: TripEvent.decode(data), storedAt: time })),
    predictions: predictions.flatMap(({ data }) => PredictionBatch.decode(data).predictions),
  };
}

async function readTail(
  manager: JetStreamManager,
  stream: string,
  messages: number,
  subject: string,
): Promise<StoredMsg[]> {
  const { state } = await manager.streams.info(stream);
  let next = Math.max(state.first_seq, state.last_seq - messages + 1, 1);
  const found: StoredMsg[] = [];
  while (next <= state.last_seq) {
    const batch = await readBatch(manager, stream, next, subject);
    const last = batch.at(-1);
    if (!last) break;
    found.push(...batch);
    next = last.seq + 1;
  }
  return found;
}

function readBatch(
  manager: JetStreamManager,
  stream: string,
  seq: number,
  subject: string,
): Promise<StoredMsg[]> {
  return new Promise((resolve, reject) => {
    const found: StoredMsg[] = [];
    // With a callback; as an iterator the library keeps its inbox subscription for ever.
    const callback = (done: { err?: Error } | null, message: StoredMsg) => {
      if (!done) found.push(message);
      else if (done.err && !isNothingThere(done.err)) reject(done.err);
      else resolve(found);
    };
    const options = { seq, next_by_subj: subject, batch: MAX_BATCH, callback };
    manager.direct.getBatch(stream, options).catch(reject);
  });
}

/** The server says with an error that no message matches. */
function isNothingThere(error: Error): boolean {
  return "code" in error && error.code === 404;
}
