import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { InstanceExit } from "#kit/instances/instances.ts";

/** Tells deaths of a candidate that are its own fault from those that came from outside. */
export interface Deaths {
  /** Takes a death of the candidate's process; whether it is the candidate's fault. */
  isFault(rollout: Rollout, exit: Pick<InstanceExit, "signal">): boolean;
  /** Whether what fails now may come of a death from outside, at most `withinMs` ago. Default 5000. */
  isExcused(rolloutId: string, withinMs?: number): boolean;
}

/** Sent by others, as a rule; a model that crashes ends by itself, or by SIGSEGV, SIGABRT and the like. */
const fromOutside = ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"];
/** So many in one stage are no accident any more: who needs too much memory is killed with SIGKILL as well. */
const MOST_IN_A_STAGE = 3;
/** A process is back within a second or two, and Envoy's health check a second later. */
const EXCUSED_MS = 5_000;
const MOST_REMEMBERED = 1_000;

/** `now`: milliseconds that only grow. */
export function createDeaths(now: () => number = () => performance.now()): Deaths {
  const counts = new Map<string, number>();
  const killedAt = new Map<string, number>();
  return {
    isFault({ rolloutId, currentStage }, { signal }) {
      if (signal === undefined || !fromOutside.includes(signal)) return true;
      const stage = `${rolloutId}:${currentStage}`;
      const count = (counts.get(stage) ?? 0) + 1;
      if (counts.size >= MOST_REMEMBERED) counts.clear();
      counts.set(stage, count);
      if (count >= MOST_IN_A_STAGE) return true;
      killedAt.set(rolloutId, now());
      return false;
    },
    isExcused: (rolloutId, withinMs = EXCUSED_MS) =>
      now() - (killedAt.get(rolloutId) ?? Number.NEGATIVE_INFINITY) < withinMs,
  };
}
