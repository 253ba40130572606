import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { toMinutes } from "#kit/rpc/amounts.ts";
import { attribute } from "#kit/telemetry/attributes.ts";
import { add, observe, record } from "#kit/telemetry/instruments.ts";
import { metrics } from "#kit/telemetry/registry.ts";
import type { LiveFeed } from "./live-feed.ts";

export interface ObserveMeshDependencies {
  readonly feed: Pick<LiveFeed, "listen">;
  /** Events that each durable has not answered yet. */
  readonly readWaiting: () => Promise<Readonly<Record<string, number>>>;
  /** Riders' streams that are open now. */
  readonly streams: () => number;
}

/**
 * Measures what this process sees of the whole mesh: the consumers' lag, its own open streams, and how good first
 * estimates turned out to be. Several gateways see the same trips.
 */
export function observeMesh({ feed, readWaiting, streams }: ObserveMeshDependencies): void {
  observe(metrics.consumerLag, async (tell) => {
    for (const [durable, waiting] of Object.entries(await readWaiting())) {
      tell(waiting, { [attribute.messagingGroup]: durable });
    }
  });
  observe(metrics.openStreams, (tell) => tell(streams(), {}));
  feed.listen({ event: measureTruth, prediction: () => {}, resumed: () => {} });
}

/** The truth about a trip beside the estimate that its rider was shown first. */
function measureTruth({ body }: TripEvent): void {
  if (body?.$case !== "completed" || !body.value.truth || !body.value.estimate) return;
  const { version, duration, lower, upper } = body.value.estimate;
  const truth = toMinutes(body.value.truth.actualDuration);
  const isCovered = toMinutes(lower) <= truth && truth <= toMinutes(upper);
  const of = { [attribute.modelVersion]: version };
  record(metrics.realisedError, Math.abs(toMinutes(duration) - truth), of);
  add(metrics.realisedCoverage, 1, { ...of, [attribute.covered]: isCovered });
}
