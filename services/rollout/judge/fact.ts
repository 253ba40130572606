import type { Slot } from "#kit/traffic/traffic.ts";

/** The two sides of a release. */
export const arms = ["candidate", "base"] as const;
export type Arm = (typeof arms)[number];

/** One number an arm. */
export type ByArm = Readonly<Record<Arm, number>>;

/** One version in one slot, as predictions name it. */
export interface VersionInSlot {
  readonly version: string;
  /** SHA-256 of the model file. */
  readonly digest: string;
  readonly slot: Slot;
}

/** What is read from the streams for judging one service. Any order, any number of times. */
export type Fact =
  | WeightsChanged
  | TripRequested
  | Scored
  | TripCompleted
  | TripCancelled
  | Operated
  | Crashed;

/** From this revision of the traffic on, the candidate has another weight. */
export interface WeightsChanged {
  readonly kind: "weights";
  readonly revision: number;
  /** Basis points. */
  readonly candidateWeight: number;
}

export interface TripRequested {
  readonly kind: "requested";
  readonly tripId: string;
  readonly riderId: string;
  /** Event time. */
  readonly atMs: number;
  /** Hour of the day on New York's clock, 0 to 23. */
  readonly hour: number;
  /** Revision of the traffic that the request was shared by. */
  readonly revision: number;
  /** The arm that the rider's bucket names, whoever answered in the end. */
  readonly assigned: Arm;
  /** Whether neither version answered, and the rider was shown the baseline's estimate. Default false. */
  readonly isDegraded?: boolean;
}

/** One version's answer to one event of a trip. */
export interface Scored {
  readonly kind: "scored";
  readonly tripId: string;
  /** `event_seq` of the prediction. */
  readonly seq: number;
  /** Event time of the event that was scored. */
  readonly atMs: number;
  readonly digest: string;
  readonly slot: Slot;
  readonly role: "live" | "shadow" | "hindsight";
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  readonly intervalScale: number;
  /** Price in US dollars, from the duration service. */
  readonly price?: number;
  /** Lower-case hex. */
  readonly featureHash: string;
}

/** What a trip really took, in the service's unit; without `value` where nobody will ever know (a cash tip). */
export interface Truth {
  readonly value?: number;
  /** US dollars without tip, for the price of the duration service. */
  readonly price?: number;
}

export interface TripCompleted {
  readonly kind: "completed";
  readonly tripId: string;
  readonly atMs: number;
  readonly truth: Truth;
}

export interface TripCancelled {
  readonly kind: "cancelled";
  readonly tripId: string;
  readonly atMs: number;
}

/**
 * Requests to either version so far (live, mirrored and in hindsight alike) as one process counted them since
 * the release began or its own start: the highest report of a source in a stratum counts, so a repeated or
 * overtaken one changes nothing.
 */
export interface Operated {
  readonly kind: "operated";
  /** One process in one life: counters that begin at 0 again need another name. */
  readonly source: string;
  /** Revision of the traffic at the time. */
  readonly revision: number;
  readonly requests: ByArm;
  /** Answers that were an error. */
  readonly errors: ByArm;
  /** Answers whose time is known, and those that took longer than the objective. */
  readonly timed: ByArm;
  readonly slow: ByArm;
  /** Seconds with a slow answer of this arm and none of the other. */
  readonly slowSeconds: ByArm;
  /** Events that were given to a consumer again; then `requests` are events, and `errors` dead letters. */
  readonly redelivered: ByArm;
  /** Seconds in which events were given again to this arm and not to the other. */
  readonly redeliveredSeconds: ByArm;
}

/** A process of the candidate ended by itself. `id` names the one crash. */
export interface Crashed {
  readonly kind: "crashed";
  readonly id: string;
}
