import { Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Evidence } from "./evidence.ts";
import { answersGate } from "./gates/answers-gate.ts";
import { capsGate } from "./gates/caps-gate.ts";
import { errorsGate } from "./gates/errors-gate.ts";
import { eventsGate } from "./gates/events-gate.ts";
import type { Case, Gate, StageTime } from "./gates/gate.ts";
import { latencyGate } from "./gates/latency-gate.ts";
import { metricGate } from "./gates/metric-gate.ts";
import { ratioGate } from "./gates/ratio-gate.ts";
import { splitGate } from "./gates/split-gate.ts";
import { bakeGate, hoursGate } from "./gates/time-gates.ts";
import { takeLook } from "./look.ts";
import type { JudgePlan } from "./plan.ts";
import { pValue, raisePeak } from "./statistics/peak.ts";

/** The most evidence of harm that each gate ever had, log; kept with each look. */
export type Peaks = Readonly<Record<string, number>>;

/** What the evidence says at one look. */
export interface Judgement {
  readonly verdict: Verdict;
  /** The sentence that explains it. */
  readonly because: string;
  readonly gates: readonly Gate[];
  /** Event time of the look, as the judge believes it; −∞ before it has seen enough. */
  readonly eventMs: number;
  /** Finished pairs so far. */
  readonly pairs: number;
  /** To be handed to the next look. */
  readonly peaks: Peaks;
  /** Always-valid p-values of harm, by gate; they never rise. */
  readonly p: Readonly<Record<string, number>>;
}

/**
 * Judges the evidence at one look, however often it is asked.
 *
 * FAIL when any gate fails, on everything known so far. HOLD when a gate says that nothing sound can be
 * compared, or the deadline has passed without an answer. PASS when every required gate passes. Else CONTINUE:
 * silence, missing truths and missing answers never pass.
 */
export function judge(
  evidence: Evidence,
  plan: JudgePlan,
  stage: StageTime,
  before: Peaks = {},
): Judgement {
  const looked = caseOf(evidence, plan, stage);
  const gates = gatesOf(looked);
  const peaks = { ...before };
  for (const { gate, logE } of gates) {
    if (logE !== undefined) peaks[gate] = raisePeak(peaks[gate] ?? 0, logE);
  }
  const p = Object.fromEntries(Object.entries(peaks).map(([gate, peak]) => [gate, pValue(peak)]));
  const { nowMs: eventMs, total } = looked.look;
  return { ...conclude(gates, stage), gates, eventMs, pairs: total.all.paired, peaks, p };
}

function caseOf(evidence: Evidence, plan: JudgePlan, stage: StageTime): Case {
  const { crashes, irregularities } = evidence;
  return {
    plan,
    stage,
    look: takeLook(evidence, plan),
    crashes: crashes.size,
    noNumber: irregularities.noNumber.candidate,
    parity: irregularities.parity,
  };
}

function gatesOf(of: Case): Gate[] {
  const ratio = ratioGate(of);
  const hasRequests = of.plan.service === "duration"; // consumers answer events, nobody waits for them
  return [
    capsGate(of),
    ...of.plan.metrics.map((_, index) => metricGate(of, index)),
    ...(hasRequests ? [errorsGate(of), latencyGate(of)] : [eventsGate(of)]),
    splitGate(of),
    ...(ratio ? [ratio] : []),
    answersGate(of),
    hoursGate(of),
    bakeGate(of),
  ];
}

function conclude(
  gates: readonly Gate[],
  { wallNowMs, deadlineMs }: StageTime,
): Pick<Judgement, "verdict" | "because"> {
  for (const verdict of [Verdict.FAIL, Verdict.HOLD]) {
    const decisive = gates.find((gate) => gate.verdict === verdict);
    if (decisive) return { verdict, because: decisive.because };
  }
  const missing = gates.filter((gate) => gate.isRequired && gate.verdict !== Verdict.PASS);
  if (missing.length === 0) {
    return { verdict: Verdict.PASS, because: "Every gate that is required is satisfied." };
  }
  const names = missing.map(({ gate }) => gate).join(", ");
  const first = missing[0]?.because ?? "";
  if (wallNowMs >= deadlineMs) {
    const because = `The deadline has passed and these gates are not satisfied: ${names}. ${first}`;
    return { verdict: Verdict.HOLD, because };
  }
  return { verdict: Verdict.CONTINUE, because: `Waiting for: ${names}. ${first}` };
}
