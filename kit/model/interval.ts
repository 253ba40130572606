import type { Card } from "./bundle.ts";

/** A value and the interval around it, in the unit of the model's outputs. */
export interface Interval {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
}

/** What the bounds may not leave: the card's ranges of the two outputs. */
export interface Limits {
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
}

/** The ranges of a card's second and third output, which are the bounds in every service. */
export function intervalLimits({ outputs }: Card): Limits {
  return { minimum: outputs[1]?.minimum, maximum: outputs[2]?.maximum };
}

/**
 * Widens (scale above 1) or narrows the interval around its value: `value ± scale × half-width` on each side.
 *
 * Applied after the graph, so that the file stays the same while the world drifts. Scale 1 changes no bit.
 */
export function scaleInterval(interval: Interval, scale: number, limits: Limits = {}): Interval {
  if (scale === 1) return interval;
  const { value, lower, upper } = interval;
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = limits;
  return {
    value,
    lower: Math.fround(Math.max(value - scale * (value - lower), minimum)),
    upper: Math.fround(Math.min(value + scale * (upper - value), maximum)),
  };
}
