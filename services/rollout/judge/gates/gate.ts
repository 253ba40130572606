import { type GateResult, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Look } from "../look.ts";
import type { JudgePlan } from "../plan.ts";

/** Where the rollout is, beside the evidence. */
export interface StageTime {
  /** Event time at which the stage began. */
  readonly sinceMs: number;
  /** Shortest stay, event time: what is watched for is what happens to trips. */
  readonly bakeMs: number;
  /** Server's clock now, and when a person is asked. */
  readonly wallNowMs: number;
  readonly deadlineMs: number;
}

/** One gate's answer, with the numbers behind its sentence. */
export interface Gate extends GateResult {
  /** Whether it has to pass before anything does. The others can only fail. */
  readonly isRequired: boolean;
  readonly numbers: Readonly<Record<string, number>>;
  /** Log of the evidence for harm at this look, where the gate has such. */
  readonly logE?: number;
  /** Finished pairs to come until it fails, if the estimates stay as they are; absent when never. */
  readonly pairsToFail?: number;
  /** What has to come until it passes, if all goes on as it did; absent where that cannot be said. */
  readonly toPass?: Missing;
}

/** What has to come; each counts from now, all at the same time. */
export interface Missing {
  /** Finished pairs. */
  readonly pairs?: number;
  /** Finished pairs, which then have to mature; below 0 when so many more are there already. */
  readonly maturedPairs?: number;
  /** Event time, ms. */
  readonly eventMs?: number;
}

/** What a gate looks at. */
export interface Case {
  readonly plan: JudgePlan;
  readonly look: Look;
  readonly stage: StageTime;
  readonly crashes: number;
  readonly noNumber: number;
  readonly parity: { readonly candidate: number; readonly base: number };
}

type Rest = Partial<Omit<Gate, keyof GateResult>> & Partial<Pick<Gate, "numbers">>;

/** A gate's answer; required, unless it says otherwise. */
export function answer(gate: string, verdict: Verdict, because: string, rest: Rest = {}): Gate {
  return { gate, verdict, because, isRequired: true, numbers: {}, ...rest };
}

/** `1 trip`, `2,211 trips` */
export function countText(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? noun : plural}`;
}

/** `0.7 %` */
export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

export { Verdict };
