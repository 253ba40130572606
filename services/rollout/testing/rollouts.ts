import {
  Decision,
  Rollout,
  RolloutState,
  type Stage,
  Strategy,
} from "#gen/tripmesh/rollout/v1/rollout.ts";
import { fromSeconds } from "#kit/rpc/amounts.ts";
import { defaultRequirements } from "../presets.ts";

/** Server's clock in the tests. */
export const BEGAN = new Date("2026-01-01T00:00:00Z");

export function later(seconds: number): Date {
  return new Date(BEGAN.getTime() + seconds * 1000);
}

export function stage(weight: number, mirror = 0): Stage {
  return {
    name: `${weight / 100} %`,
    weight,
    mirror,
    bake: fromSeconds(0),
    deadline: fromSeconds(3600),
  };
}

export function decision(
  what: string,
  state: RolloutState,
  stageNumber: number,
  seconds = 0,
): Decision {
  return Decision.fromPartial({
    time: later(seconds),
    who: "test",
    what,
    why: "because",
    state,
    stage: stageNumber,
  });
}

/** A rollout of duration from v1 in blue to v2 in green, in a canary of three stages, just started. */
export function rolloutOf(change: Partial<Rollout> = {}): Rollout {
  return {
    ...Rollout.create(),
    rolloutId: "duration-v2-1",
    service: "duration",
    candidateVersion: "v2",
    candidateSlot: "green",
    liveVersion: "v1",
    strategy: Strategy.CANARY,
    stages: [stage(500), stage(2_500), stage(10_000)],
    requirements: defaultRequirements("duration"),
    salt: "duration-v2-1",
    state: RolloutState.RUNNING,
    candidateDigest: "c".repeat(64),
    liveDigest: "b".repeat(64),
    createTime: BEGAN,
    decisions: [decision("start", RolloutState.RUNNING, 0)],
    ...change,
  };
}
