import { DeliverPolicy, jetstreamManager } from "@nats-io/jetstream";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Events } from "#kit/events/connect.ts";
import { streams } from "#kit/events/subjects.ts";

/** Events that are looked back over; a ride has about five. */
const EVENTS = 500;

/**
 * Event time now: the median of the last requests. One alone may be of another time: a person's own ride in a
 * mesh that replays records, or a record with a wrong date, and a release would then wait for that time.
 */
export async function readEventTime(events: Events, now = () => new Date()): Promise<Date> {
  const manager = await jetstreamManager(events.connection, { checkAPI: false });
  const { state } = await manager.streams.info(streams.trips);
  const consumer = await events.js.consumers.get(streams.trips, {
    filter_subjects: "trips.*.requested",
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: Math.max(state.first_seq, state.last_seq - EVENTS, 1),
  });
  let { num_pending: left } = await consumer.info();
  const times: number[] = [];
  if (left === 0) return now();
  const messages = await consumer.consume();
  for await (const message of messages) {
    const { occurredAt } = TripEvent.decode(message.data);
    if (occurredAt) times.push(occurredAt.getTime());
    if (--left === 0) break;
  }
  await messages.close();
  return medianTime(times) ?? now();
}

/** The later of the two in the middle: before it are trips that have begun already. */
export function medianTime(times: readonly number[]): Date | undefined {
  const middle = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
  return middle === undefined ? undefined : new Date(middle);
}
