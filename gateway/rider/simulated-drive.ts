import { type RiderApi, type Trip, toDuration, toMoney } from "./api.ts";

/** One thing that a driver reports. */
export interface DriveStep {
  readonly label: string;
  run(api: RiderApi): Promise<void>;
}

/** The truth of a simulated ride; made up from its trip, so that it is the same after a reload. */
export interface MadeUpTruth {
  readonly minutes: number;
  readonly costUsd: number;
  readonly tipUsd: number;
}

export function makeUpTruth({ tripId, estimate }: Trip, miles: number): MadeUpTruth {
  const luck =
    [...tripId].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 7) / 997;
  const minutes = estimate.lower + (estimate.upper - estimate.lower) * (0.2 + 0.7 * luck);
  const costUsd = 5.8 + 2.1 * miles + 0.25 * minutes; // about the city's tariff of 2021
  return { minutes, costUsd, tipUsd: Math.round(costUsd * 20) / 100 };
}

/** The ride's reports in order; nobody drives a ride that was made on this page. */
export function driveSteps(trip: Trip, miles: number): DriveStep[] {
  const truth = makeUpTruth(trip, miles);
  const progress = (label: string, shareDone: number): DriveStep => ({
    label,
    run: (api) =>
      api.drive(trip.tripId, "progress", {
        shareDone,
        elapsed: toDuration(truth.minutes * shareDone),
      }),
  });
  return [
    { label: "Start", run: (api) => api.drive(trip.tripId, "start", {}) },
    progress("A quarter", 0.25),
    progress("Half", 0.5),
    progress("Three quarters", 0.75),
    {
      label: "Arrive",
      run: (api) =>
        api.drive(trip.tripId, "complete", {
          actualDuration: toDuration(truth.minutes),
          cost: toMoney(truth.costUsd),
          tip: toMoney(truth.tipUsd),
          distanceMiles: miles,
        }),
    },
  ];
}
