import type { Estimate } from "#gen/tripmesh/backend/v1/ride.ts";
import {
  type Trip,
  TripState,
  type TripUpdate,
  TripUpdateKind,
} from "#gen/tripmesh/backend/v1/trip.ts";
import { toNewYork } from "../client/new-york.ts";
import { durationText, minutesText, moneyText, usdText } from "./amounts.ts";
import { renderPairs } from "./table.ts";

const states: Readonly<Record<number, string>> = {
  [TripState.REQUESTED]: "requested",
  [TripState.STARTED]: "started",
  [TripState.COMPLETED]: "completed",
  [TripState.CANCELLED]: "cancelled",
};

/** An estimate as a rider would read it. */
export function estimateLines(estimate: Estimate): string[] {
  return renderPairs(estimatePairs(estimate));
}

/** A trip as it is now: what was promised, what is expected, what it came to. */
export function tripLines(trip: Trip): string[] {
  const { ride, estimate, truth } = trip;
  return renderPairs([
    ["trip", trip.tripId],
    ["rider", trip.riderId],
    ["state", states[trip.state] ?? "unknown"],
    ["ride", ride && `zone ${ride.pickupZone} to zone ${ride.dropoffZone}`],
    ["pickup", ride?.pickupTime && `${toNewYork(ride.pickupTime)} in New York`],
    ...(estimate ? estimatePairs(estimate) : []),
    ["duration now", durationText(trip.currentDuration)],
    ["cost now", moneyText(trip.cost)],
    ["tip now", moneyText(trip.tip)],
    ["truth", truth && truthText(truth)],
  ]);
}

/** What an update says, in words. */
export function updateCells(update: TripUpdate): string[] {
  const said = update.version === "" ? "" : `${update.version} ${update.slot}`.trim();
  return [`${update.seq}`, ...describeUpdate(update), said];
}

function describeUpdate({ kind, value, lower, upper }: TripUpdate): [string, string] {
  const range = (text: (amount: number) => string) =>
    `${text(value)} (${text(lower)} to ${text(upper)})`;
  if (kind === TripUpdateKind.DURATION) return ["duration", range(minutesText)];
  if (kind === TripUpdateKind.COST) return ["cost", range(usdText)];
  if (kind === TripUpdateKind.TIP) return ["tip", range(usdText)];
  return ["state", states[value] ?? String(value)];
}

function estimatePairs(estimate: Estimate): [string, string | undefined][] {
  const { lower, upper } = estimate;
  const answered = estimate.degraded
    ? "the baseline: the duration service did not answer (degraded)"
    : `duration ${estimate.version} in ${estimate.slot}`;
  return [
    ["duration", durationText(estimate.duration)],
    ["interval", lower && upper && `${durationText(lower)} to ${durationText(upper)}`],
    ["price", moneyText(estimate.price)],
    ["answered by", answered],
  ];
}

function truthText(truth: NonNullable<Trip["truth"]>): string {
  const parts = [
    durationText(truth.actualDuration),
    moneyText(truth.cost),
    truth.tip && `tip ${moneyText(truth.tip)}`,
    `${truth.distanceMiles.toFixed(1)} miles`,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}
