import { Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { armOf } from "#kit/traffic/arm.ts";
import { TOTAL_WEIGHT } from "#kit/traffic/traffic.ts";
import { createRiders, type RiderOf } from "../../../../simulator/riders.ts";
import { createEvidence, type Evidence, foldFact } from "../evidence.ts";
import type { Arm, Fact, VersionInSlot } from "../fact.ts";
import type { StageTime } from "../gates/gate.ts";
import { splitGate } from "../gates/split-gate.ts";
import { takeLook } from "../look.ts";
import { NO_OPERATIONS } from "../operations.ts";
import { createPlan, type JudgePlan } from "../plan.ts";
import { type Judgement, judge } from "../verdict.ts";
import type { Answers } from "./answers.ts";
import type { Month } from "./month.ts";
import type { Pair } from "./pair.ts";

export interface ReplayOptions {
  /** Index among the month's events at which the release starts. */
  readonly start: number;
  /** Draws riders, and salts their hash. */
  readonly seed: number;
  /** Basis points of the riders that get the candidate. */
  readonly weight: number;
  /** Finished trips between two looks. */
  readonly lookEvery: number;
  /** Finished trips after which the judge is not waited for any longer, and the split neither. */
  readonly mostTrips: number;
  readonly mostSplitTrips: number;
}

/** Where a comparison had come to when it was decided. */
export interface Decided {
  readonly verdict: Verdict;
  /** Which gate, for a FAIL or HOLD. */
  readonly gate: string;
  /** Trips finished since the start. */
  readonly trips: number;
  /** Distinct riders with the candidate's answer: among the finished trips, and among all routed so far. */
  readonly finishedRiders: number;
  readonly routedRiders: number;
}

export interface Outcome {
  readonly judge: Decided | undefined;
  /** The split alone, at the judge's alpha; undefined when it was not decided, or not asked for. */
  readonly split: Decided | undefined;
  /** Whether the judge was ever sure, at its alpha, that the candidate is better. */
  readonly saidBetter: boolean;
}

const HOUR_MS = 3_600_000;
const versions: Readonly<Record<Arm, VersionInSlot>> = {
  base: { version: "base", digest: "base", slot: "blue" },
  candidate: { version: "candidate", digest: "candidate", slot: "green" },
};

/** Replays a release from one moment of the month through the judge's own fold and verdict. */
export function replay(month: Month, pair: Pair, options: ReplayOptions): Outcome {
  const run = createRun(month, pair, options);
  let judged: Decided | undefined;
  let split: Decided | undefined;
  for (let at = options.start; at < month.events.length; at++) {
    const event = month.events[at] as number;
    if (event >= 0) takeRequest(run, event);
    else if (takeEnd(run, ~event)) {
      const trips = run.finished;
      if (trips % options.lookEvery === 0 && trips <= options.mostTrips) judged ??= decide(run);
      // What only the comparison needs is looked at less often, to save time.
      if (trips % (4 * options.lookEvery) === 0) split ??= decideBySplit(run);
      const isJudged = judged !== undefined || trips >= options.mostTrips;
      if (isJudged && (split !== undefined || trips >= options.mostSplitTrips)) break;
    }
  }
  return { judge: judged, split, saidBetter: run.saidBetter };
}

/** A release under way. */
interface Run {
  readonly month: Month;
  readonly pair: Pair;
  readonly plan: JudgePlan;
  readonly stage: StageTime;
  readonly evidence: Evidence;
  readonly riderOf: RiderOf;
  readonly salt: string;
  readonly baseWeight: number;
  /** Trips under way, by row. */
  readonly open: Map<number, { readonly arm: Arm; readonly riderId: string }>;
  /** Riders with the candidate's answer. */
  readonly finishedRiders: Set<string>;
  readonly routedRiders: Set<string>;
  requested: number;
  finished: number;
  saidBetter: boolean;
}

function createRun(month: Month, pair: Pair, { start, seed, weight }: ReplayOptions): Run {
  const first = month.events[start] as number;
  const startMs = (first < 0 ? month.endMs[~first] : month.requestMs[first]) as number;
  const plan = createPlan({ service: pair.service, ...versions, startMs });
  const evidence = createEvidence(plan);
  foldFact(evidence, plan, { kind: "weights", revision: 1, candidateWeight: weight });
  return {
    month,
    pair,
    plan,
    stage: { sinceMs: startMs, bakeMs: HOUR_MS, wallNowMs: 0, deadlineMs: 1 },
    evidence,
    riderOf: createRiders(seed),
    salt: `proof-${seed}`,
    baseWeight: TOTAL_WEIGHT - weight,
    open: new Map(),
    finishedRiders: new Set(),
    routedRiders: new Set(),
    requested: 0,
    finished: 0,
    saidBetter: false,
  };
}

function takeRequest(run: Run, row: number): void {
  const { evidence, plan, month, pair } = run;
  const tripId = String(row);
  const riderId = run.riderOf(tripId);
  // The base is blue, the candidate green.
  const arm: Arm = armOf(run.salt, riderId, run.baseWeight) === "blue" ? "base" : "candidate";
  const atMs = month.requestMs[row] as number;
  const hour = Math.floor(atMs / HOUR_MS) % 24;
  run.open.set(row, { arm, riderId });
  run.requested++;
  if (arm === "candidate") run.routedRiders.add(riderId);
  const request = { tripId, riderId, atMs, hour, revision: 1, assigned: arm } as const;
  foldFact(evidence, plan, { kind: "requested", ...request });
  foldFact(evidence, plan, scoredBy(pair, arm, row, { atMs, role: "live" }));
}

/** Whether it was a trip of this release. What the other version did not score it scores in hindsight. */
function takeEnd(run: Run, row: number): boolean {
  const { evidence, plan, month, pair } = run;
  const known = run.open.get(row);
  if (!known) return false; // requested before it
  run.open.delete(row);
  const other = known.arm === "base" ? "candidate" : "base";
  const atMs = month.endMs[row] as number;
  const truth = truthOf(pair, row);
  const requestMs = month.requestMs[row] as number;
  // At the same moment, and the fold does not mind: the truth last is one sum less.
  foldFact(evidence, plan, scoredBy(pair, other, row, { atMs: requestMs, role: "hindsight" }));
  foldFact(evidence, plan, { kind: "completed", tripId: String(row), atMs, truth });
  if (known.arm === "candidate") run.finishedRiders.add(known.riderId);
  run.finished++;
  return true;
}

function decide(run: Run): Decided | undefined {
  const { evidence, plan, stage, requested } = run;
  // Both versions answer every trip, one of them in hindsight.
  const requests = { candidate: requested, base: requested };
  foldFact(evidence, plan, {
    kind: "operated",
    source: "proof",
    revision: 1,
    ...NO_OPERATIONS,
    requests,
    timed: requests, // none of them late
  });
  const judgement = judge(evidence, plan, stage);
  const { verdict, gates } = judgement;
  const error = gates.find(({ gate }) => gate === plan.metrics[0]?.name)?.numbers;
  run.saidBetter ||= (error?.["n"] ?? 0) >= plan.leastForFail && (error?.["upper"] ?? 0) < 0;
  return verdict === Verdict.CONTINUE ? undefined : decided(run, verdict, decisiveGate(judgement));
}

function decideBySplit(run: Run): Decided | undefined {
  return isWorseBySplit(run) ? decided(run, Verdict.FAIL, "split") : undefined;
}

function decided(run: Run, verdict: Verdict, gate: string): Decided {
  const { finished: trips, finishedRiders, routedRiders } = run;
  const riders = { finishedRiders: finishedRiders.size, routedRiders: routedRiders.size };
  return { verdict, gate, trips, ...riders };
}

function decisiveGate({ gates, verdict }: Judgement): string {
  return verdict === Verdict.PASS
    ? ""
    : (gates.find((gate) => gate.verdict === verdict)?.gate ?? "");
}

function isWorseBySplit({ evidence, plan, stage }: Run): boolean {
  const sameAlpha = { ...plan, guardAlpha: plan.alpha };
  const look = takeLook(evidence, plan);
  const unharmed = { crashes: 0, noNumber: 0, parity: { candidate: 0, base: 0 } };
  return splitGate({ plan: sameAlpha, look, stage, ...unharmed }).verdict === Verdict.FAIL;
}

function truthOf({ truth, price }: Pair, row: number) {
  const [value, usd] = [truth[row], price?.[row]];
  return {
    ...(value !== undefined && !Number.isNaN(value) && { value }),
    ...(usd !== undefined && !Number.isNaN(usd) && { price: usd }),
  };
}

function scoredBy(
  pair: Pair,
  arm: Arm,
  row: number,
  when: { readonly atMs: number; readonly role: "live" | "hindsight" },
): Fact {
  const answers: Answers = pair[arm];
  const price = answers.price?.[row];
  const { digest, slot } = versions[arm];
  return {
    kind: "scored",
    tripId: String(row),
    seq: 1,
    ...when,
    digest,
    slot,
    value: answers.value[row] as number,
    lower: answers.lower[row] as number,
    upper: answers.upper[row] as number,
    intervalScale: 1,
    featureHash: "",
    ...(price !== undefined && { price }),
  };
}
