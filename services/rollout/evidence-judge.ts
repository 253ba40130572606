import { type Rollout, Strategy, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { toSeconds } from "#kit/rpc/amounts.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { ModelService, Slot } from "#kit/traffic/traffic.ts";
import { otherSlot, slotOf } from "./desired-traffic.ts";
import type { EvidenceFeed } from "./follow-evidence.ts";
import type { Fact } from "./judge/fact.ts";
import { takeLook } from "./judge/look.ts";
import { createPlan, type JudgePlan, metricsOf } from "./judge/plan.ts";
import { judge, type Peaks } from "./judge/verdict.ts";
import type { Judge, Look } from "./judge.ts";
import { stageStartedAt } from "./state.ts";

export interface EvidenceJudge extends Judge {
  /** Begins to read the evidence about a rollout; true when that was not begun before. */
  watch(rollout: Rollout, traffics: () => readonly Traffic[]): Promise<boolean>;
  /** Tells what the streams do not: weights, crashes, counts of requests. */
  tell(rolloutId: string, fact: Fact): void;
  forget(rolloutId: string): Promise<void>;
  stop(): Promise<void>;
}

export interface EvidenceJudgeDependencies {
  readonly follow: (
    rollout: Rollout,
    plan: JudgePlan,
    traffics: () => readonly Traffic[],
  ) => Promise<EvidenceFeed>;
  readonly log: Logger;
}

interface Watched {
  readonly plan: JudgePlan;
  readonly feed: Promise<EvidenceFeed>;
  ready?: EvidenceFeed;
  /** Facts that came while the streams were still being read. */
  readonly early: Fact[];
  peaks: Peaks;
  /** Event time at which each stage was first looked at. */
  readonly stageSinceMs: Map<number, number>;
}

/** The judge that knows what the streams know. */
export function createEvidenceJudge({ follow, log }: EvidenceJudgeDependencies): EvidenceJudge {
  const watched = new Map<string, Watched>();

  return {
    async watch(rollout, traffics) {
      if (watched.has(rollout.rolloutId)) return false;
      const plan = planOf(rollout);
      const one: Watched = {
        plan,
        feed: follow(rollout, plan, traffics),
        early: [],
        peaks: {},
        stageSinceMs: new Map(),
      };
      watched.set(rollout.rolloutId, one);
      try {
        one.ready = await one.feed;
        for (const fact of one.early.splice(0)) one.ready.take(fact);
      } catch (cause) {
        watched.delete(rollout.rolloutId); // the next turn begins again
        log.warn({ err: cause, rollout: rollout.rolloutId }, "the evidence cannot be read");
        return false;
      }
      return true;
    },
    tell(rolloutId, fact) {
      const one = watched.get(rolloutId);
      if (one?.ready) one.ready.take(fact);
      else one?.early.push(fact);
    },
    look(rollout, now) {
      const one = watched.get(rollout.rolloutId);
      if (!one?.ready) return notYet();
      const { evidence } = one.ready;
      const stage = rollout.stages[rollout.currentStage - 1];
      const { nowMs } = takeLook(evidence, one.plan);
      // Until the first request was seen there is no event time: the stage begins with it.
      const isKnown = Number.isFinite(nowMs);
      const sinceMs = one.stageSinceMs.get(rollout.currentStage) ?? (isKnown ? nowMs : 0);
      if (isKnown) one.stageSinceMs.set(rollout.currentStage, sinceMs);
      const startedAtMs = stageStartedAt(rollout)?.getTime() ?? now.getTime();
      const judgement = judge(
        evidence,
        one.plan,
        {
          sinceMs,
          bakeMs: toSeconds(stage?.bake) * 1000 || 0,
          wallNowMs: now.getTime(),
          deadlineMs: startedAtMs + toSeconds(stage?.deadline) * 1000,
        },
        one.peaks,
      );
      one.peaks = judgement.peaks;
      const gates = judgement.gates.map(({ gate, verdict, because, numbers }) => ({
        gate,
        verdict,
        because,
        numbers: { ...numbers },
      }));
      return { verdict: judgement.verdict, because: judgement.because, gates };
    },
    async forget(rolloutId) {
      const one = watched.get(rolloutId);
      watched.delete(rolloutId);
      await (await one?.feed.catch(() => undefined))?.stop();
    },
    async stop() {
      await Promise.all([...watched.keys()].map((rolloutId) => this.forget(rolloutId)));
    },
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
