import type { ModelService } from "#kit/traffic/traffic.ts";
import type { Rides } from "./rides.ts";

/** What a service predicts, and when an error of it is small. */
export interface Target {
  readonly unit: "min" | "USD";
  /** NaN where the records do not tell. */
  readonly truth: (rides: Rides) => Float64Array;
  /** An error up to this is "near", in the unit. */
  readonly tolerance: number;
  /** Shares of the route at which the service is asked: 0 is before the ride. */
  readonly shares: readonly number[];
}

export const targets: Readonly<Record<ModelService, Target>> = {
  duration: { unit: "min", truth: (rides) => rides.minutes, tolerance: 2, shares: [0] },
  "dynamic-duration": {
    unit: "min",
    truth: (rides) => rides.minutes,
    tolerance: 2,
    shares: [0, 0.25, 0.5, 0.75],
  },
  tip: { unit: "USD", truth: (rides) => rides.tipUsd, tolerance: 1, shares: [0, 0.5] },
  cost: { unit: "USD", truth: (rides) => rides.costUsd, tolerance: 2, shares: [0, 0.5] },
};

/** The price, which duration answers beside its own target. */
export const priceTarget: Target = targets.cost;
