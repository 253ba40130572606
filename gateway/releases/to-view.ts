import {
  type Decision,
  type GateResult,
  type Rollout,
  RolloutState,
  Strategy,
} from "#gen/tripmesh/rollout/v1/rollout.ts";
import { type StateName, stateName, strategyText, verdictName } from "#kit/releases/words.ts";
import { toSeconds } from "#kit/rpc/amounts.ts";
import type { Slot } from "#kit/traffic/traffic.ts";
import type { CurvePoint } from "./curve.ts";
import type { DecisionView, GateView, PastRollout, RolloutView } from "./view.ts";

/** The gate whose numbers are the curve. */
const CURVE_GATE = "realised error";

export function isOver({ state }: Pick<Rollout, "state">): boolean {
  return state === RolloutState.PROMOTED || state === RolloutState.ABORTED;
}

/** Whether another rollout of the service has to wait for it. */
export function isOpen(rollout: Rollout): boolean {
  return !(isOver(rollout) && rollout.cleanedUp);
}

export function rolloutView(rollout: Rollout): RolloutView {
  const { service, liveVersion, candidateVersion, stages, requirements } = rollout;
  const candidateSlot = rollout.candidateSlot as Slot;
  const isRolling = rollout.strategy === Strategy.ROLLING; // the processes of one slot are replaced
  const otherSlot = candidateSlot === "blue" ? "green" : "blue";
  return {
    id: rollout.rolloutId,
    service,
    liveVersion,
    liveSlot: isRolling ? candidateSlot : otherSlot,
    candidateVersion,
    candidateSlot,
    strategy: strategyText(rollout),
    stages: stages.map(({ name, weight, mirror, bake, deadline }) => ({
      name,
      weight,
      mirror,
      bakeMs: bake ? 1000 * toSeconds(bake) : 0,
      deadlineMs: deadline ? 1000 * toSeconds(deadline) : 0,
    })),
    stage: rollout.currentStage,
    state: stateOf(rollout.state),
    verdict: verdictName(rollout.verdict) ?? "none",
    gates: rollout.gates.map(gateView),
    decisions: rollout.decisions.map(decisionView),
    requirements: {
      margin: requirements?.margin ?? 0,
      alpha: requirements?.alpha ?? 0,
      minTripsToFail: requirements?.minTripsToFail ?? 0,
      minTripsToPass: requirements?.minTripsToPass ?? 0,
      minHoursOfDay: requirements?.minHoursOfDay ?? 0,
    },
    forecast: rollout.forecast?.because ?? "",
    startedAt: msOf(rollout.createTime),
    endedAt: isOver(rollout) ? msOf(endOf(rollout)?.time ?? rollout.updateTime) : null,
    cleanedUp: rollout.cleanedUp,
  };
}

export function pastRollout(rollout: Rollout): PastRollout {
  const end = endOf(rollout);
  return {
    id: rollout.rolloutId,
    service: rollout.service,
    liveVersion: rollout.liveVersion,
    candidateVersion: rollout.candidateVersion,
    strategy: strategyText(rollout),
    state: stateOf(rollout.state),
    startedAt: msOf(rollout.createTime),
    endedAt: msOf(end?.time ?? rollout.updateTime),
    who: end?.who ?? "",
    why: end?.why ?? "",
  };
}

/** The decision that ended it. */
function endOf({ decisions }: Rollout): Decision | undefined {
  return decisions.find((decision) => isOver(decision));
}

/** The point that the gates of one look are; undefined before the first pair. */
export function pointOf(gates: readonly GateResult[], at: Date): CurvePoint | undefined {
  const numbers = gates.find(({ gate }) => gate === CURVE_GATE)?.numbers;
  const n = numbers?.["n"] ?? 0;
  if (!numbers || n < 1) return undefined;
  return {
    at: Math.round(at.getTime() / 1000),
    n,
    estimate: finite(numbers["relative"]) ?? 0,
    lower: finite(numbers["relativeLower"]),
    upper: finite(numbers["relativeUpper"]),
    margin: finite(numbers["margin"]) ?? 0,
  };
}

/** The points that the decisions rest on: what is left of a curve that nobody has watched. */
export function pointsOfDecisions({ decisions }: Rollout): CurvePoint[] {
  return decisions.flatMap(({ evidence, time }) => {
    const point = pointOf(evidence, time ?? new Date(0));
    return point ? [point] : [];
  });
}

function gateView({ gate, verdict, because, numbers }: GateResult): GateView {
  const known = Object.entries(numbers).map(([name, value]) => [name, finite(value)]);
  return {
    gate,
    verdict: verdictName(verdict) ?? "none",
    because,
    numbers: Object.fromEntries(known),
  };
}

function decisionView({ time, who, what, why, stage, state }: Decision): DecisionView {
  return { at: msOf(time), who, what, why, stage, state: stateOf(state) };
}

/** One that is not known here goes on by nobody's doing. */
function stateOf(state: RolloutState): StateName {
  return stateName(state) ?? "held";
}

function msOf(time: Date | undefined): number {
  return time?.getTime() ?? 0;
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
