import type { Decision, GateResult, Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { ReleaseLog } from "./release-log.ts";
import type { TrafficControl } from "./traffic-control.ts";

/** Who decided, when nobody did. */
export const JUDGE = "judge";

/** What is decided, and the state and stage that it leads to. */
export interface Decided {
  readonly what: "advance" | "promote" | "abort" | "hold";
  readonly state: Rollout["state"];
  readonly stage: number;
  readonly why: string;
  readonly gates?: readonly GateResult[];
}

/** Decides about a rollout as it was looked at; somebody's word that came meanwhile stands. */
export type Decide = (rollout: Rollout, decided: Decided) => Promise<void>;

export interface DecideDependencies {
  readonly releases: ReleaseLog;
  readonly traffic: Pick<TrafficControl, "apply">;
  readonly now: () => Date;
  readonly log: Logger;
}

export function createDecide({ releases, traffic, now, log }: DecideDependencies): Decide {
  return async (rollout, { what, state, stage, why, gates = [] }) => {
    const { rolloutId } = rollout;
    const after = await releases.append(rolloutId, (current) => {
      if (!current || !isAsBefore(current, rollout)) return undefined;
      const evidence = [...gates];
      const value: Decision = { time: now(), who: JUDGE, what, why, evidence, state, stage };
      log.info({ rollout: rolloutId, what, stage, why }, "decided");
      return { $case: "decision", value };
    });
    // What protects riders does not wait for the next turn.
    if (after) await traffic.apply(after);
  };
}

function isAsBefore(now: Rollout, before: Rollout): boolean {
  return now.state === before.state && now.currentStage === before.currentStage;
}
