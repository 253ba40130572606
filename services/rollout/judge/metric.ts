import type { Scored, Truth } from "./fact.ts";

/** One way in which a prediction can be wrong, and how much worse the candidate may be. */
export interface Metric {
  /** For people, e.g. `realised error`. */
  readonly name: string;
  readonly unit: "min" | "USD" | "share";
  /** What is compared with the truth: the value, the price, or whether the interval holds it. */
  readonly of: "value" | "price" | "interval";
  /** Losses above count as this: a few absurd trips must not decide. In `unit`. */
  readonly cap: number;
  /** How much worse may pass: a share of the base's mean loss, or absolute in `unit`. */
  readonly margin: number;
  readonly marginIs: "relative" | "absolute";
  /** `any`: proof of any harm fails the candidate. `margin`: only proof of more than the margin. */
  readonly failsOn: "any" | "margin";
}

/**
 * Losses are whole numbers, steps of cap / 8192 (a quarter of a second of 30 minutes). Sums and squares of
 * whole numbers are exact up to a hundred million trips, in any order: evidence that is read again from the
 * streams after a crash has the same bits, and a trip can be taken out again without a trace.
 */
export const LOSS_STEPS = 8192;

/** Variance that rounding alone gives one difference of two losses, in steps². Uniform: 2 × 1/12. */
export const LEAST_VARIANCE = 1 / 6;

/** Loss in the metric's unit, from 0 to its cap; undefined where the truth or the answer has no such number. */
export function lossOf(
  { of, cap }: Metric,
  score: Pick<Scored, "value" | "lower" | "upper" | "price">,
  truth: Truth,
): number | undefined {
  if (of === "interval") {
    if (truth.value === undefined) return undefined;
    return truth.value >= score.lower && truth.value <= score.upper ? 0 : 1;
  }
  const [said, actual] = of === "price" ? [score.price, truth.price] : [score.value, truth.value];
  if (said === undefined || actual === undefined) return undefined;
  const error = Math.abs(said - actual);
  return error < cap ? error : cap; // no number at all costs the cap
}

export function toSteps(loss: number, { cap }: Metric): number {
  return Math.round((loss / cap) * LOSS_STEPS);
}

export function fromSteps(steps: number, { cap }: Metric): number {
  return (steps / LOSS_STEPS) * cap;
}
