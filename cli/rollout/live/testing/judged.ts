// A rollout as the judge itself sees it on made-up trips, look by look.
import { type Rollout, Strategy } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { fromSeconds } from "#kit/rpc/amounts.ts";
import { split } from "#kit/traffic/testing/split.ts";
import { createEvidence, foldFact } from "../../../../services/rollout/judge/evidence.ts";
import { forecast } from "../../../../services/rollout/judge/forecast.ts";
import { noteSample, paceOf, type Sample } from "../../../../services/rollout/judge/pace.ts";
import {
  inTime,
  madeUpTrips,
  planFor,
  START_MS,
} from "../../../../services/rollout/judge/testing/facts.ts";
import { judge } from "../../../../services/rollout/judge/verdict.ts";
import { decision, rolloutOf, stage } from "../../../../services/rollout/testing/rollouts.ts";
import { addLook, type IntervalLook } from "../history.ts";
import type { Watched } from "../view.ts";

/** In the first of three stages, after so many trips; a trip a minute, at 600 times. */
export function judged({ trips = 300, harm = 0.01 } = {}): Watched {
  const plan = planFor({ service: "duration" });
  const evidence = createEvidence(plan);
  const samples: Sample[] = [];
  let rollout = inFirstStage();
  let history: IntervalLook[] = [];
  foldFact(evidence, plan, { kind: "weights", revision: 1, candidateWeight: 100 });
  const facts = inTime(madeUpTrips(trips, { harm }));
  for (const [i, fact] of facts.entries()) {
    foldFact(evidence, plan, fact.kind === "requested" ? { ...fact, revision: 1 } : fact);
    if (i % 40 > 0 && i < facts.length - 1) continue;
    const times = { sinceMs: START_MS, bakeMs: 60_000, wallNowMs: 0, deadlineMs: 3_600_000 };
    const { verdict, gates, eventMs, pairs } = judge(evidence, plan, times);
    noteSample(samples, { wallMs: (eventMs - START_MS) / 600, eventMs, pairs });
    const { maturityMs } = plan;
    const foreseen = forecast({
      gates,
      pace: paceOf(samples),
      maturityMs,
      deadlineInMs: 3_600_000,
    });
    const { waitMs, ...rest } = foreseen;
    const wait = waitMs === undefined ? undefined : fromSeconds(waitMs / 1000);
    const shown = gates.map((gate) => ({ ...gate, numbers: { ...gate.numbers } }));
    const lookTime = new Date("2026-11-25T14:01:08Z");
    rollout = { ...rollout, verdict, gates: shown, lookTime, forecast: { ...rest, wait } };
    history = addLook(history, rollout);
  }
  return { rollout, history, traffic: split({ duration: { blue: 9_900 } })[0] };
}

export function inFirstStage(): Rollout {
  return rolloutOf({
    rolloutId: "duration-v2-65f5e4bb",
    strategy: Strategy.CANARY,
    stages: [stage(100), stage(2_500), stage(10_000)],
    currentStage: 1,
    decisions: [decision("start", 1, 0), decision("advance", 1, 1, 10)],
  });
}
