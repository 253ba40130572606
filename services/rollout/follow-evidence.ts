import { DeliverPolicy, type JsMsg } from "@nats-io/jetstream";
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
import { factOfPrediction, factsOfEvent } from "./to-facts.ts";

/** Everything known about a rollout, growing. */
export interface EvidenceFeed {
  readonly evidence: Evidence;
  /** Takes what does not come from the streams: weights, crashes, counts. */
  take(fact: Fact): void;
  stop(): Promise<void>;
}

export interface FollowOptions {
  readonly events: Events;
  readonly plan: JudgePlan;
  /** When the rollout began, by the server's clock: nothing older is read. */
  readonly since: Date;
  /** The service's traffic during the rollout, oldest first. */
  readonly traffics: () => readonly Traffic[];
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
export async function followEvidence(options: FollowOptions): Promise<EvidenceFeed> {
  const { events, plan, since, traffics, hindsight, log } = options;
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

  const predictions = await follow(
    events,
    streams.predictions,
    predictionsOf(plan.service),
    since,
    {
      take: (message) => PredictionBatch.decode(message.data).predictions.forEach(takePrediction),
      log,
    },
  );
  await predictions.caughtUp;
  const trips = await follow(
    events,
    streams.trips,
    "trips.>", // one filter: with several, the server is slow to read a backlog (ADR 0013)
    since,
    { take: (message) => takeEvent(TripEvent.decode(message.data)), log },
  );
  return {
    evidence,
    take,
    async stop() {
      await Promise.all([predictions.stop(), trips.stop()]);
      await hindsight?.stop();
    },
  };
}

function predictionsOf(service: ModelService): string {
  return `predictions.${service}.>`; // also duration's log, and what was asked in hindsight
}

/** An ordered consumer, which the library makes anew when the server was away. */
async function follow(
  events: Events,
  stream: string,
  subject: string,
  since: Date,
  { take, log }: { readonly take: (message: JsMsg) => void; readonly log: Logger },
): Promise<{ readonly caughtUp: Promise<void>; stop(): Promise<void> }> {
  const consumer = await events.js.consumers.get(stream, {
    filter_subjects: subject,
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: since.toISOString(),
  });
  const caughtUp = Promise.withResolvers<void>();
  const { num_pending } = await consumer.info();
  if (num_pending === 0) caughtUp.resolve();
  const messages = await consumer.consume({ max_messages: 500 });
  const reading = (async () => {
    for await (const message of messages) {
      try {
        take(message);
      } catch (cause) {
        log.error({ err: cause, subject: message.subject }, "a message is no evidence");
      }
      if (message.info.pending === 0) caughtUp.resolve();
    }
  })();
  return {
    caughtUp: caughtUp.promise,
    async stop() {
      await messages.close();
      await reading;
    },
  };
}
