/** A ride that really happened, or was drawn to look like one: what the replay knows about it. */
export interface RecordedTrip {
  /** Stable name, e.g. `green-2021-02-1234`: month and row, so that a second replay asks for the same trip. */
  readonly id: string;
  /** Place among trips of the same pickup second; with `pickupMs` it orders all trips of a source. */
  readonly row: number;
  /** Pickup, milliseconds since the epoch (UTC). */
  readonly pickupMs: number;
  /** From pickup to drop-off, seconds, 60 to 10 800. */
  readonly durationSeconds: number;
  /** TLC zone, 1 to 265 without 264 ("unknown"). */
  readonly pickupZone: number;
  /** As `pickupZone`. */
  readonly dropoffZone: number;
  /** 0 to 20; undefined for a dispatched ride, whose record has none. */
  readonly passengerCount: number | undefined;
  /** Metered miles, above 0 and at most 100; undefined where the record is zero or absurd. */
  readonly distanceMiles: number | undefined;
  /** Total paid without the tip, US dollars, positive. */
  readonly costUsd: number;
  /** Tip, US dollars; undefined unless paid by card, because nobody records the others. */
  readonly tipUsd: number | undefined;
}

/** Where trips come from: always in the same order, by pickup and then by row. */
export interface TripSource {
  /** For the log, e.g. `recorded: 6 month(s) from 2021-01`. */
  readonly description: string;
  /** Trips picked up at or after `fromMs` (milliseconds since the epoch, UTC). */
  trips(fromMs: number): AsyncIterable<RecordedTrip>;
}

/** Sorts by pickup, then by row: the order of every source. */
export function byPickup(
  a: Pick<RecordedTrip, "pickupMs" | "row">,
  b: Pick<RecordedTrip, "pickupMs" | "row">,
): number {
  return a.pickupMs - b.pickupMs || a.row - b.row;
}
