import type { z } from "zod";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { consumerConfig } from "#kit/config/model-service.ts";
import { announce } from "#kit/lifecycle/announce.ts";
import { runUntilSignal } from "#kit/lifecycle/run-until-signal.ts";
import { loadBundle } from "#kit/model/bundle.ts";
import { inferenceService } from "#kit/model/inference-service.ts";
import { createPredictor } from "#kit/model/predictor.ts";
import { checkSignature, type Signature } from "#kit/model/signature.ts";
import { serve } from "#kit/rpc/server.ts";
import { createLog } from "#kit/telemetry/log.ts";
import { startTelemetry } from "#kit/telemetry/start.ts";
import { followIntervalScale } from "#kit/traffic/interval-scale.ts";
import type { ConsumerService } from "#kit/traffic/traffic.ts";
import { connectEvents } from "./connect.ts";
import { consume } from "./consume.ts";
import { publishPrediction } from "./publish-prediction.ts";
import { createScorer } from "./score.ts";
import { durableName, isAnsweredBy, streams } from "./subjects.ts";

export interface ConsumerServiceOptions {
  readonly config: z.output<typeof consumerConfig>;
  /** What the service's bundles must take and answer. */
  readonly signature: Signature & { readonly service: ConsumerService };
  /** The model's row for an event; undefined for an event that the service does not answer. */
  readonly toRow: (event: TripEvent) => readonly number[] | undefined;
}

/** The composition root of an event consumer: model → events → server → consume, and back at the end. */
export async function runConsumerService({
  config,
  signature,
  toRow,
}: ConsumerServiceOptions): Promise<never> {
  const { service } = signature;
  const { slot } = config;
  const log = createLog(`${service}-${slot}`, config.logLevel);

  const bundle = await loadBundle(config.modelDir); // refuses a file whose digest is not the card's
  checkSignature(bundle.card, signature);
  const { version } = bundle.card;
  const telemetry = await startTelemetry(config.telemetry, { service, slot, version }, log);
  const predictor = await createPredictor(bundle, { maxBatch: config.maxBatch });
  const events = await connectEvents({ ...config.nats, name: durableName(service, slot) });

  const intervalScale = followIntervalScale(events, { service, slot, log });

  const server = await serve([inferenceService(predictor)], { listen: config.listen, log });
  const scorer = createScorer({
    service,
    slot,
    predictor,
    toRow,
    intervalScale: intervalScale.current,
    publish: (prediction) => publishPrediction(events, prediction),
  });
  const consumer = await consume(events, {
    stream: streams.trips,
    durable: durableName(service, slot),
    maxInFlight: config.maxInFlight,
    isOwn: (subject) => isAnsweredBy(service, slot, subject),
    decode: (bytes) => TripEvent.decode(bytes),
    handle: scorer,
    owner: { service, slot },
    onAttached: (attached) => server.setServing(attached),
    log,
  });

  server.setServing(true);
  announce({ rpc: server.address, ...telemetry.listening });
  log.info({ address: server.address, version }, "serving");
  return runUntilSignal({
    log,
    stop: [
      () => server.setServing(false),
      () => consumer.stop(),
      () => server.close(),
      () => predictor.close(),
      () => intervalScale.stop(),
      () => events.close(),
      () => telemetry.stop(),
    ],
    failed: [consumer.failed, predictor.failed],
  });
}
