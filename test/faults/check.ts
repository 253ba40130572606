// Decides whether a run kept what the mesh promises. Pure: evidence in, violations out.
import { type TripUpdate, TripUpdateKind } from "#gen/tripmesh/backend/v1/trip.ts";
import { type Prediction, PredictionRole } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { answeredEvents, durableName } from "#kit/events/subjects.ts";
import { updateOfPrediction, updatesOfEvent } from "#kit/events/trip-updates.ts";
import type {
  Deployed,
  Evidence,
  ReaderHistory,
  StoredEvent,
  StoredPrediction,
} from "./history.ts";

export interface Violation {
  /** Which promise was broken. */
  readonly rule:
    | "event lost"
    | "event from nowhere"
    | "event changed"
    | "effect missing"
    | "effect doubled"
    | "not one slot live"
    | "reader went back"
    | "reader was told something else"
    | "ways differ"
    | "not accounted for"
    | "poison not put aside";
  readonly detail: string;
}

/** Every broken promise. */
export function check(evidence: Evidence): Violation[] {
  const events = byEvent(evidence.events);
  const effects = byEffect(evidence.predictions);
  return [
    ...checkEvents(evidence, events),
    ...checkEffects(evidence, events, effects),
    ...checkLive(evidence, events, effects),
    ...checkReaders(evidence),
    ...checkEnd(evidence),
    ...checkCounts(evidence, events, effects),
    ...checkPoison(evidence),
  ];
}

type EventKey = string;
const eventKey = (tripId: string, seq: number): EventKey => `${tripId}:${seq}`;
/** An effect is an entry of the fold by key: the same prediction stored twice is one. */
const effectKey = (tripId: string, seq: number, service: string, slot: string) =>
  `${tripId}:${seq}:${service}:${slot}`;

type Events = ReadonlyMap<EventKey, readonly StoredEvent[]>;
type Effects = ReadonlyMap<string, readonly StoredPrediction[]>;

function byEvent(stored: readonly StoredEvent[]): Events {
  return Map.groupBy(stored, ({ event }) => eventKey(event.tripId, event.seq));
}

function byEffect(stored: readonly StoredPrediction[]): Effects {
  return Map.groupBy(stored, ({ prediction: p }) =>
    effectKey(p.tripId, p.eventSeq, p.service, p.slot),
  );
}

/** Everything that was answered OK is in the stream, unchanged, and nothing that nobody asked for. */
function checkEvents({ trips, events: all }: Evidence, events: Events): Violation[] {
  const found: Violation[] = [];
  const asked = new Map(
    trips.flatMap(({ tripId, steps }) =>
      steps.map((step) => [eventKey(tripId, step.seq), step] as const),
    ),
  );
  for (const [key, step] of asked) {
    if (step.answeredAt !== undefined && !events.has(key)) {
      found.push({ rule: "event lost", detail: `${key} ${step.event}, answered OK` });
    }
  }
  for (const { event } of all) {
    const key = eventKey(event.tripId, event.seq);
    const step = asked.get(key);
    if (step?.event !== event.body?.$case) {
      found.push({ rule: "event from nowhere", detail: `${key} ${event.body?.$case}` });
    }
  }
  for (const [key, copies] of events) {
    const bodies = new Set(copies.map(({ event }) => toHex(event)));
    if (bodies.size > 1) found.push({ rule: "event changed", detail: key });
  }
  return found;
}

function toHex(event: TripEvent): string {
  return Buffer.from(TripEvent.encode(event).finish()).toString("hex");
}

/** What each slot owes: one answer to each event that its service answers. */
function* owed({ deployed }: Evidence, events: Events): Generator<[StoredEvent, Deployed]> {
  for (const [stored] of events.values()) {
    for (const slot of deployed) {
      const answers: readonly string[] = answeredEvents[slot.service];
      if (stored && answers.includes(stored.event.body?.$case ?? "")) yield [stored, slot];
    }
  }
}

function checkEffects(evidence: Evidence, events: Events, effects: Effects): Violation[] {
  const found: Violation[] = [];
  const given = new Set(
    evidence.deadLetters.map((d) => effectKey(d.tripId, d.seq, d.service, d.slot)),
  );
  for (const [{ event }, { service, slot, version }] of owed(evidence, events)) {
    const key = effectKey(event.tripId, event.seq, service, slot);
    const predictions = effects.get(key) ?? [];
    if (predictions.length === 0 && !given.has(key)) {
      found.push({ rule: "effect missing", detail: key });
    }
    const different = new Set(predictions.map(({ prediction }) => toText(prediction)));
    if (different.size > 1) {
      found.push({ rule: "effect doubled", detail: `${key}: ${[...different].join(" and ")}` });
    }
    if (predictions.some(({ prediction }) => prediction.version !== version)) {
      found.push({ rule: "effect doubled", detail: `${key} by another version than ${version}` });
    }
  }
  return found;
}

function toText({ version, role, value, lower, upper }: Prediction): string {
  return `${version} ${role} ${value} [${lower}, ${upper}]`;
}

/** Of the slots that answered an event exactly one is the rider's: the one that the event names. */
function checkLive(evidence: Evidence, events: Events, effects: Effects): Violation[] {
  const found: Violation[] = [];
  const services = new Set(evidence.deployed.map(({ service }) => service));
  for (const service of services) {
    const slots = evidence.deployed.filter((one) => one.service === service);
    const answers: readonly string[] = answeredEvents[service];
    for (const [stored] of events.values()) {
      if (!stored || !answers.includes(stored.event.body?.$case ?? "")) continue;
      const { tripId, seq, arms } = stored.event;
      const live = slots.filter(({ slot }) =>
        effects
          .get(effectKey(tripId, seq, service, slot))
          ?.some(({ prediction }) => prediction.role === PredictionRole.LIVE),
      );
      const answered = slots.filter(({ slot }) =>
        effects.has(effectKey(tripId, seq, service, slot)),
      );
      if (answered.length < slots.length) continue; // told as a missing effect
      if (live.length !== 1 || live[0]?.slot !== arms[service]) {
        const names = live.map(({ slot }) => slot).join(", ") || "none";
        const detail = `${eventKey(tripId, seq)} ${service}: ${names} live, not ${arms[service]}`;
        found.push({ rule: "not one slot live", detail });
      }
    }
  }
  return found;
}

/** What may be told of a trip: kind and sequence to the update. */
function tellable(evidence: Evidence): Map<string, TripUpdate> {
  const updates = [
    ...evidence.events.flatMap(({ event }) => updatesOfEvent(event)),
    ...evidence.predictions.flatMap(({ prediction }) => updateOfPrediction(prediction) ?? []),
  ];
  return new Map(updates.map((update) => [updateKey(update), update]));
}

const updateKey = ({ tripId, kind, seq }: TripUpdate) => `${tripId} ${kindNames[kind]} ${seq}`;
const kindNames = ["unknown", "duration", "cost", "tip", "state"] as const;

/** A rider's page, over all its connections: forwards only, and nothing but what is stored. */
function checkReaders(evidence: Evidence): Violation[] {
  const found: Violation[] = [];
  const stored = tellable(evidence);
  for (const reader of [...evidence.readers, ...evidence.lateReaders]) {
    const reached = new Map<TripUpdateKind, number>();
    for (const { update } of reader.updates) {
      const detail = `${updateKey(update)} via ${reader.via}`;
      if (update.seq <= (reached.get(update.kind) ?? 0)) {
        found.push({ rule: "reader went back", detail });
      }
      reached.set(update.kind, update.seq);
      if (!sameUpdate(update, stored.get(updateKey(update)))) {
        found.push({ rule: "reader was told something else", detail });
      }
    }
  }
  return found;
}

function sameUpdate(a: TripUpdate, b: TripUpdate | undefined): boolean {
  return (
    b !== undefined &&
    a.value === b.value &&
    a.lower === b.lower &&
    a.upper === b.upper &&
    a.version === b.version &&
    a.slot === b.slot
  );
}

/** Whoever looks in the end sees the newest of each kind, by both ways, and the end. */
function checkEnd(evidence: Evidence): Violation[] {
  const found: Violation[] = [];
  const newest = new Map<string, number>();
  for (const { tripId, kind, seq } of tellable(evidence).values()) {
    const key = `${tripId} ${kind}`;
    newest.set(key, Math.max(seq, newest.get(key) ?? 0));
  }
  for (const reader of evidence.lateReaders) {
    const last = lastOfKinds(reader);
    for (const kind of told) {
      const want = newest.get(`${reader.tripId} ${kind}`);
      if (last.get(kind) !== want) {
        const detail = `${reader.tripId} via ${reader.via}: ${kindNames[kind]} ends at ${last.get(kind)}, not ${want}`;
        found.push({ rule: "ways differ", detail });
      }
    }
    if (!reader.ended) {
      found.push({ rule: "ways differ", detail: `${reader.tripId} via ${reader.via}: no end` });
    }
  }
  return found;
}

const told = [
  TripUpdateKind.DURATION,
  TripUpdateKind.COST,
  TripUpdateKind.TIP,
  TripUpdateKind.STATE,
] as const;

function lastOfKinds({ updates }: ReaderHistory): Map<TripUpdateKind, number> {
  return new Map(updates.map(({ update: { kind, seq } }) => [kind, seq]));
}

/** published = processed + dead-lettered + pending, for each slot. */
function checkCounts(evidence: Evidence, events: Events, effects: Effects): Violation[] {
  const found: Violation[] = [];
  const all = [...owed(evidence, events)];
  for (const { service, slot } of evidence.deployed) {
    const mine = all.filter(([, one]) => one.service === service && one.slot === slot);
    const keys = mine.map(([{ event }]) => effectKey(event.tripId, event.seq, service, slot));
    const processed = keys.filter((key) => effects.has(key)).length;
    const dead = new Set(
      evidence.deadLetters
        .filter((d) => d.service === service && d.slot === slot)
        .map((d) => effectKey(d.tripId, d.seq, service, slot))
        .filter((key) => keys.includes(key) && !effects.has(key)),
    ).size;
    const pending = evidence.pending.get(durableName(service, slot)) ?? 0;
    if (keys.length !== processed + dead + pending) {
      const detail = `${service}-${slot}: ${keys.length} published, ${processed} processed + ${dead} dead + ${pending} pending`;
      found.push({ rule: "not accounted for", detail });
    }
  }
  return found;
}

/** What nobody can answer is a dead letter of every slot that was given it. */
function checkPoison({ poison, deployed, deadLetters }: Evidence): Violation[] {
  const put = new Set(deadLetters.map((d) => `${d.service}-${d.slot} ${d.subject}`));
  return poison.flatMap((subject) =>
    deployed
      .map(({ service, slot }) => `${service}-${slot} ${subject}`)
      .filter((key) => !put.has(key))
      .map((detail): Violation => ({ rule: "poison not put aside", detail })),
  );
}

/**
 * Time from when the damage was done until everything that was asked for before it was answered by every slot,
 * and what was known before it had reached the readers that were there; 0 when that was so already. ms.
 */
export function recoveryMs(evidence: Evidence): number {
  const { to } = evidence.fault;
  return Math.max(to, ...answeredAt(evidence, to), ...receivedAt(evidence, to)) - to;
}

/** When each effect of what was asked for until `to` was stored. */
function answeredAt(evidence: Evidence, to: number): number[] {
  const asked = new Set(
    evidence.trips.flatMap(({ tripId, steps }) =>
      steps
        .filter((step) => step.answeredAt !== undefined && step.answeredAt <= to)
        .map(({ seq }) => eventKey(tripId, seq)),
    ),
  );
  return [...byEffect(evidence.predictions).values()]
    .filter(
      ([first]) => first && asked.has(eventKey(first.prediction.tripId, first.prediction.eventSeq)),
    )
    .map((copies) => Math.min(...copies.map(({ storedAt }) => storedAt)));
}

/** When what was stored until `to` came to the readers that had joined by then. */
function receivedAt(evidence: Evidence, to: number): number[] {
  const known = new Set([
    ...evidence.events
      .filter(({ storedAt }) => storedAt <= to)
      .flatMap(({ event }) => updatesOfEvent(event).map(updateKey)),
    ...evidence.predictions
      .filter(({ storedAt }) => storedAt <= to)
      .flatMap(({ prediction }) => updateOfPrediction(prediction) ?? [])
      .map(updateKey),
  ]);
  return evidence.readers
    .filter(({ openedAt }) => (openedAt[0] ?? Number.POSITIVE_INFINITY) <= to)
    .flatMap(({ updates }) => updates)
    .filter(({ update }) => known.has(updateKey(update)))
    .map(({ at }) => at);
}
