// The gateway: pushes updates to riders, serves the rider's page to the edge and the operator's console on
// its own port. Read it from top to bottom: configuration, dependencies, serve, stop.
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { RolloutServiceDefinition } from "#gen/tripmesh/rollout/v1/rollout_service.ts";
import { readConfig } from "#kit/config/read.ts";
import { connectEvents } from "#kit/events/connect.ts";
import { announce } from "#kit/lifecycle/announce.ts";
import { runUntilSignal } from "#kit/lifecycle/run-until-signal.ts";
import { createClient } from "#kit/rpc/client.ts";
import { createLog } from "#kit/telemetry/log.ts";
import { startTelemetry } from "#kit/telemetry/start.ts";
import { openTrafficBucket } from "#kit/traffic/bucket.ts";
import { batchRoute } from "./batch/batch-route.ts";
import { createBatchReader } from "./batch/reader.ts";
import { configSchema } from "./config.ts";
import { guardConsole } from "./console-guard.ts";
import { createConsoleRoute } from "./console-route.ts";
import { readLatency } from "./envoy-latency.ts";
import { listen, type Route, sendError, sendJson } from "./http-server.ts";
import { openLiveFeed } from "./live-feed.ts";
import { openObservatory } from "./observatory.ts";
import { observeMesh } from "./observe-mesh.ts";
import { serveFile, servePage } from "./pages.ts";
import { commandsRoute } from "./releases/commands-route.ts";
import { readEnvoySlots } from "./releases/envoy-slots.ts";
import { createReadRollouts } from "./releases/read-rollouts.ts";
import { openReleases } from "./releases/releases.ts";
import { reportRoutes } from "./releases/report-route.ts";
import { createReports } from "./releases/reports.ts";
import { rolloutsRoute } from "./releases/rollouts-route.ts";
import { openStored } from "./stored.ts";
import { createStoryRoute } from "./story/story-route.ts";
import { openTraces } from "./traces/open-traces.ts";
import { createUpdatesRoute } from "./updates-route.ts";
import { createVersions } from "./versions.ts";
import { openWaitingEvents } from "./waiting-events.ts";
import { watchViaBackend } from "./watch-backend.ts";
import { watchDirect } from "./watch-direct.ts";

const config = readConfig(configSchema, process.env);
const log = createLog("gateway", config.logLevel);
const traces = await openTraces(config.otlpListen, config.telemetry, log);
const telemetry = await startTelemetry(traces.telemetry, { service: "gateway" }, log);

const events = await connectEvents({ ...config.nats, name: "gateway" });
const backend = createClient(BackendServiceDefinition, config.backend);
const feed = await openLiveFeed(events, log);
const stored = await openStored(events);
const versions = createVersions();
const { envoyAdmin } = config;
const rollouts = createClient(RolloutServiceDefinition, config.rollout);
const releases = openReleases({
  readRollouts: createReadRollouts(rollouts),
  readEnvoy: envoyAdmin === undefined ? undefined : () => readEnvoySlots(envoyAdmin),
  admin: envoyAdmin,
  log,
});
const traffic = await (await openTrafficBucket(events)).watch(
  (changed) => {
    versions.changed(changed);
    releases.trafficChanged(changed);
  },
  { log },
);

const updates = createUpdatesRoute({
  backend,
  ways: { direct: watchDirect({ feed, stored, log }), backend: watchViaBackend({ backend, log }) },
  maxStreams: config.maxStreams,
  limits: config.readers,
  log,
});
const readWaiting = await openWaitingEvents(events);
observeMesh({ feed, readWaiting, streams: updates.open });
const observatory = openObservatory({
  feed,
  stored,
  versions,
  readWaiting,
  readLatency: envoyAdmin === undefined ? undefined : () => readLatency(envoyAdmin),
  watchers: updates.open,
  trips: config.trips,
  log,
});
const consoles = createConsoleRoute({ observatory, releases });
const reports = createReports({
  env: {
    MESH_NATS: config.nats.url,
    MESH_NATS_KEY: config.reportKey,
    MESH_MODELS: config.modelsDir,
  },
  log,
});
const report = reportRoutes(reports);
const story = createStoryRoute({ stored, modelsDir: config.modelsDir, backend: config.backend });
const batch = createBatchReader({ ...config.batch, log });
const rolloutRoute = rolloutsRoute({ client: rollouts, releases, modelsDir: config.modelsDir });

const readyz: Route = async ({ response, url }) => {
  if (url.pathname !== "/readyz") return false;
  const late = setTimeout(1000, undefined, { ref: false }); // a lost connection does not answer at all
  const alive = await Promise.race([events.connection.rtt().catch(() => undefined), late]);
  if (alive === undefined) sendError(response, "UNAVAILABLE", "the event stream does not answer");
  else sendJson(response, { ready: true });
  return true;
};
const zones = serveFile("/zones.json", join(config.modelsDir, "zones.json"));
const pages = join(import.meta.dirname, "dist");
const facts = { trips: config.trips };
const http = await listen(
  [updates.route, readyz, zones, servePage({ dir: join(pages, "rider"), facts })],
  { listen: config.listen, log },
);
const console = await listen(
  [
    consoles.route,
    traces.route,
    story,
    readyz,
    zones,
    report.route,
    rolloutRoute,
    batchRoute(batch),
    servePage({ dir: join(pages, "console"), facts }),
  ],
  {
    listen: config.consoleListen,
    guard: guardConsole({ hosts: config.consoleHosts }),
    commands: [report.command, commandsRoute({ client: rollouts, releases })],
    log,
  },
);

log.info({ http: http.address, console: console.address }, "ready");
announce({
  http: http.address,
  console: console.address,
  ...traces.listening,
  ...telemetry.listening,
});
await runUntilSignal({
  log,
  stop: [
    () => updates.close(),
    () => consoles.close(),
    () => reports.close(),
    () => batch.close(),
    () => Promise.all([http.close(), console.close()]),
    () => observatory.stop(),
    () => releases.stop(),
    () => traffic.stop(),
    () => feed.stop(),
    () => backend.close(),
    () => rollouts.close(),
    () => events.close(),
    () => telemetry.stop(),
    () => traces.close(),
  ],
});
