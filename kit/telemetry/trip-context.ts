import { type Context, context, createContextKey } from "@opentelemetry/api";
import { attribute } from "./attributes.ts";
import { recordedSpan } from "./span.ts";

const TRIP = createContextKey("tripmesh trip");

/** Filled in when the trip becomes known, which may be after the work has begun. */
interface TripHolder {
  tripId: string;
}

/** A context whose work is about a trip; empty as long as nobody knows which. */
export function withTrip(parent: Context, tripId: string): Context {
  return parent.setValue(TRIP, { tripId } satisfies TripHolder);
}

/** Says which trip the present work is about, for its span and its log lines. */
export function nameTrip(tripId: string): void {
  if (tripId === "") return;
  const holder = context.active().getValue(TRIP) as TripHolder | undefined;
  if (holder) holder.tripId = tripId;
  recordedSpan()?.setAttribute(attribute.tripId, tripId);
}

/** The trip that the present work is about, or undefined. */
export function currentTrip(): string | undefined {
  const holder = context.active().getValue(TRIP) as TripHolder | undefined;
  return holder?.tripId || undefined;
}
