import { type Latest, noteTime, timeOf } from "./clock.ts";
import {
  type Arm,
  arms,
  type Crashed,
  type Fact,
  type Scored,
  type TripCancelled,
  type TripCompleted,
  type TripRequested,
  type WeightsChanged,
} from "./fact.ts";
import { type Counters, noteOperations } from "./operations.ts";
import type { JudgePlan } from "./plan.ts";
import { emptyRiders, noteRider, type Point, type Riders } from "./riders.ts";
import { addTally, emptyTally, type Tally } from "./tally.ts";
import { createTrip, keepScore, type Score, servedArm, type Trip, tallyTrip } from "./trip.ts";

export const QUARTER_MS = 900_000;
/** Open trips that are remembered; beyond it the oldest are forgotten early, and counted as such. */
const MOST_TRIPS = 200_000;
/** Events of one trip that are remembered; a ride has five. */
const MOST_EVENTS = 64;
/** Riders that are remembered a stratum; beyond it they are drawn. */
const MOST_RIDERS = 20_000;
const MOST_CRASHES = 100;
const MOST_EXAMPLES = 10;

/** Trips requested in the same quarter of an hour of event time, in the same stratum. */
export interface Cohort {
  /** On New York's clock. */
  readonly hour: number;
  readonly tally: Tally;
}

/** A time of constant weights. */
export interface Stratum {
  readonly revision: number;
  readonly candidateWeight: number;
  /** First request, event time; undefined before there was one. */
  firstMs?: number;
  /** By the start of their quarter of an hour. */
  readonly cohorts: Map<number, Cohort>;
  /** Cohorts whose trips are forgotten. */
  readonly settled: Tally;
  /** The same, forgotten before they had matured: they may fail a candidate and never pass it. */
  readonly cutShort: Tally;
  /** Hours of the day with settled pairs, a bit each. */
  settledHours: number;
  readonly riders: Riders;
}

/** What could not be counted, or should never be. */
export interface Irregularities {
  /** Facts of trips that are forgotten already. */
  late: number;
  /** Scores of versions that are not in this release. */
  foreign: number;
  /** Answers that are no number, by arm. */
  readonly noNumber: Record<Arm, number>;
  /** Later scores of the same event by the same file on the same features with other bits, by arm. */
  readonly parity: Record<Arm, number>;
  readonly parityExamples: string[];
  /** Later scores of the same event and file that were fed other features. */
  otherFeatures: number;
  /** Forgotten without an end. */
  neverFinished: number;
  /** Forgotten with a truth and without a pair. */
  neverPaired: number;
  /** Heard of without a request, for example begun before the release. */
  withoutRequest: number;
  /** Forgotten early, because there were too many. */
  tooMany: number;
}

/** Everything the judge knows: plain data, written and read by `evidence-text.ts`. */
export interface Evidence {
  readonly strata: Stratum[];
  readonly trips: Map<string, Trip>;
  /** Open trips by `quarterMs`. */
  readonly quarters: Map<number, Set<string>>;
  readonly latest: Latest;
  /** Trips requested before this are forgotten, event time. */
  closedBeforeMs: number;
  readonly counters: Counters;
  readonly crashes: Set<string>;
  readonly irregularities: Irregularities;
}

export function createEvidence(plan: JudgePlan): Evidence {
  return {
    strata: [createStratum(plan, { revision: 0, candidateWeight: 0 })],
    trips: new Map(),
    quarters: new Map(),
    latest: [],
    closedBeforeMs: 0,
    counters: new Map(),
    crashes: new Set(),
    irregularities: {
      late: 0,
      foreign: 0,
      noNumber: { candidate: 0, base: 0 },
      parity: { candidate: 0, base: 0 },
      parityExamples: [],
      otherFeatures: 0,
      neverFinished: 0,
      neverPaired: 0,
      withoutRequest: 0,
      tooMany: 0,
    },
  };
}

/**
 * Takes a fact in, changing `evidence` in place. Facts of trips may come in any order and repeatedly: the same
 * facts give the same evidence, as long as a trip is not forgotten yet. A change of weights comes before the
 * requests that it shared, as it is written before it is acted on.
 */
export function foldFact(evidence: Evidence, plan: JudgePlan, fact: Fact): void {
  switch (fact.kind) {
    case "weights":
      foldWeights(evidence, plan, fact);
      break;
    case "requested":
      foldRequest(evidence, plan, fact);
      break;
    case "scored":
      foldScore(evidence, plan, fact);
      break;
    case "completed":
    case "cancelled":
      foldEnd(evidence, plan, fact);
      break;
    case "operated":
      noteOperations(evidence.counters, stratumAt(evidence, fact.revision), fact);
      break;
    case "crashed":
      foldCrash(evidence, fact);
      break;
  }
}

function createStratum(
  { metrics }: JudgePlan,
  { revision, candidateWeight }: Pick<Stratum, "revision" | "candidateWeight">,
): Stratum {
  return {
    revision,
    candidateWeight,
    cohorts: new Map(),
    settled: emptyTally(metrics.length),
    cutShort: emptyTally(metrics.length),
    settledHours: 0,
    riders: emptyRiders(),
  };
}

function foldWeights({ strata }: Evidence, plan: JudgePlan, fact: WeightsChanged): void {
  const last = strata.at(-1);
  if (last && (fact.revision <= last.revision || fact.candidateWeight === last.candidateWeight)) {
    return; // repeated, or a change of something else
  }
  strata.push(createStratum(plan, fact));
  strata.at(-3)?.riders.seen.clear(); // ratios are asked for while trips of a stratum still finish, not later
}

function foldRequest(evidence: Evidence, plan: JudgePlan, fact: TripRequested): void {
  const { tripId, riderId, atMs, hour, revision, assigned, isDegraded = false } = fact;
  if (atMs < plan.startMs) return;
  if (atMs < evidence.closedBeforeMs) {
    evidence.irregularities.late++; // also where an end came again and opened the trip anew
    return;
  }
  const trip = openTrip(evidence, tripId, atMs);
  if (!trip || trip.request) return;
  trip.stratum = stratumAt(evidence, revision);
  const stratum = evidence.strata[trip.stratum] as Stratum;
  moveTrip(evidence, tripId, trip, quarterOf(atMs));
  trip.request = { riderId, atMs, hour, assigned, isDegraded };
  stratum.firstMs = Math.min(stratum.firstMs ?? atMs, atMs);
  noteTime(evidence.latest, atMs);
  note(evidence, trip, "assigned", assigned);
  recount(evidence, plan, trip);
  forget(evidence, plan);
}

/** Index of the stratum that a revision of the traffic belongs to. */
function stratumAt({ strata }: Evidence, revision: number): number {
  return Math.max(
    0,
    strata.findLastIndex((stratum) => stratum.revision <= revision),
  );
}

function foldScore(evidence: Evidence, plan: JudgePlan, scored: Scored): void {
  const { irregularities } = evidence;
  const arm = armOfScore(scored, plan);
  if (!arm) {
    irregularities.foreign++;
    return;
  }
  if (scored.atMs < plan.startMs) return;
  const trip = openTrip(evidence, scored.tripId, scored.atMs);
  if (!trip || (trip.scores.size >= MOST_EVENTS && !trip.scores.has(scored.seq))) return;
  const kept = keepScore(trip, arm, scored);
  if (kept === "first" && !isNumber(scored)) irregularities.noNumber[arm]++;
  if (kept === "other features") irregularities.otherFeatures++;
  if (kept === "other bits") {
    irregularities.parity[arm]++;
    const { parityExamples } = irregularities;
    if (parityExamples.length < MOST_EXAMPLES)
      parityExamples.push(`${scored.tripId}:${scored.seq}`);
  }
  if (kept === "first" || scored.role === "live") recount(evidence, plan, trip);
}

/** By model file; by slot where both are the same file, as in a release of an identical copy. */
export function armOfScore(
  { digest, slot }: Scored,
  { candidate, base }: JudgePlan,
): Arm | undefined {
  const of = { candidate, base };
  if (candidate.digest !== base.digest) return arms.find((arm) => of[arm].digest === digest);
  return digest === base.digest ? arms.find((arm) => of[arm].slot === slot) : undefined;
}

function isNumber({
  value,
  lower,
  upper,
  price,
}: Pick<Score, "value" | "lower" | "upper" | "price">) {
  return [value, lower, upper, price ?? 0].every(Number.isFinite);
}

function foldEnd(evidence: Evidence, plan: JudgePlan, fact: TripCompleted | TripCancelled): void {
  if (fact.atMs < plan.startMs) return;
  const trip = openTrip(evidence, fact.tripId, fact.atMs);
  if (!trip || trip.end) return;
  trip.end = fact.kind === "cancelled" ? "cancelled" : { truth: fact.truth };
  recount(evidence, plan, trip);
}

function foldCrash({ crashes }: Evidence, { id }: Crashed): void {
  if (crashes.size < MOST_CRASHES) crashes.add(id);
}

/** The trip, new where it is not known; undefined, and counted, where it must have been forgotten. */
function openTrip(evidence: Evidence, tripId: string, atMs: number): Trip | undefined {
  const known = evidence.trips.get(tripId);
  if (known) return known;
  if (atMs < evidence.closedBeforeMs) {
    evidence.irregularities.late++;
    return undefined;
  }
  const trip = createTrip(quarterOf(atMs));
  evidence.trips.set(tripId, trip);
  moveTrip(evidence, tripId, trip, trip.quarterMs);
  return trip;
}

function moveTrip({ quarters }: Evidence, tripId: string, trip: Trip, quarterMs: number): void {
  if (trip.quarterMs !== quarterMs) quarters.get(trip.quarterMs)?.delete(tripId);
  trip.quarterMs = quarterMs;
  const ids = quarters.get(quarterMs) ?? new Set();
  quarters.set(quarterMs, ids.add(tripId));
}

export function quarterOf(atMs: number): number {
  return Math.floor(atMs / QUARTER_MS) * QUARTER_MS;
}

/** Takes out what the trip counted before and puts in what it counts now: sums are exact. */
function recount(evidence: Evidence, plan: JudgePlan, trip: Trip): void {
  const { request, counted } = trip;
  const stratum = evidence.strata[trip.stratum];
  if (!request || !stratum) return;
  // A rider whom nobody answered stays in the own arm, as in any comparison by intention: that answers failed is the
  // matter of the gate of errors, and says nothing about how riders were shared.
  const served = servedArm(trip) ?? (request.isDegraded ? request.assigned : undefined);
  if (served) note(evidence, trip, "served", served);
  if (counted && !trip.end) return; // a score counts nothing before the truth
  const cohort = stratum.cohorts.get(trip.quarterMs) ?? {
    hour: request.hour,
    tally: emptyTally(plan.metrics.length),
  };
  stratum.cohorts.set(trip.quarterMs, cohort);
  const now = tallyTrip(trip, plan);
  if (counted) addTally(cohort.tally, counted, -1);
  addTally(cohort.tally, now);
  trip.counted = now;
  if (served && now.labelled > 0) note(evidence, trip, "labelled", served);
}

function note({ strata }: Evidence, { stratum, request }: Trip, point: Point, arm: Arm): void {
  const of = strata[stratum];
  if (!of || !request || stratum < strata.length - 2) return;
  noteRider(of.riders, request.riderId, [point, arm], MOST_RIDERS);
}

/** Forgets trips that are old enough, and the oldest when there are too many. */
function forget(evidence: Evidence, plan: JudgePlan): void {
  const nowMs = timeOf(evidence.latest);
  const due = quarterOf(nowMs - plan.forgetAfterMs);
  if (due > evidence.closedBeforeMs) closeBefore(evidence, due, nowMs - plan.maturityMs);
  while (evidence.trips.size > MOST_TRIPS) {
    const size = evidence.trips.size;
    const oldest = Math.min(...evidence.quarters.keys());
    closeBefore(evidence, oldest + QUARTER_MS, nowMs - plan.maturityMs);
    evidence.irregularities.tooMany += size - evidence.trips.size;
  }
}

function closeBefore(evidence: Evidence, lineMs: number, maturedBeforeMs: number): void {
  evidence.closedBeforeMs = lineMs;
  for (const [quarterMs, ids] of evidence.quarters) {
    if (quarterMs >= lineMs) continue;
    for (const id of ids) {
      const trip = evidence.trips.get(id);
      if (trip) countForgotten(evidence.irregularities, trip);
      evidence.trips.delete(id);
    }
    evidence.quarters.delete(quarterMs);
  }
  for (const stratum of evidence.strata) {
    for (const [quarterMs, { hour, tally }] of stratum.cohorts) {
      if (quarterMs >= lineMs) continue;
      const isMatured = quarterMs + QUARTER_MS <= maturedBeforeMs;
      addTally(isMatured ? stratum.settled : stratum.cutShort, tally);
      if (isMatured && tally.paired > 0) stratum.settledHours |= 1 << hour;
      stratum.cohorts.delete(quarterMs);
    }
  }
}

function countForgotten(irregularities: Irregularities, { request, end, counted }: Trip): void {
  if (!request) irregularities.withoutRequest++;
  else if (!end) irregularities.neverFinished++;
  else if (counted && counted.labelled > counted.paired) irregularities.neverPaired++;
}
