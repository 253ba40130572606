import { type Rollout, RolloutState } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Style } from "../../output/style.ts";
import { flow } from "./wrap.ts";

const ARROW = "  ›  ";

/** The stages in order: those that are behind have a tick, the present one stands in brackets. */
export function stageLines(
  { stages, currentStage, state }: Rollout,
  { columns, style }: { readonly columns: number; readonly style: Style },
): string[] {
  const steps = stages.map(({ name }, i) => {
    const stage = i + 1;
    const text = name || `stage ${stage}`;
    const isDone =
      stage < currentStage || (stage === currentStage && state === RolloutState.PROMOTED);
    if (isDone) return style.good(`✓ ${text}`);
    if (stage > currentStage) return style.dim(text);
    return state === RolloutState.ABORTED ? style.bad(`✗ ${text}`) : style.bold(`[${text}]`);
  });
  return flow(steps, ARROW, columns);
}
