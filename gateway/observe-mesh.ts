import { attribute } from "#kit/telemetry/attributes.ts";
import { add, isMeasuring, observe, record } from "#kit/telemetry/instruments.ts";
import { metrics } from "#kit/telemetry/registry.ts";
import type { LiveFeed } from "./live-feed.ts";
import { createRealisedFold, type Realised } from "./realised.ts";

export interface ObserveMeshDependencies {
  readonly feed: Pick<LiveFeed, "listen">;
  /** Events that each durable has not answered yet. */
  readonly readWaiting: () => Promise<Readonly<Record<string, number>>>;
  /** Riders' streams that are open now. */
  readonly streams: () => number;
}

/**
 * Measures what this process sees of the whole mesh: the consumers' lag, its own open streams, and how good what
 * riders were shown turned out to be. Several gateways see the same trips.
 */
export function observeMesh({ feed, readWaiting, streams }: ObserveMeshDependencies): void {
  if (!isMeasuring()) return; // nothing to remember for nobody
  observe(metrics.consumerLag, async (tell) => {
    for (const [durable, waiting] of Object.entries(await readWaiting())) {
      tell(waiting, { [attribute.messagingGroup]: durable });
    }
  });
  observe(metrics.openStreams, (tell) => tell(streams(), {}));
  const fold = createRealisedFold();
  feed.listen({
    event: (event) => fold.event(event).forEach(measure),
    prediction: fold.prediction,
    resumed: () => {}, // trips of which something was missed are compared by what is known
  });
}

function measure({ service, version, unit, error, isCovered }: Realised): void {
  const of = { [attribute.modelService]: service, [attribute.modelVersion]: version };
  record(unit === "min" ? metrics.realisedError : metrics.realisedPriceError, error, of);
  add(metrics.realisedCoverage, 1, { ...of, [attribute.covered]: isCovered });
}
