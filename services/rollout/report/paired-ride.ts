import type { Arm, Truth } from "../judge/fact.ts";
import type { JudgePlan } from "../judge/plan.ts";
import type { Tally } from "../judge/tally.ts";
import { type Score, servedArm, type Trip, tallyTrip } from "../judge/trip.ts";

/** What the models were told about a ride, and how far it went: what slices are made of. */
export interface RideContext {
  readonly requestedAtMs: number;
  readonly pickupZone: number;
  readonly dropoffZone: number;
  /** Hour of the day on New York's clock, 0 to 23. */
  readonly hour: number;
  /** As driven; undefined where the meter said nothing. */
  readonly distanceMiles: number | undefined;
}

/** What both versions said about one event of a ride. */
export interface AnswerPair {
  readonly seq: number;
  readonly candidate: Score;
  readonly base: Score;
}

/** A finished ride that both versions have answered and whose truth is known: one unit of the report. */
export interface PairedRide extends RideContext {
  readonly tripId: string;
  readonly truth: Truth & { readonly value: number };
  /** Whose answer the rider saw first; undefined where none is known to be live. */
  readonly served: Arm | undefined;
  /** By `seq`; at least one. */
  readonly answers: readonly AnswerPair[];
  /** What the judge counts of it: losses capped and in whole steps, averaged over the answers. */
  readonly tally: Tally;
}

/** What became of a trip, for the sentence about what was left out. */
export type Outcome = "paired" | "under way" | "cancelled" | "without a truth" | "without a pair";

/** The judge's own count of a trip decides what it is, so that report and verdict rest on the same rides. */
export function outcomeOf(trip: Trip, plan: JudgePlan): { outcome: Outcome; tally: Tally } {
  const tally = tallyTrip(trip, plan);
  return { outcome: nameOf(tally), tally };
}

function nameOf({ paired, cancelled, completed, labelled }: Tally): Outcome {
  if (paired > 0) return "paired";
  if (cancelled > 0) return "cancelled";
  if (completed === 0) return "under way";
  return labelled > 0 ? "without a pair" : "without a truth";
}

/** A trip that is paired, as the report wants it. */
export function pairedRide(
  tripId: string,
  trip: Trip,
  { context, plan, tally }: { context: RideContext; plan: JudgePlan; tally: Tally },
): PairedRide | undefined {
  const { end } = trip;
  if (end === undefined || end === "cancelled" || end.truth.value === undefined) return undefined;
  return {
    ...context,
    tripId,
    truth: { ...end.truth, value: end.truth.value },
    served: servedArm(trip),
    answers: answersOf(trip, plan),
    tally,
  };
}

function answersOf({ scores }: Trip, { areInputsEqual }: JudgePlan): AnswerPair[] {
  return [...scores]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([seq, { candidate, base }]) => {
      if (!candidate || !base) return [];
      const isPair = !areInputsEqual || candidate.featureHash === base.featureHash;
      return isPair ? [{ seq, candidate, base }] : [];
    });
}
