import {
  type Forecast,
  type Rollout,
  RolloutState,
  Strategy,
  Verdict,
} from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { fromSeconds, toSeconds } from "#kit/rpc/amounts.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { ModelService, Slot } from "#kit/traffic/traffic.ts";
import { otherSlot, slotOf } from "./desired-traffic.ts";
import type { EvidenceFeed, FollowOptions } from "./follow-evidence.ts";
import { timeOf } from "./judge/clock.ts";
import type { Fact } from "./judge/fact.ts";
import { forecast } from "./judge/forecast.ts";
import type { Gate, StageTime } from "./judge/gates/gate.ts";
import { noteSample, paceOf, type Sample } from "./judge/pace.ts";
import { createPlan, type JudgePlan, metricsOf } from "./judge/plan.ts";
import { judge, type Peaks } from "./judge/verdict.ts";
import type { Judge, Look } from "./judge.ts";
import { deadlineCountsFrom, stageStartedAt } from "./state.ts";

/** What is known of a rollout beside the streams of trips and predictions, as it is at each moment. */
export interface RolloutNow {
  readonly rollout: () => Rollout;
  /** Its service's traffic since it began, oldest first. */
  readonly traffics: () => readonly Traffic[];
}

export interface EvidenceJudge extends Judge {
  /** Begins to read the evidence about a rollout, unless that was begun before. */
  watch(now: RolloutNow): void;
  /** Tells what the streams do not: weights, crashes, counts of requests. */
  tell(rolloutId: string, fact: Fact): void;
  forget(rolloutId: string): Promise<void>;
  stop(): Promise<void>;
}

export interface EvidenceJudgeDependencies {
  readonly follow: (
    rollout: Rollout,
    plan: JudgePlan,
    hooks: Pick<FollowOptions, "traffics" | "onStored">,
  ) => EvidenceFeed;
  readonly log: Logger;
}

interface Watched {
  readonly plan: JudgePlan;
  readonly feed: EvidenceFeed;
  /** Whether what was there at the beginning has been read: a part of it would be another look than before. */
  isRead: boolean;
  peaks: Peaks;
  /** For the pace at which the evidence grows. */
  readonly samples: Sample[];
  /** Event time at which each stage began. */
  readonly stageSinceMs: Map<number, number>;
}

/** The judge that knows what the streams know. */
export function createEvidenceJudge({ follow, log }: EvidenceJudgeDependencies): EvidenceJudge {
  const watched = new Map<string, Watched>();

  async function forget(rolloutId: string): Promise<void> {
    const one = watched.get(rolloutId);
    watched.delete(rolloutId);
    await one?.feed.stop();
  }

  return {
    watch({ rollout, traffics }) {
      const { rolloutId } = rollout();
      if (watched.has(rolloutId)) return;
      const plan = planOf(rollout());
      const stageSinceMs = new Map<number, number>();
      // By the server's clock and in the order of the stream, so that reading it again tells the same.
      const onStored = (at: Date) => {
        const { currentStage } = rollout();
        const startedAt = stageStartedAt(rollout()) ?? at;
        const nowMs = timeOf(feed.evidence.latest);
        if (stageSinceMs.has(currentStage) || at < startedAt || !Number.isFinite(nowMs)) return;
        stageSinceMs.set(currentStage, nowMs);
      };
      const feed = follow(rollout(), plan, { traffics, onStored });
      const one: Watched = { plan, feed, isRead: false, peaks: {}, samples: [], stageSinceMs };
      watched.set(rolloutId, one);
      // Before the requests that they shared.
      for (const traffic of traffics()) feed.take(weightFact(rollout(), traffic));
      feed.read.then(
        () => {
          one.isRead = true;
        },
        (cause: unknown) => {
          log.warn({ err: cause, rollout: rolloutId }, "the evidence cannot be read: again");
          if (watched.get(rolloutId) !== one) return;
          forget(rolloutId).catch((err: unknown) => log.error({ err }, "a reader does not stop"));
        },
      );
    },
    tell(rolloutId, fact) {
      watched.get(rolloutId)?.feed.take(fact);
    },
    look(rollout, now) {
      const one = watched.get(rollout.rolloutId);
      if (!one?.isRead) return notYet();
      const { evidence } = one.feed;
      const stage = stageTime(rollout, one, now);
      const judgement = judge(evidence, one.plan, stage, one.peaks);
      one.peaks = judgement.peaks;
      const { eventMs, pairs } = judgement;
      noteSample(one.samples, { wallMs: now.getTime(), eventMs, pairs });
      const gates = judgement.gates.map(({ gate, verdict, because, numbers }) => ({
        gate,
        verdict,
        because,
        numbers: knownOf(numbers),
      }));
      const { verdict, because } = judgement;
      const look: Look = { verdict, because, gates };
      if (rollout.strategy === Strategy.ROLLING) return look;
      return { ...look, forecast: foresee(rollout, one, { gates: judgement.gates, stage }) };
    },
    forget,
    async stop() {
      await Promise.all([...watched.keys()].map(forget));
    },
  };
}

/** An end of an interval is infinite as long as nothing is known, which JSON cannot say. */
function knownOf(numbers: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(numbers).filter(([, value]) => Number.isFinite(value)));
}

function foresee(
  { state }: Rollout,
  { samples, plan }: Watched,
  { gates, stage }: { readonly gates: readonly Gate[]; readonly stage: StageTime },
): Forecast {
  const { verdict, waitMs, gate, because } = forecast({
    gates,
    pace: paceOf(samples),
    maturityMs: plan.maturityMs,
    deadlineInMs:
      state === RolloutState.RUNNING ? Math.max(0, stage.deadlineMs - stage.wallNowMs) : undefined,
  });
  const wait = waitMs === undefined ? undefined : fromSeconds(waitMs / 1000);
  return { verdict, wait, gate, because };
}

function stageTime(rollout: Rollout, { feed, stageSinceMs }: Watched, now: Date): StageTime {
  const stage = rollout.stages[rollout.currentStage - 1];
  const fromMs = deadlineCountsFrom(rollout)?.getTime() ?? now.getTime();
  return {
    // A stage in which nothing was stored yet begins now.
    sinceMs: stageSinceMs.get(rollout.currentStage) ?? timeOf(feed.evidence.latest),
    bakeMs: stage?.bake ? toSeconds(stage.bake) * 1000 : 0,
    wallNowMs: now.getTime(),
    deadlineMs: fromMs + toSeconds(stage?.deadline) * 1000,
  };
}

function notYet(): Look {
  const because = "The evidence is still being read from the streams.";
  return { verdict: Verdict.CONTINUE, because, gates: [] };
}

/** The frozen plan of a rollout, as the judge has it. */
export function planOf(rollout: Rollout): JudgePlan {
  const { requirements: r, strategy, bySegment } = rollout;
  const service = rollout.service as ModelService;
  const candidateSlot = rollout.candidateSlot as Slot;
  const [first, ...rest] = metricsOf(service);
  if (!r || !first) throw new Error(`${rollout.rolloutId} has no requirements`);
  const maturityMs = toSeconds(r.maturity) * 1000;
  return createPlan({
    service,
    candidate: {
      version: rollout.candidateVersion,
      digest: rollout.candidateDigest,
      slot: candidateSlot,
    },
    base: {
      version: rollout.liveVersion,
      digest: rollout.liveDigest,
      slot: strategy === Strategy.ROLLING ? candidateSlot : otherSlot(candidateSlot),
    },
    startMs: rollout.startEventTime?.getTime() ?? 0,
    metrics: [{ ...first, margin: r.margin, cap: r.lossCap }, ...rest],
    alpha: r.alpha,
    plannedTrips: r.plannedTrips,
    leastForFail: r.minTripsToFail,
    leastForPass: r.minTripsToPass,
    leastHours: r.minHoursOfDay,
    maturityMs,
    forgetAfterMs: 4 * maturityMs,
    mostErrors: r.maxErrorShare,
    assignment: bySegment ? "segment" : "riders",
  });
}

/** The candidate's weight, as the judge's strata want it. */
export function weightFact(rollout: Rollout, traffic: Traffic): Fact {
  return {
    kind: "weights",
    revision: Number(traffic.revision),
    candidateWeight: slotOf(traffic, rollout.candidateSlot as Slot).weight,
  };
}
