import { traceIdOf } from "#kit/telemetry/trace-context.ts";
import type { StoredTrips } from "../stored.ts";
import { type TripStory, tellStory } from "./story.ts";

/**
 * The story of a trip from the streams; undefined where they hold no event of it. `maxMessages` of each kind are
 * read, the oldest; default: all.
 */
export async function readStory(
  stored: Pick<StoredTrips, "readTrip">,
  tripId: string,
  maxMessages?: number,
): Promise<TripStory | undefined> {
  const { events, predictions } = await stored.readTrip(tripId, maxMessages);
  return tellStory(
    events.map(({ event: what, traceparent }) => ({ what, traceId: traceIdOf(traceparent) })),
    predictions.map(({ prediction: what, traceparent }) => ({
      what,
      traceId: traceIdOf(traceparent),
    })),
  );
}
