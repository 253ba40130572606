import { type Rollout, RolloutState, Strategy } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { SlotTraffic, Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { type Slot, TOTAL_WEIGHT } from "#kit/traffic/traffic.ts";
import { isOver } from "./state.ts";

/** The slot that a candidate is not in. */
export function otherSlot(slot: Slot): Slot {
  return slot === "blue" ? "green" : "blue";
}

/**
 * How a rollout wants its service's traffic to be, from how it is: the same for the same log, however often
 * it is asked. Versions, scales and everything that is not the rollout's stay as they are.
 */
export function desiredTraffic(rollout: Rollout, now: Traffic): Traffic {
  const candidate = rollout.candidateSlot as Slot;
  const live = otherSlot(candidate);
  if (rollout.currentStage === 0) return now; // it never had any
  if (rollout.strategy === Strategy.ROLLING) return rollingTraffic(rollout, now, candidate);
  const { weight: asked, mirror } = share(rollout);
  // In an A/B by segment only riders of the segment are shared; the others stay where they are.
  const isSegmented = rollout.bySegment && !isOver(rollout);
  const weight = isSegmented ? 0 : asked;
  const segment = (of: number) =>
    isSegmented ? { segmentWeight: of } : { segmentWeight: undefined };
  // One that was aborted may have been taken out of its slot already: it is not put back.
  const isDeployed = rollout.currentStage > 0 && rollout.state !== RolloutState.ABORTED;
  const ofCandidate: SlotTraffic = {
    ...slotOf(now, candidate),
    version: isDeployed || asked > 0 ? rollout.candidateVersion : slotOf(now, candidate).version,
    weight,
    mirror,
    ...segment(asked),
  };
  const ofLive: SlotTraffic = {
    ...slotOf(now, live),
    version: slotOf(now, live).version,
    weight: TOTAL_WEIGHT - weight,
    mirror: 0,
    ...segment(TOTAL_WEIGHT - asked),
  };
  return { ...now, salt: rollout.salt, [candidate]: ofCandidate, [live]: ofLive };
}

/** In a rolling release the version of the slot changes when all its processes have. */
function rollingTraffic(rollout: Rollout, now: Traffic, slot: Slot): Traffic {
  const isNew = rollout.state === RolloutState.PROMOTED;
  const version = isNew ? rollout.candidateVersion : rollout.liveVersion;
  return { ...now, [slot]: { ...slotOf(now, slot), version } };
}

/** The candidate's share at this moment of the rollout. */
function share({ state, stages, currentStage }: Rollout): { weight: number; mirror: number } {
  if (state === RolloutState.PROMOTED) return { weight: TOTAL_WEIGHT, mirror: 0 };
  if (state === RolloutState.ABORTED) return { weight: 0, mirror: 0 };
  const { weight = 0, mirror = 0 } = stages[currentStage - 1] ?? {};
  return { weight, mirror };
}

export function slotOf(traffic: Traffic, slot: Slot): SlotTraffic {
  return (
    traffic[slot] ?? {
      version: "",
      weight: 0,
      mirror: 0,
      intervalScale: 1,
      segmentWeight: undefined,
    }
  );
}

/** Whether nobody is answered by a slot, and nothing is copied to it. */
export function isIdle({ weight, mirror, segmentWeight = 0 }: SlotTraffic): boolean {
  return weight === 0 && mirror === 0 && segmentWeight === 0;
}

/** Whether two states of a service's traffic are the same, revisions aside. */
export function sameTraffic(a: Traffic, b: Traffic): boolean {
  return (
    (["blue", "green"] as const).every((slot) => {
      const x = slotOf(a, slot);
      const y = slotOf(b, slot);
      return (
        x.version === y.version &&
        x.weight === y.weight &&
        x.mirror === y.mirror &&
        x.segmentWeight === y.segmentWeight &&
        x.intervalScale === y.intervalScale
      );
    }) && a.salt === b.salt
  );
}
