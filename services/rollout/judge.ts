import type { Forecast, GateResult, Rollout, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";

/** What the evidence about a rollout says at a moment. */
export interface Look {
  readonly verdict: Verdict;
  /** The sentence that explains it. */
  readonly because: string;
  readonly gates: GateResult[];
  /** When a decision is likely; absent where nothing is foreseen. */
  readonly forecast?: Forecast;
}

/** Follows the evidence about every rollout that is not over. */
export interface Judge {
  look(rollout: Rollout, now: Date): Look;
}
