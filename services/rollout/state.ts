// A rollout as its log says it is. Pure: entries in, the rollout out; what is decided next is decided elsewhere.
import type { ReleaseEntry } from "#gen/tripmesh/rollout/v1/release_entry.ts";
import { type Decision, type Rollout, RolloutState } from "#gen/tripmesh/rollout/v1/rollout.ts";

/** The rollout after an entry of its log; undefined before it was started. */
export function applyEntry(rollout: Rollout | undefined, entry: ReleaseEntry): Rollout | undefined {
  const { body, time: updateTime } = entry;
  if (body?.$case === "started") return { ...body.value, createTime: updateTime, updateTime };
  if (!rollout || !body) return rollout;
  switch (body.$case) {
    case "decision":
      return {
        ...rollout,
        state: body.value.state,
        currentStage: body.value.stage,
        decisions: [...rollout.decisions, body.value],
        updateTime,
      };
    case "look":
      return { ...rollout, verdict: body.value.verdict, gates: body.value.gates, updateTime };
    case "cleanUp":
      return { ...rollout, cleanedUp: true, updateTime };
    case "push":
      return { ...rollout, updateTime };
  }
}

/** Whether the rollout has come to its end; its slot may still have to be emptied. */
export function isOver({ state }: Pick<Rollout, "state">): boolean {
  return state === RolloutState.PROMOTED || state === RolloutState.ABORTED;
}

/** Whether it takes its own decisions now. */
export function isRunning({ state }: Pick<Rollout, "state">): boolean {
  return state === RolloutState.RUNNING;
}

/** When the present stage began, by the decision that led to it. */
export function stageStartedAt(rollout: Rollout): Date | undefined {
  const entered = rollout.decisions.find(
    ({ stage, what }) => stage === rollout.currentStage && (what === "start" || what === "advance"),
  );
  return entered?.time ?? rollout.createTime;
}

/** What was decided last. */
export function lastDecision(rollout: Rollout): Decision | undefined {
  return rollout.decisions.at(-1);
}
