import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { checkSnapshot, snapshotInputs, snapshotRow } from "#kit/model/features.ts";
import { toMinutes, toSeconds } from "#kit/rpc/amounts.ts";

/** What a dynamic-duration bundle must take and answer. */
export const signature = {
  service: "dynamic-duration",
  inputs: [
    ...snapshotInputs,
    "estimated_minutes",
    "elapsed_seconds",
    "share_done",
    "previous_elapsed_seconds",
    "previous_share_done",
  ],
  outputs: ["duration_minutes", "lower_minutes", "upper_minutes"],
} as const;

/** The row for `started` (nothing done yet) and `progressed`; other events are not answered. */
export function toRow(event: TripEvent): readonly number[] | undefined {
  switch (event.body?.$case) {
    case "started": {
      const estimated = toMinutes(event.body.value.estimate?.duration);
      return [...snapshotRow(checkSnapshot(event.features)), estimated, 0, 0, 0, 0];
    }
    case "progressed": {
      const { estimate, elapsed, shareDone, previousElapsed, previousShareDone } = event.body.value;
      return [
        ...snapshotRow(checkSnapshot(event.features)),
        toMinutes(estimate?.duration),
        toSeconds(elapsed),
        shareDone,
        toSeconds(previousElapsed),
        previousShareDone,
      ];
    }
    default:
      return undefined;
  }
}
