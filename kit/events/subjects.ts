// Every stream and subject name in one place; docs/architecture.md explains them.
import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { ConsumerService, ModelService, Slot } from "#kit/traffic/traffic.ts";

export const streams = {
  trips: "TRIPS",
  predictions: "PREDICTIONS",
  releases: "RELEASES",
  deadLetters: "DEAD_LETTERS",
  advisories: "ADVISORIES",
} as const;

export type TripEventName = NonNullable<TripEvent["body"]>["$case"];
export type Role = "live" | "shadow" | "hindsight";

/** Where duration logs its predictions, many in a message. */
export const DURATION_LOG = "predictions.duration.log";

export function tripSubject(tripId: string, event: TripEventName): string {
  return `trips.${tripId}.${event}`;
}

export function predictionSubject(service: ModelService, role: Role, tripId: string): string {
  return `predictions.${service}.${role}.${tripId}`;
}

/** Where the log of a rollout is. */
export function releaseSubject(rolloutId: string): string {
  return `releases.${rolloutId}`;
}

export function deadSubject(service: string, slot: Slot): string {
  return `dead.${service}.${slot}`;
}

/** One durable a service and slot, shared by all its processes. */
export function durableName(service: string, slot: Slot): string {
  return `${service}-${slot}`;
}

/** Shared by all Backend processes: writes predictions into the trip ledger. */
export const LEDGER_DURABLE = "backend-ledger";

/** Shared by all Backend processes: puts aside what crash loops never could, see its dead-letter office. */
export const OFFICE_DURABLE = "dead-letter-office";

/** What the server says when it has delivered a message as often as it may, then `<stream>.<durable>`. */
export const MAX_DELIVERIES = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES";

/** Which events a consumer service answers. */
export const answeredEvents = {
  "dynamic-duration": ["started", "progressed"],
  tip: ["requested", "progressed"],
  cost: ["requested", "progressed"],
} as const satisfies Record<string, readonly TripEventName[]>;

/**
 * Whether a slot of a consumer service answers a message of `TRIPS`, by its subject: the events of its
 * service, and what is replayed to it alone.
 */
export function isAnsweredBy(service: ConsumerService, slot: Slot, subject: string): boolean {
  if (subject.startsWith("redo.")) return subject.startsWith(`redo.${service}.${slot}.`);
  const event = subject.slice(subject.lastIndexOf(".") + 1);
  return (answeredEvents[service] as readonly string[]).includes(event);
}
