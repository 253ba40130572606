import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { toMinutes, toSeconds } from "#kit/rpc/amounts.ts";
import { checkSnapshot, snapshotInputs, snapshotRow } from "./features.ts";

/** Inputs of the models that price a ride, tip and cost: the ride, its estimate and how far it has come. */
export const priceInputs = [
  ...snapshotInputs,
  "estimated_minutes",
  "elapsed_seconds",
  "share_done",
] as const;

/** The row for `requested` (nothing done yet) and `progressed`; other events are not answered. */
export function toPriceRow(event: TripEvent): readonly number[] | undefined {
  switch (event.body?.$case) {
    case "requested": {
      const estimated = toMinutes(event.body.value.estimate?.duration);
      return [...snapshotRow(checkSnapshot(event.features)), estimated, 0, 0];
    }
    case "progressed": {
      const { estimate, elapsed, shareDone } = event.body.value;
      return [
        ...snapshotRow(checkSnapshot(event.features)),
        toMinutes(estimate?.duration),
        toSeconds(elapsed),
        shareDone,
      ];
    }
    default:
      return undefined;
  }
}
