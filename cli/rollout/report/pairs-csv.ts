import type { Score } from "../../../services/rollout/judge/trip.ts";
import type { PairedRide } from "../../../services/rollout/report/paired-ride.ts";

const SIDES = ["live", "candidate"] as const;

/** First line of the file; amounts are in the service's unit, minutes or US dollars. */
export const pairsHeader = [
  "trip_id",
  "requested_at",
  "event_seq",
  "pickup_zone",
  "dropoff_zone",
  "hour",
  "distance_miles",
  "shown_to_rider",
  "truth",
  ...SIDES.flatMap((side) => ["value", "lower", "upper"].map((of) => `${side}_${of}`)),
  "live_price_usd",
  "candidate_price_usd",
  "true_price_usd",
  "live_error",
  "candidate_error",
  "difference",
].join(",");

/** One line an answered event: what both versions said, the truth, errors as they are, not capped. */
export function pairLines(ride: PairedRide): string[] {
  const { tripId, requestedAtMs, pickupZone, dropoffZone, hour, served, truth } = ride;
  const error = ({ value }: Score) => Math.abs(value - truth.value);
  return ride.answers.map(({ seq, base, candidate }) => {
    const numbers = [
      truth.value,
      ...[base, candidate].flatMap(({ value, lower, upper }) => [value, lower, upper]),
      base.price,
      candidate.price,
      truth.price,
      error(base),
      error(candidate),
      error(candidate) - error(base),
    ];
    return [
      quoted(tripId),
      new Date(requestedAtMs).toISOString(),
      seq,
      pickupZone,
      dropoffZone,
      hour,
      numberField(ride.distanceMiles),
      served === undefined ? "" : served === "base" ? "live" : "candidate",
      ...numbers.map(numberField),
    ].join(",");
  });
}

/** As many digits as a 32-bit number has; nothing where there is none. */
function numberField(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? "" : String(Number(value.toPrecision(8)));
}

/** A trip id is text from outside: it must stay one field. */
function quoted(text: string): string {
  return /^[\w-]*$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
}
