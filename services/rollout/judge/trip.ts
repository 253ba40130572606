import { type Arm, arms, type Scored, type Truth } from "./fact.ts";
import { lossOf, type Metric, toSteps } from "./metric.ts";
import type { JudgePlan } from "./plan.ts";
import { emptyTally, onePair, type Tally } from "./tally.ts";

/** One version's answer to one event, as it counts: the first that came. */
export interface Score {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  readonly price?: number;
  readonly intervalScale: number;
  readonly featureHash: string;
  /** Whether a rider saw it. */
  isLive: boolean;
}

/** What a request said. */
export interface Request {
  readonly riderId: string;
  readonly atMs: number;
  readonly hour: number;
  readonly assigned: Arm;
  /** Whether neither version answered it. Default false. */
  readonly isDegraded?: boolean;
}

/** What is known of one trip, in whatever order it came. */
export interface Trip {
  /** Index of its stratum; −1 before the request is known. */
  stratum: number;
  /** Start of the quarter of an hour of its request, or of the first that was heard of it. */
  quarterMs: number;
  request?: Request;
  end?: { readonly truth: Truth } | "cancelled";
  /** By `seq`. */
  readonly scores: Map<number, Partial<Record<Arm, Score>>>;
  /** What its cohort counts of it now. */
  counted?: Tally;
}

export function createTrip(quarterMs: number): Trip {
  return { stratum: -1, quarterMs, scores: new Map() };
}

/** What became of a score that came. */
export type Kept = "first" | "repeated" | "other features" | "other bits";

/** Keeps a score if it is the first of its event and version; a later one is only compared with it. */
export function keepScore(trip: Trip, arm: Arm, scored: Scored): Kept {
  const of = trip.scores.get(scored.seq) ?? {};
  const first = of[arm];
  if (!first) {
    const { value, lower, upper, price, intervalScale, featureHash, role } = scored;
    const kept = { value, lower, upper, intervalScale, featureHash, isLive: role === "live" };
    of[arm] = price === undefined ? kept : { ...kept, price };
    trip.scores.set(scored.seq, of);
    return "first";
  }
  first.isLive ||= scored.role === "live";
  if (first.featureHash !== scored.featureHash) return "other features";
  return isSameAnswer(first, scored) ? "repeated" : "other bits";
}

/** Bit by bit. Bounds are compared where both were shown with the same scale: the graph's are not logged. */
function isSameAnswer(a: Score, b: Scored): boolean {
  if (!Object.is(a.value, b.value) || !Object.is(a.price, b.price)) return false;
  if (a.intervalScale !== b.intervalScale) return true;
  return Object.is(a.lower, b.lower) && Object.is(a.upper, b.upper);
}

/**
 * What a trip counts, from all that is known of it now: one unit, however many predictions it had.
 *
 * Predictions of one ride are wrong together, so their losses are averaged first; as units of their own they
 * would make four times the evidence of what is one ride's (B1, "one unit per trip").
 */
export function tallyTrip(trip: Trip, plan: JudgePlan): Tally {
  const tally = emptyTally(plan.metrics.length);
  const { request, end } = trip;
  if (!request) return tally;
  tally.requested = 1;
  tally[request.assigned].requested = 1;
  if (!end) return tally;
  if (end === "cancelled") {
    tally.cancelled = 1;
    tally[request.assigned].cancelled = 1;
    return tally;
  }
  tally.completed = 1;
  tally[request.assigned].completed = 1;
  if (end.truth.value !== undefined) tally.labelled = 1;
  tallyPairs(tally, trip, end.truth, plan);
  tallyShown(tally, trip, end.truth, plan.metrics[0] as Metric);
  return tally;
}

function tallyPairs(tally: Tally, trip: Trip, truth: Truth, plan: JudgePlan): void {
  const both: Record<Arm, Score>[] = [];
  for (const { candidate, base } of inOrder(trip)) {
    if (!candidate || !base) continue;
    if (plan.areInputsEqual && candidate.featureHash !== base.featureHash) tally.mismatched = 1;
    else both.push({ candidate, base });
  }
  for (const [i, metric] of plan.metrics.entries()) {
    const candidate = meanLoss(
      metric,
      truth,
      both.map((pair) => pair.candidate),
    );
    const base = meanLoss(
      metric,
      truth,
      both.map((pair) => pair.base),
    );
    if (candidate === undefined || base === undefined) continue;
    tally.pairs[i] = onePair(toSteps(candidate, metric), toSteps(base, metric));
    if (i === 0) tally.paired = 1;
  }
}

/** The split: what the rider was shown, by whoever answered the trip's first answered event. */
function tallyShown(tally: Tally, trip: Trip, truth: Truth, metric: Metric): void {
  const arm = servedArm(trip);
  if (!arm) return;
  const shown = inOrder(trip).flatMap((of) => (of[arm]?.isLive ? [of[arm]] : []));
  const loss = meanLoss(metric, truth, shown);
  if (loss === undefined) return;
  const steps = toSteps(loss, metric);
  Object.assign(tally[arm], { n: 1, losses: steps, squares: steps * steps });
}

/** The arm whose answer the rider saw first; undefined while none is known. */
export function servedArm({ scores }: Trip): Arm | undefined {
  let first = Number.POSITIVE_INFINITY;
  let served: Arm | undefined;
  for (const [seq, of] of scores) {
    const arm = seq < first ? arms.find((name) => of[name]?.isLive) : undefined;
    if (arm) [first, served] = [seq, arm];
  }
  return served;
}

/** By `seq`, so that sums round the same whatever came first. */
function inOrder({ scores }: Trip): Partial<Record<Arm, Score>>[] {
  if (scores.size === 1) return [...scores.values()]; // the usual trip, and this is the hot path
  return [...scores].toSorted(([a], [b]) => a - b).map(([, of]) => of);
}

function meanLoss(metric: Metric, truth: Truth, scores: readonly Score[]): number | undefined {
  let sum = 0;
  for (const score of scores) {
    const loss = lossOf(metric, score, truth);
    if (loss === undefined) return undefined;
    sum += loss;
  }
  return scores.length === 0 ? undefined : sum / scores.length;
}
