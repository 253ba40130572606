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
    case "shift":
      return { ...rollout, updateTime };
  }
}

/** Whether the rollout has come to its end; its slot may still have to be emptied. */
export function isOver({ state }: Pick<Rollout, "state">): boolean {
  return state === RolloutState.PROMOTED || state === RolloutState.ABORTED;
}

/** When the present stage began, by the decision that led to it. */
export function stageStartedAt(rollout: Rollout): Date | undefined {
  return rollout.decisions[entryOf(rollout)]?.time ?? rollout.createTime;
}

/**
 * From when the present stage's deadline counts: from its beginning, without the time that it was paused, and anew
 * from when a person let a held one go on; else nothing would be left of it and it would be held again at once.
 */
export function deadlineCountsFrom(rollout: Rollout): Date | undefined {
  const { createTime, decisions } = rollout;
  const startedAt = stageStartedAt(rollout);
  if (!startedAt) return createTime;
  let fromMs = startedAt.getTime();
  let stopped: Decision | undefined;
  for (const decision of decisions.slice(entryOf(rollout) + 1)) {
    const atMs = decision.time?.getTime() ?? fromMs;
    if (decision.state !== RolloutState.RUNNING) stopped ??= decision;
    else if (stopped) {
      const wasPaused = stopped.state === RolloutState.PAUSED;
      fromMs = wasPaused ? fromMs + atMs - (stopped.time?.getTime() ?? atMs) : atMs;
      stopped = undefined;
    }
  }
  return new Date(fromMs);
}

/** Index of the decision that led to the present stage. */
function entryOf({ decisions, currentStage }: Rollout): number {
  return decisions.findIndex(
    ({ stage, what }) => stage === currentStage && (what === "start" || what === "advance"),
  );
}

/** When it came to its end. */
export function endedAt(rollout: Rollout): Date | undefined {
  return isOver(rollout) ? rollout.decisions.at(-1)?.time : undefined;
}
