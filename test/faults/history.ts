// What a run records, and what is found in the streams after it. The checker sees nothing else.
import type { TripUpdate } from "#gen/tripmesh/backend/v1/trip.ts";
import type { Prediction } from "#gen/tripmesh/events/v1/prediction.ts";
import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { TripEventName } from "#kit/events/subjects.ts";
import type { ConsumerService, Slot } from "#kit/traffic/traffic.ts";

/** One change of a trip that its rider asked for; repeated until it was answered. */
export interface Step {
  /** The event's sequence, if all earlier steps took effect. */
  readonly seq: number;
  readonly event: TripEventName;
  /** Wall clock, ms. */
  readonly calledAt: number;
  /** When it was answered OK; undefined: never, whether it took effect is not known. */
  answeredAt?: number;
  /** How often it was called. */
  calls: number;
  /** Why it was given up. */
  failure?: string;
}

export interface TripHistory {
  tripId: string;
  readonly riderId: string;
  readonly steps: Step[];
}

export type Way = "direct" | "backend";

/** An update as a page received it. */
export interface ReceivedUpdate {
  readonly update: TripUpdate;
  /** Wall clock, ms. */
  readonly at: number;
}

/** What one rider's page saw of one trip, over all its connections. */
export interface ReaderHistory {
  readonly tripId: string;
  readonly via: Way;
  readonly updates: ReceivedUpdate[];
  /** When each connection was open. */
  readonly openedAt: number[];
  /** Whether `event: end` came. */
  ended: boolean;
}

/** A message of TRIPS. */
export interface StoredEvent {
  readonly event: TripEvent;
  /** The server's clock, ms. */
  readonly storedAt: number;
}

/** A prediction of PREDICTIONS. */
export interface StoredPrediction {
  readonly prediction: Prediction;
  readonly storedAt: number;
}

/** An event that was given up, for one durable. */
export interface StoredDeadLetter {
  readonly service: string;
  readonly slot: string;
  /** Of the event; nothing and 0 for what is no event. */
  readonly tripId: string;
  readonly seq: number;
  /** Where the message was published. */
  readonly subject: string;
}

/** A version in a slot of a consumer service. */
export interface Deployed {
  readonly service: ConsumerService;
  readonly slot: Slot;
  readonly version: string;
}

/** What is not settled at the end, by durable. */
export type Pending = ReadonlyMap<string, number>;

export interface Evidence {
  readonly deployed: readonly Deployed[];
  readonly trips: readonly TripHistory[];
  readonly readers: readonly ReaderHistory[];
  /** Readers that joined when everything was over. */
  readonly lateReaders: readonly ReaderHistory[];
  readonly events: readonly StoredEvent[];
  readonly predictions: readonly StoredPrediction[];
  readonly deadLetters: readonly StoredDeadLetter[];
  /** Subjects of what was fed in and can be no slot's to answer. */
  readonly poison: readonly string[];
  readonly pending: Pending;
  /** When the fault began and when the damage was done: what follows is recovery. Wall clock, ms. */
  readonly fault: { readonly from: number; readonly to: number };
}
