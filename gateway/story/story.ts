import type { Estimate } from "#gen/tripmesh/backend/v1/ride.ts";
import type { Prediction } from "#gen/tripmesh/events/v1/prediction.ts";
import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { toMinutes, toUsd } from "#kit/rpc/amounts.ts";
import { type Inputs, inputsOf } from "./inputs.ts";

/** Something that a version said about the trip, and what it said it from. */
export interface Saying {
  readonly service: string;
  readonly version: string;
  readonly slot: string;
  readonly digest: string;
  /** Minutes or dollars. */
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  /** By how much the interval was widened outside the graph; 1: not at all. */
  readonly intervalScale: number;
  /** Hexadecimal; empty where the baseline answered. */
  readonly featureHash: string;
  /** Undefined where no model answered. */
  readonly inputs: Inputs | undefined;
  /** The trace that brought it about; empty where it is not recorded. */
  readonly traceId: string;
  /** Against what was known of the same quantity before; undefined for the first. */
  readonly change: number | undefined;
  /** Names of the inputs that differ from those behind what was said before. */
  readonly changedInputs: readonly string[];
  /** Whether another version said what was said before. */
  readonly isOtherVersion: boolean;
}

/** An event of the trip with everything that was said because of it. */
export interface Chapter {
  readonly seq: number;
  readonly event: string;
  readonly occurredAt: Date | undefined;
  /** The trace that published it; empty where it is not recorded. */
  readonly traceId: string;
  readonly sayings: readonly Saying[];
}

export interface Truth {
  readonly minutes: number;
  readonly costUsd: number;
  /** NaN: not known, as for cash. */
  readonly tipUsd: number;
}

export interface TripStory {
  readonly tripId: string;
  readonly pickupZone: number;
  readonly dropoffZone: number;
  readonly chapters: readonly Chapter[];
  readonly truth: Truth | undefined;
}

/** A message of the streams about the trip. */
export interface Told<T> {
  readonly what: T;
  readonly traceId: string;
}

/** What a service's saying corrects: tip and cost stand alone, the two durations are one quantity. */
const quantityOf = (service: string) => (service === "dynamic-duration" ? "duration" : service);

/**
 * Why the estimate changed: every live prediction beside its event, with what was different from the one before.
 * Undefined when there is no event.
 */
export function tellStory(
  events: readonly Told<TripEvent>[],
  predictions: readonly Told<Prediction>[],
): TripStory | undefined {
  const inOrder = [...new Map(events.map((told) => [told.what.seq, told])).values()].sort(
    (a, b) => a.what.seq - b.what.seq,
  );
  const [first] = inOrder;
  if (!first) return undefined;
  const before = new Map<string, Saying>();
  const chapters = inOrder.map(({ what: event, traceId }) => {
    const said = [...sayingOfRequest(event, traceId), ...sayingsAbout(event, predictions)];
    return {
      seq: event.seq,
      event: event.body?.$case ?? "unknown",
      occurredAt: event.occurredAt,
      traceId,
      sayings: said.map((one) => compare(one, before)),
    };
  });
  const { tripId, features } = first.what;
  const { pickupZone = 0, dropoffZone = 0 } = features ?? {};
  return { tripId, pickupZone, dropoffZone, chapters, truth: truthOf(inOrder) };
}

type Plain = Omit<Saying, "change" | "changedInputs" | "isOtherVersion">;

function compare(one: Plain, before: Map<string, Saying>): Saying {
  const last = before.get(quantityOf(one.service));
  const changed = (name: string) =>
    last?.inputs !== undefined && !Object.is(last.inputs[name], one.inputs?.[name]);
  const isSameModel = last?.service === one.service;
  const saying: Saying = {
    ...one,
    change: last && one.value - last.value,
    changedInputs: isSameModel ? Object.keys(one.inputs ?? {}).filter(changed) : [],
    isOtherVersion: isSameModel && last.digest !== one.digest,
  };
  before.set(quantityOf(one.service), saying);
  return saying;
}

/** The first estimate, which the event has as it was shown. */
function sayingOfRequest(event: TripEvent, traceId: string): Plain[] {
  if (event.body?.$case !== "requested" || !event.body.value.estimate) return [];
  const { estimate, featureHash } = event.body.value;
  const { version, slot, digest, degraded } = estimate;
  return [
    {
      service: "duration",
      ...{ version, slot, digest, traceId, intervalScale: 1 },
      ...minutesOf(estimate),
      featureHash: featureHash.toString("hex"),
      inputs: degraded ? undefined : inputsOf("duration", event),
    },
  ];
}

function minutesOf({ duration, lower, upper }: Estimate) {
  return { value: toMinutes(duration), lower: toMinutes(lower), upper: toMinutes(upper) };
}

function sayingsAbout(event: TripEvent, predictions: readonly Told<Prediction>[]): Plain[] {
  const about = predictions.filter(({ what }) => what.eventSeq === event.seq);
  const once = new Map(about.map((told) => [`${told.what.service} ${told.what.version}`, told]));
  return [...once.values()].map(({ what: prediction, traceId }) => {
    const { service, version, slot, digest, value, lower, upper, intervalScale } = prediction;
    return {
      ...{ service, version, slot, digest, value, lower, upper, intervalScale, traceId },
      featureHash: prediction.featureHash.toString("hex"),
      inputs: inputsOf(service, event),
    };
  });
}

function truthOf(events: readonly Told<TripEvent>[]): Truth | undefined {
  for (const { what } of events) {
    if (what.body?.$case !== "completed" || !what.body.value.truth) continue;
    const { actualDuration, cost, tip } = what.body.value.truth;
    return { minutes: toMinutes(actualDuration), costUsd: toUsd(cost), tipUsd: toUsd(tip) };
  }
  return undefined;
}
