import { DeliverPolicy, type JsMsg, jetstreamManager } from "@nats-io/jetstream";
import { DeadLetter } from "#gen/tripmesh/events/v1/dead_letter.ts";
import { PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Events } from "#kit/events/connect.ts";
import { durableName, LEDGER_DURABLE, OFFICE_DURABLE, streams } from "#kit/events/subjects.ts";
import type { Deployed, Evidence, Pending } from "./history.ts";

/** Where the streams stand: what follows belongs to the run. */
export interface Places {
  readonly trips: number;
  readonly predictions: number;
  readonly deadLetters: number;
}

export async function readPlaces(events: Events): Promise<Places> {
  const manager = await jetstreamManager(events.connection, { checkAPI: false });
  const last = async (stream: string) => (await manager.streams.info(stream)).state.last_seq;
  return {
    trips: await last(streams.trips),
    predictions: await last(streams.predictions),
    deadLetters: await last(streams.deadLetters),
  };
}

/** What the streams hold of these trips since then. */
export async function readStored(
  events: Events,
  since: Places,
  tripIds: ReadonlySet<string>,
): Promise<Pick<Evidence, "events" | "predictions" | "deadLetters">> {
  const storedAt = (message: JsMsg) => message.time.getTime();
  const tripEvents = await readFrom(events, streams.trips, "trips.>", since.trips, (message) => {
    const event = tryDecode(() => TripEvent.decode(message.data));
    return event && tripIds.has(event.tripId) ? [{ event, storedAt: storedAt(message) }] : [];
  });
  const predictions = await readFrom(
    events,
    streams.predictions,
    "predictions.*.*.*",
    since.predictions,
    (message) =>
      PredictionBatch.decode(message.data)
        .predictions.filter(({ tripId }) => tripIds.has(tripId))
        .map((prediction) => ({ prediction, storedAt: storedAt(message) })),
  );
  const deadLetters = await readFrom(
    events,
    streams.deadLetters,
    "dead.>",
    since.deadLetters,
    (message) => {
      const { service, slot, payload, subject } = DeadLetter.decode(message.data);
      const { tripId = "", seq = 0 } = tryDecode(() => TripEvent.decode(payload)) ?? {};
      return [{ service, slot, tripId, seq, subject }];
    },
  );
  return { events: tripEvents, predictions, deadLetters };
}

/**
 * How many messages of each durable are not settled. Asked one by one: a cluster's list leaves out, without a
 * word, those whose leader does not answer.
 */
export async function readPending(events: Events, deployed: readonly Deployed[]): Promise<Pending> {
  const manager = await jetstreamManager(events.connection, { checkAPI: false });
  const durables = [
    [streams.predictions, LEDGER_DURABLE],
    [streams.advisories, OFFICE_DURABLE],
    ...deployed.map(({ service, slot }) => [streams.trips, durableName(service, slot)] as const),
  ] as const;
  const pending = new Map<string, number>();
  for (const [stream, name] of durables) {
    const { num_pending, num_ack_pending } = await manager.consumers.info(stream, name);
    pending.set(name, num_pending + num_ack_pending);
  }
  return pending;
}

async function readFrom<T>(
  events: Events,
  stream: string,
  subject: string,
  after: number,
  take: (message: JsMsg) => readonly T[],
): Promise<T[]> {
  const consumer = await events.js.consumers.get(stream, {
    filter_subjects: [subject],
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: after + 1,
  });
  const found: T[] = [];
  let left = (await consumer.info()).num_pending;
  if (left === 0) return found;
  const messages = await consumer.consume({ max_messages: 500 });
  for await (const message of messages) {
    found.push(...take(message));
    left = message.info.pending;
    if (left === 0) break;
  }
  await messages.close();
  return found;
}

/** Some faults feed in what is no event. */
function tryDecode<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
