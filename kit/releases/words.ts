// What people read and type for the numbers of the contract, the same in every tool.
import { type Rollout, RolloutState, Strategy, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";

/** Strategies by their words. */
export const strategies = {
  canary: Strategy.CANARY,
  "blue-green": Strategy.BLUE_GREEN,
  shadow: Strategy.SHADOW,
  ab: Strategy.AB,
  rolling: Strategy.ROLLING,
} as const;
export type StrategyName = keyof typeof strategies;

const strategyNames = new Map<number, string>(
  Object.entries(strategies).map(([name, strategy]) => [strategy, name]),
);

/** The strategy of a rollout in words. */
export function strategyText({ strategy, bySegment }: Rollout): string {
  return `${strategyNames.get(strategy) ?? "own plan"}${bySegment ? " by segment" : ""}`;
}

const stateNames = {
  [RolloutState.RUNNING]: "running",
  [RolloutState.PAUSED]: "paused",
  [RolloutState.HELD]: "held",
  [RolloutState.PROMOTED]: "promoted",
  [RolloutState.ABORTED]: "aborted",
} as const;
export type StateName = (typeof stateNames)[keyof typeof stateNames];

/** The word of a state; undefined for one that this build does not know. */
export function stateName(state: RolloutState): StateName | undefined {
  return (stateNames as Partial<Record<RolloutState, StateName>>)[state];
}

const verdictNames = {
  [Verdict.PASS]: "PASS",
  [Verdict.FAIL]: "FAIL",
  [Verdict.CONTINUE]: "CONTINUE",
  [Verdict.HOLD]: "HOLD",
} as const;
export type VerdictName = (typeof verdictNames)[keyof typeof verdictNames];

/** The word of a verdict; undefined before the first look. */
export function verdictName(verdict: Verdict): VerdictName | undefined {
  return (verdictNames as Partial<Record<Verdict, VerdictName>>)[verdict];
}
