// Backend: takes ride requests, keeps the trips, and puts what happens to them on the event stream.
import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { DurationServiceDefinition } from "#gen/tripmesh/duration/v1/duration_service.ts";
import { readConfig } from "#kit/config/read.ts";
import { connectEvents } from "#kit/events/connect.ts";
import { announce } from "#kit/lifecycle/announce.ts";
import { runUntilSignal } from "#kit/lifecycle/run-until-signal.ts";
import { createClient } from "#kit/rpc/client.ts";
import { handle, serve } from "#kit/rpc/server.ts";
import { createLog } from "#kit/telemetry/log.ts";
import { startTelemetry } from "#kit/telemetry/start.ts";
import { loadBaseline } from "./baseline.ts";
import { createEventClock } from "./clock.ts";
import { configSchema } from "./config.ts";
import { openDeadLetterOffice } from "./dead-letter-office.ts";
import { createEstimator } from "./estimate.ts";
import { followPredictions } from "./ledger.ts";
import { observeOutbox } from "./observe-outbox.ts";
import { startRelay } from "./relay.ts";
import { createBackendService } from "./service.ts";
import { openStore } from "./store.ts";
import { followTraffic } from "./traffic-table.ts";
import { createTripWatch } from "./watch.ts";

const config = readConfig(configSchema, process.env);
const log = createLog("backend", config.logLevel);
const telemetry = await startTelemetry(config.telemetry, { service: "backend" }, log);

const baseline = await loadBaseline(config.modelsDir);
const store = await openStore(config.database);
observeOutbox(store);
const watch = createTripWatch();
const duration = createClient(DurationServiceDefinition, config.envoy);

// Not awaited: requests are answered without the stream, their events wait in the outbox.
const connecting = connectEvents({ ...config.nats, name: "backend" });
const relay = startRelay(store, connecting, log, { keepMs: config.outboxKeepMs });
const traffic = await followTraffic(store, connecting, log);
const following = connecting.then((events) => followPredictions(events, store, watch, log));
const office = connecting.then((events) => openDeadLetterOffice(events, log));

const service = createBackendService({
  store,
  watch,
  traffic,
  clock: createEventClock(config.replay, await store.latestEventTime()),
  estimate: createEstimator({
    duration,
    baseline,
    budgetMs: config.durationBudgetMs,
    salt: traffic.durationSalt,
    log,
  }),
  wakeRelay: relay.wake,
});
const server = await serve([handle(BackendServiceDefinition, service)], {
  listen: config.listen,
  log,
});

server.setServing(true);
announce({ rpc: server.address, ...telemetry.listening });
log.info({ address: server.address, database: withoutPassword(config.database) }, "serving");
await runUntilSignal({
  log,
  stop: [
    () => server.close(),
    () => relay.stop(),
    () => traffic.stop(),
    () => whenConnected(following, (consumer) => consumer.stop()),
    () => whenConnected(office, (consumer) => consumer.stop()),
    () => whenConnected(connecting, (events) => events.close()),
    () => duration.close(),
    () => store.close(),
    () => telemetry.stop(),
  ],
  failed: [following, office].map((consumer) => consumer.then(({ failed }) => failed)),
});

/** Does something with what a connection has brought, if it has come by now. */
async function whenConnected<T>(pending: Promise<T>, use: (value: T) => unknown): Promise<void> {
  const value = await Promise.race([pending, Promise.resolve(undefined)]);
  if (value !== undefined) await use(value);
}

/** A database URL that may be logged. */
function withoutPassword(url: string): string {
  return url.replace(/(:\/\/[^:@/]*):[^@/]*@/, "$1:***@");
}
