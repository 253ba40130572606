// The rollout service: takes versions live in stages, judged on what finished trips say. Read it from top to
// bottom: configuration, dependencies, serve, stop.
import { join } from "node:path";
import { GRPCInferenceServiceDefinition } from "#gen/inference/grpc_service.ts";
import { DurationServiceDefinition } from "#gen/tripmesh/duration/v1/duration_service.ts";
import { type Rollout, Strategy } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { RolloutServiceDefinition } from "#gen/tripmesh/rollout/v1/rollout_service.ts";
import { readConfig } from "#kit/config/read.ts";
import { connectEvents } from "#kit/events/connect.ts";
import { publishPrediction } from "#kit/events/publish-prediction.ts";
import { createInstancesClient } from "#kit/instances/over-nats-client.ts";
import { announce } from "#kit/lifecycle/announce.ts";
import { runUntilSignal } from "#kit/lifecycle/run-until-signal.ts";
import { readCard } from "#kit/model/bundle.ts";
import { createClient } from "#kit/rpc/client.ts";
import { handle, serve } from "#kit/rpc/server.ts";
import { isMeasuring } from "#kit/telemetry/instruments.ts";
import { createLog } from "#kit/telemetry/log.ts";
import { startTelemetry } from "#kit/telemetry/start.ts";
import { openTrafficBucket } from "#kit/traffic/bucket.ts";
import { readEnvoyTraffic } from "#kit/traffic/envoy-runtime.ts";
import { writeLayerFile } from "#kit/traffic/layer-file.ts";
import { runtimeOf } from "#kit/traffic/runtime.ts";
import { consumerServices, type ModelService } from "#kit/traffic/traffic.ts";
import { configSchema } from "./config.ts";
import { createDeaths } from "./deaths.ts";
import { createEngine } from "./engine.ts";
import { readEventCounts } from "./event-counts.ts";
import { readEventTime } from "./event-time.ts";
import { createEvidenceJudge } from "./evidence-judge.ts";
import { followEvidence } from "./follow-evidence.ts";
import { askGolden } from "./golden.ts";
import { createHindsight } from "./hindsight.ts";
import { rememberLooks } from "./newest-looks.ts";
import { observeReleases } from "./observe-releases.ts";
import { openReleaseLog } from "./release-log.ts";
import { type CountsBySlot, readRequestCounts } from "./request-counts.ts";
import { createRtdsServer } from "./rtds/server.ts";
import { startRunner } from "./runner.ts";
import { createRolloutService } from "./service.ts";
import { createSlotProblem } from "./slot-problem.ts";
import { isOver } from "./state.ts";
import { openTrafficControl } from "./traffic-control.ts";
import { openWaiting } from "./waiting.ts";
import { watchOverrides } from "./watch-overrides.ts";
import { watchRequests } from "./watch-requests.ts";

/** How long an Envoy may take to acknowledge traffic before it is called a laggard. */
const ACKNOWLEDGE_WITHIN_MS = 2_000;
/** What a consumer had in hand when it was killed is given out again after its durable's first back-off, 5 s. */
const REDELIVERED_WITHIN_MS = 15_000;

const config = readConfig(configSchema, process.env);
const log = createLog("rollout", config.logLevel);
const telemetry = await startTelemetry(config.telemetry, { service: "rollout" }, log);

const events = await connectEvents({ ...config.nats, name: "rollout" });
const releases = await openReleaseLog(events);
const instances = createInstancesClient(events, { log });
const rtds = createRtdsServer({ log });
const duration = createClient(DurationServiceDefinition, config.envoy);
const inference = createClient(GRPCInferenceServiceDefinition, config.envoy);
const cardOf = (service: ModelService, version: string) =>
  readCard(join(config.modelsDir, service, version));

// Decisions are read back above before Envoy hears of any traffic.
const traffic = await openTrafficControl({
  bucket: await openTrafficBucket(events),
  releases,
  push: {
    async push(all) {
      if (config.trafficFile !== undefined) writeLayerFile(config.trafficFile, runtimeOf(all));
      const version = rtds.publish(all);
      const { nodes, laggards } = await rtds.acknowledged(version, ACKNOWLEDGE_WITHIN_MS);
      return { acknowledgedBy: nodes, laggards: laggards.map(({ node }) => node) };
    },
  },
  log,
});
const judge = createEvidenceJudge({
  follow: (rollout, plan, hooks) =>
    followEvidence({
      events,
      plan,
      since: rollout.createTime ?? new Date(),
      ...hooks,
      ...(needsHindsight(rollout)
        ? {
            hindsight: createHindsight({
              rolloutId: rollout.rolloutId,
              duration,
              publish: (prediction) => publishPrediction(events, prediction),
              log,
            }),
          }
        : {}),
      log,
    }),
  log,
});
const remembered = rememberLooks(judge, releases);
const { envoyAdmin } = config;
const isReleased = (name: string) =>
  releases.rollouts().find((one) => one.service === name && !isOver(one));
const overrides =
  envoyAdmin === undefined
    ? undefined
    : watchOverrides({
        read: async () => (await readEnvoyTraffic(envoyAdmin)).overrides,
        // Events do not go through Envoy. Who measures wants to know after the end of a rollout, too.
        isWanted: () => isMeasuring() || isReleased("duration") !== undefined,
        log,
      });
observeReleases({ releases, traffic, overrides });
const slotProblem = createSlotProblem({ instances, waiting: await openWaiting(events), log });
const engine = createEngine({
  releases,
  traffic,
  instances,
  judge: remembered.judge,
  golden: async (candidate) =>
    askGolden(
      { inference, duration },
      candidate,
      await cardOf(candidate.service, candidate.version),
    ),
  slotProblem,
  overridesOf: (name) => (name === "duration" ? (overrides?.of(name) ?? []) : []),
  keepWarmMs: config.keepWarmMs,
  log,
});
const deaths = createDeaths({
  async isBack({ service: name, candidateSlot }) {
    const all = await instances.list().catch((cause: unknown) => {
      log.debug({ err: cause }, "nobody tells which instances there are");
      return [];
    });
    return all.some((one) => one.service === name && one.slot === candidateSlot && one.ready);
  },
});
const watch = (name: ModelService, read: () => Promise<CountsBySlot>, afterwardsMs?: number) =>
  watchRequests({
    read,
    rollout: () => isReleased(name),
    revision: () => traffic.of(name).revision,
    tell: judge.tell,
    isExcused: (rollout) => deaths.isExcused(rollout, afterwardsMs),
    log,
  });
const requests = [
  ...(envoyAdmin === undefined ? [] : [watch("duration", () => readRequestCounts(envoyAdmin))]),
  ...consumerServices.map((name) =>
    watch(name, () => readEventCounts(events, name), REDELIVERED_WITHIN_MS),
  ),
];
const runner = startRunner({ releases, engine, judge, traffic, instances, deaths, log });

const service = createRolloutService({
  releases,
  looks: remembered.looks,
  traffic,
  digestOf: async (name, version) => (await cardOf(name, version)).digest,
  latestEventTime: () => readEventTime(events),
  slotProblem,
  wake: () => runner.wake(),
});
const server = await serve([handle(RolloutServiceDefinition, service), rtds.registration], {
  listen: config.listen,
  log,
});

server.setServing(true);
announce({ rpc: server.address, ...telemetry.listening });
log.info({ address: server.address }, "serving");
await runUntilSignal({
  log,
  stop: [
    () => server.setServing(false),
    () => runner.stop(),
    ...requests.map((one) => () => one.stop()),
    () => overrides?.stop(),
    () => traffic.close(),
    () => rtds.close(),
    () => server.close(),
    () => instances.close(),
    () => duration.close(),
    () => inference.close(),
    () => events.close(),
    () => telemetry.stop(),
  ],
  failed: [runner.failed],
});

/** Consumers of both slots see every event; in a rolling release the other slot is empty. */
function needsHindsight({ service, strategy }: Rollout): boolean {
  return service === "duration" && strategy !== Strategy.ROLLING;
}
