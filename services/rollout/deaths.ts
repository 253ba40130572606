import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { InstanceExit } from "#kit/instances/instances.ts";

/** Tells deaths of a candidate that are its own fault from those that came from outside. */
export interface Deaths {
  /** Takes a death of the candidate's process; whether it is the candidate's fault. */
  isFault(rollout: Rollout, exit: Pick<InstanceExit, "signal">): boolean;
  /** Whether what fails now may come of a death from outside: until `afterwardsMs` after it is back. Default 5000. */
  isExcused(rollout: Rollout, afterwardsMs?: number): Promise<boolean>;
}

export interface DeathsOptions {
  /** Whether the candidate has a process that serves; false when nobody can tell. */
  readonly isBack: (rollout: Rollout) => Promise<boolean>;
  /** Milliseconds that only grow. */
  readonly now?: () => number;
}

interface Outage {
  readonly sinceMs: number;
  backAtMs: number | undefined;
}

/** Sent by others, as a rule; a model that crashes ends by itself, or by SIGSEGV, SIGABRT and the like. */
const fromOutside = ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"];
/** So many in one stage are no accident any more: who needs too much memory is killed with SIGKILL as well. */
const MOST_IN_A_STAGE = 3;
/** On a quiet machine a process is back within a second or two; who is not back after this does not come back. */
const LONGEST_OUTAGE_MS = 60_000;
/** Until Envoy's health check has seen that it is back, and the errors before that are counted. */
const AFTERWARDS_MS = 5_000;
const MOST_REMEMBERED = 1_000;

export function createDeaths({ isBack, now = () => performance.now() }: DeathsOptions): Deaths {
  const counts = new Map<string, number>();
  const outages = new Map<string, Outage>();
  return {
    isFault({ rolloutId, currentStage }, { signal }) {
      if (signal === undefined || !fromOutside.includes(signal)) return true;
      const stage = `${rolloutId}:${currentStage}`;
      const count = (counts.get(stage) ?? 0) + 1;
      if (counts.size >= MOST_REMEMBERED) counts.clear();
      counts.set(stage, count);
      if (count >= MOST_IN_A_STAGE) return true;
      if (outages.size >= MOST_REMEMBERED) outages.clear();
      outages.set(rolloutId, { sinceMs: now(), backAtMs: undefined });
      return false;
    },
    async isExcused(rollout, afterwardsMs = AFTERWARDS_MS) {
      const outage = outages.get(rollout.rolloutId);
      if (!outage) return false;
      if (outage.backAtMs === undefined) {
        if (now() >= outage.sinceMs + LONGEST_OUTAGE_MS) return false;
        if (await isBack(rollout)) outage.backAtMs = now();
        return true;
      }
      return now() < outage.backAtMs + afterwardsMs;
    },
  };
}
