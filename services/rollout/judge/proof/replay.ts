import { Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { armOf } from "#kit/traffic/arm.ts";
import { TOTAL_WEIGHT } from "#kit/traffic/traffic.ts";
import { createRiders } from "../../../../simulator/riders.ts";
import { createEvidence, type Evidence, foldFact } from "../evidence.ts";
import type { Arm, Fact, VersionInSlot } from "../fact.ts";
import type { StageTime } from "../gates/gate.ts";
import { splitGate } from "../gates/split-gate.ts";
import { takeLook } from "../look.ts";
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
}

const versions: Readonly<Record<Arm, VersionInSlot>> = {
  base: { version: "base", digest: "base", slot: "blue" },
  candidate: { version: "candidate", digest: "candidate", slot: "green" },
};

/** Replays a release from one moment of the month through the judge's own fold and verdict. */
export function replay(month: Month, pair: Pair, options: ReplayOptions): Outcome {
  const first = month.events[options.start] as number;
  const startMs = (first < 0 ? month.endMs[~first] : month.requestMs[first]) as number;
  const plan = createPlan({ service: pair.service, ...versions, startMs });
  const run = createRun(month, pair, { ...options, plan, startMs });
  let decided: Decided | undefined;
  let split: Decided | undefined;
  for (let at = options.start; at < month.events.length; at++) {
    if (!run.take(month.events[at] as number)) continue;
    const trips = run.finished();
    if (trips % options.lookEvery === 0 && !decided && trips <= options.mostTrips) {
      decided = run.judge();
    }
    // What only the comparison needs is looked at less often, to save time.
    if (trips % (4 * options.lookEvery) === 0 && !split) split = run.split();
    const isJudged = decided !== undefined || trips >= options.mostTrips;
    if (isJudged && (split !== undefined || trips >= options.mostSplitTrips)) break;
  }
  return { judge: decided, split };
}

type RunOptions = ReplayOptions & { readonly plan: JudgePlan; readonly startMs: number };

function createRun(month: Month, pair: Pair, options: RunOptions) {
  const { plan, startMs, seed, weight } = options;
  const evidence = createEvidence(plan);
  const riderOf = createRiders(seed);
  const arms = new Map<number, { readonly arm: Arm; readonly riderId: string }>();
  const requests = { candidate: 0, base: 0 };
  const riders = { finished: new Set<string>(), routed: new Set<string>() };
  let finished = 0;
  const stage: StageTime = { sinceMs: startMs, bakeMs: 3_600_000, wallNowMs: 0, deadlineMs: 1 };
  const fold = (fact: Fact) => foldFact(evidence, plan, fact);
  fold({ kind: "weights", revision: 1, candidateWeight: weight });

  function request(row: number): void {
    const tripId = String(row);
    const riderId = riderOf(tripId);
    const isBlue = armOf(`proof-${seed}`, riderId, TOTAL_WEIGHT - weight) === "blue";
    const arm: Arm = isBlue ? "base" : "candidate";
    const atMs = month.requestMs[row] as number;
    const hour = Math.floor(atMs / 3_600_000) % 24;
    arms.set(row, { arm, riderId });
    requests.candidate++; // both answer every trip, one of them in hindsight
    requests.base++;
    if (arm === "candidate") riders.routed.add(riderId);
    fold({ kind: "requested", tripId, riderId, atMs, hour, revision: 1, assigned: arm });
    fold(scoredBy(pair, arm, row, { atMs, role: "live" }));
  }

  function finish(row: number): boolean {
    const known = arms.get(row);
    if (!known) return false; // requested before the release
    arms.delete(row);
    const other = known.arm === "base" ? "candidate" : "base";
    const atMs = month.requestMs[row] as number;
    fold({
      kind: "completed",
      tripId: String(row),
      atMs: month.endMs[row] as number,
      truth: truthOf(pair, row),
    });
    fold(scoredBy(pair, other, row, { atMs, role: "hindsight" }));
    if (known.arm === "candidate") riders.finished.add(known.riderId);
    finished++;
    return true;
  }

  const decide = (verdict: Verdict, gate: string): Decided => ({
    verdict,
    gate,
    trips: finished,
    finishedRiders: riders.finished.size,
    routedRiders: riders.routed.size,
  });

  return {
    finished: () => finished,
    /** Takes one event in; whether a trip of the release has finished. */
    take(event: number): boolean {
      if (event < 0) return finish(~event);
      request(event);
      return false;
    },
    judge(): Decided | undefined {
      const none = { candidate: 0, base: 0 };
      fold({
        kind: "operated",
        source: "proof",
        revision: 1,
        requests: { ...requests },
        errors: none,
        slow: none,
      });
      const judgement = judge(evidence, plan, stage);
      const { verdict } = judgement;
      return verdict === Verdict.CONTINUE ? undefined : decide(verdict, decisiveGate(judgement));
    },
    split: () =>
      isWorseBySplit(evidence, plan, stage) ? decide(Verdict.FAIL, "split") : undefined,
  };
}

function decisiveGate({ gates, verdict }: Judgement): string {
  return verdict === Verdict.PASS
    ? ""
    : (gates.find((gate) => gate.verdict === verdict)?.gate ?? "");
}

function isWorseBySplit(evidence: Evidence, plan: JudgePlan, stage: StageTime): boolean {
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
