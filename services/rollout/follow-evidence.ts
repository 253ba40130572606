import { type Prediction, PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import type { Events } from "#kit/events/connect.ts";
import { streams } from "#kit/events/subjects.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { ModelService, Slot } from "#kit/traffic/traffic.ts";
import type { Hindsight } from "./hindsight.ts";
import { createEvidence, type Evidence, foldFact } from "./judge/evidence.ts";
import type { Fact } from "./judge/fact.ts";
import type { JudgePlan } from "./judge/plan.ts";
import { type Reader, readOn } from "./read-on.ts";
import { factOfPrediction, factsOfEvent } from "./to-facts.ts";

/** Everything known about a rollout, growing. */
export interface EvidenceFeed {
  readonly evidence: Evidence;
  /** Takes what does not come from the streams: weights, crashes, counts. */
  take(fact: Fact): void;
  /** Resolves when all that was stored when it began has been read; fails when the streams cannot be read. */
  readonly read: Promise<void>;
  stop(): Promise<void>;
}

export interface FollowOptions {
  readonly events: Events;
  readonly plan: JudgePlan;
  /** When the rollout began, by the server's clock: nothing older is read. */
  readonly since: Date;
  /** The service's traffic during the rollout, oldest first. */
  readonly traffics: () => readonly Traffic[];
  /** Called before each event of a trip, with when the server had stored it. */
  readonly onStored: (at: Date) => void;
  /** For duration. */
  readonly hindsight?: Hindsight;
  readonly log: Logger;
}

/**
 * Reads the evidence about a rollout from the streams, from its beginning, and goes on as it grows. A service
 * that was killed reads it again and knows the same: nothing of it is kept anywhere else.
 *
 * Predictions come first: what was asked in hindsight before a restart is not asked again.
 */
export function followEvidence(options: FollowOptions): EvidenceFeed {
  const { events, plan, since, traffics, onStored, hindsight, log } = options;
  const evidence = createEvidence(plan);
  const take = (fact: Fact) => foldFact(evidence, plan, fact);
  const takePrediction = (prediction: Prediction) => {
    const fact = factOfPrediction(prediction, plan);
    if (!fact) return;
    take(fact);
    hindsight?.answered(prediction.tripId, prediction.slot as Slot);
  };
  const takeEvent = (event: TripEvent) => {
    for (const fact of factsOfEvent(event, plan, traffics())) {
      take(fact);
      if (fact.kind === "scored") hindsight?.answered(event.tripId, fact.slot);
    }
    if (event.body?.$case === "requested") hindsight?.requested(event);
    if (event.body?.$case === "completed") hindsight?.completed(event.tripId);
  };
  const readers: Reader[] = [];
  let stopped = false;

  async function readBoth(): Promise<void> {
    const predictions = await readOn(events, {
      stream: streams.predictions,
      subject: predictionsOf(plan.service),
      since,
      take: (message) => PredictionBatch.decode(message.data).predictions.forEach(takePrediction),
      log,
    });
    readers.push(predictions);
    if (stopped) return predictions.stop();
    await predictions.caughtUp;
    const trips = await readOn(events, {
      stream: streams.trips,
      subject: "trips.>", // one filter: with several, the server is slow to read a backlog (ADR 0013)
      since,
      take(message) {
        onStored(new Date(message.info.timestampNanos / 1e6));
        takeEvent(TripEvent.decode(message.data));
      },
      log,
    });
    readers.push(trips);
    if (stopped) return trips.stop();
    await trips.caughtUp;
  }

  const read = readBoth();
  read.catch(() => undefined); // whoever waits for it is told
  return {
    evidence,
    take,
    read,
    async stop() {
      stopped = true;
      await Promise.all(readers.map((reader) => reader.stop()));
      await hindsight?.stop();
    },
  };
}

function predictionsOf(service: ModelService): string {
  return `predictions.${service}.>`; // also duration's log, and what was asked in hindsight
}
