// The duration service: one model version behind `Predict` and the Open Inference Protocol.
import { DurationServiceDefinition } from "#gen/tripmesh/duration/v1/duration_service.ts";
import { readConfig } from "#kit/config/read.ts";
import { connectEvents } from "#kit/events/connect.ts";
import { announce } from "#kit/lifecycle/announce.ts";
import { runUntilSignal } from "#kit/lifecycle/run-until-signal.ts";
import { loadBundle } from "#kit/model/bundle.ts";
import { inferenceService } from "#kit/model/inference-service.ts";
import { createPredictor } from "#kit/model/predictor.ts";
import { checkSignature } from "#kit/model/signature.ts";
import { handle, serve } from "#kit/rpc/server.ts";
import { createLog } from "#kit/telemetry/log.ts";
import { startTelemetry } from "#kit/telemetry/start.ts";
import { followIntervalScale } from "#kit/traffic/interval-scale.ts";
import { configSchema } from "./config.ts";
import { createPredictionLog } from "./prediction-log.ts";
import { createDurationService, signature } from "./service.ts";

const config = readConfig(configSchema, process.env);
const log = createLog(`duration-${config.slot}`, config.logLevel);

const bundle = await loadBundle(config.modelDir); // refuses a file whose digest is not the card's
checkSignature(bundle.card, signature);
const { version } = bundle.card;
const identity = { service: "duration", slot: config.slot, version };
const telemetry = await startTelemetry(config.telemetry, identity, log);
const predictor = await createPredictor(bundle, { maxBatch: config.maxBatch });
const events = await connectEvents({ ...config.nats, name: `duration-${config.slot}` });
const predictions = createPredictionLog(events, log, { flushMs: config.logFlushMs });
const { slot } = config;
const intervalScale = followIntervalScale(events, { service: "duration", slot, log });

const service = createDurationService({
  predictor,
  slot,
  intervalScale: intervalScale.current,
  record: predictions.record,
});
const server = await serve(
  [handle(DurationServiceDefinition, service, { isLeaf: true }), inferenceService(predictor)],
  { listen: config.listen, log },
);

server.setServing(true);
announce({ rpc: server.address, ...telemetry.listening });
log.info({ address: server.address, version }, "serving");
await runUntilSignal({
  log,
  stop: [
    () => server.close(),
    () => predictions.close(),
    () => predictor.close(),
    () => intervalScale.stop(),
    () => events.close(),
    () => telemetry.stop(),
  ],
  failed: [predictor.failed],
});
