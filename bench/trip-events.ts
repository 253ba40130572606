// Trip events as Backend makes them, without a Backend.
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Events } from "#kit/events/connect.ts";
import { eventHeaders } from "#kit/events/headers.ts";
import { type TripEventName, tripSubject } from "#kit/events/subjects.ts";
import { fromMinutes, fromSeconds, fromUsd } from "#kit/rpc/amounts.ts";
import { sampleRide } from "./rows.ts";

/** Events of a trip that tip and cost answer: the request and three reports. */
export const EVENTS_PER_TRIP = 4;

/** Enough to keep the server busy, few enough for its queue of what is not stored yet. */
const PUBLISHES_IN_FLIGHT = 256;

/** A trip event, ready to be published. */
export interface ReadyEvent {
  readonly id: string;
  readonly subject: string;
  readonly type: string;
  readonly tripId: string;
  readonly occurredAt: Date;
  readonly body: Uint8Array;
}

/** The events of the trip number `index`; neighbours differ in everything that the models look at. */
export function eventsOfTrip(tripId: string, index: number): ReadyEvent[] {
  return Array.from({ length: EVENTS_PER_TRIP }, (_, at) => readyEvent(tripId, index, at + 1));
}

/** Stores the event; resolves with the server's acknowledgement. */
export async function publishEvent(events: Events, event: ReadyEvent): Promise<void> {
  const { id, subject, type, tripId, occurredAt, body } = event;
  const headers = eventHeaders({ id, type, source: "backend", subject: tripId, time: occurredAt });
  await events.js.publish(subject, body, { msgID: id, headers });
}

/** Publishes every event of so many trips; `name` makes them different from all others. */
export async function publishTrips(events: Events, name: string, trips: number): Promise<void> {
  let next = 0;
  const publishSome = async () => {
    while (next < trips) {
      const index = next++;
      const tripId = `${name}${String(index).padStart(27 - name.length, "0")}`; // as long as a real one
      for (const event of eventsOfTrip(tripId, index)) await publishEvent(events, event);
    }
  };
  await Promise.all(Array.from({ length: PUBLISHES_IN_FLIGHT }, publishSome));
}

function readyEvent(tripId: string, index: number, seq: number): ReadyEvent {
  const ride = sampleRide(index);
  const occurredAt = new Date((ride.localSeconds + seq * 60) * 1000);
  const event = TripEvent.create({
    eventId: `${tripId}:${seq}`,
    tripId,
    riderId: `rider-${index}`,
    seq,
    occurredAt,
    features: {
      pickupZone: ride.pickupZone,
      dropoffZone: ride.dropoffZone,
      pickupLocalSeconds: BigInt(ride.localSeconds),
      tripDistanceMiles: ride.distanceMiles,
      passengerCount: ride.passengers,
    },
    arms: { "dynamic-duration": "blue", tip: "blue", cost: "blue" },
    trafficRevision: 3n,
    body: bodyOf(ride.distanceMiles, seq),
  });
  const name: TripEventName = seq === 1 ? "requested" : "progressed";
  return {
    id: event.eventId,
    subject: tripSubject(tripId, name),
    type: `tripmesh.trip.${name}`,
    tripId,
    occurredAt,
    body: TripEvent.encode(event).finish(),
  };
}

function bodyOf(miles: number, seq: number): NonNullable<TripEvent["body"]> {
  const minutes = 3 + miles * 3.5;
  const estimate = {
    duration: fromMinutes(minutes),
    lower: fromMinutes(minutes * 0.7),
    upper: fromMinutes(minutes * 1.5),
    price: fromUsd(3 + miles * 3),
    version: "v1",
    slot: "blue",
    digest: "0123456789abcdef".repeat(4),
    degraded: false,
  };
  if (seq === 1) {
    return { $case: "requested", value: { estimate, featureHash: Buffer.alloc(32, seq) } };
  }
  const shareOf = (at: number) => (at - 1) / EVENTS_PER_TRIP;
  const elapsedAt = (at: number) => fromSeconds(Math.round(shareOf(at) * minutes * 66));
  return {
    $case: "progressed",
    value: {
      estimate,
      shareDone: shareOf(seq),
      elapsed: elapsedAt(seq),
      previousShareDone: shareOf(seq - 1),
      previousElapsed: elapsedAt(seq - 1),
    },
  };
}
