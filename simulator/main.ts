// Replays trips as riders and drivers, through the public API only. Read it from top to bottom.
import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { readConfig } from "#kit/config/read.ts";
import { announce } from "#kit/lifecycle/announce.ts";
import { runUntilSignal } from "#kit/lifecycle/run-until-signal.ts";
import { createClient } from "#kit/rpc/client.ts";
import { createLog } from "#kit/telemetry/log.ts";
import { startTelemetry } from "#kit/telemetry/start.ts";
import { createSendStep } from "./calls.ts";
import { wallClock as clock } from "./clock.ts";
import { configSchema } from "./config.ts";
import { openCursorFile } from "./cursor.ts";
import { createEventTime } from "./event-time.ts";
import { orExit } from "./or-exit.ts";
import { createPositions } from "./positions.ts";
import { createProgressLog } from "./progress-log.ts";
import { createReplay } from "./replay.ts";
import { createRiders } from "./riders.ts";
import { startRun } from "./run.ts";
import { createTally } from "./tally.ts";
import { readBaseline } from "./trips/baseline.ts";
import { createNewYorkClock } from "./trips/new-york.ts";
import { openTrips } from "./trips/open.ts";

const models = new URL("../models/", import.meta.url);
const config = readConfig(configSchema, process.env);
const log = createLog("simulator");
const telemetry = await startTelemetry(config.telemetry, { service: "simulator" }, log);

const trips = orExit(log, () =>
  openTrips(config, {
    clock: createNewYorkClock(),
    readBaseline: () => readBaseline(new URL("baseline/baseline.json", models)),
    onMonth: ({ month }, { rows, trips }) =>
      log.info({ month, rows, trips: trips.length }, "month read"),
  }),
);
const cursorFile = config.stateDir ? openCursorFile(config.stateDir, log) : undefined;
const replayName = `${trips.kind}, seed ${config.seed}, distance ${config.distance}`;

const client = createClient(BackendServiceDefinition, config.edge);
const tally = createTally();
const eventTime = createEventTime(config.speed || Number.POSITIVE_INFINITY, clock);
const replay = createReplay({
  source: trips.source,
  fromMs: trips.fromMs,
  tripLimit: config.tripLimit,
  maxInFlight: config.maxInFlight,
  eventTime,
  clock,
  resumeFrom: cursorFile?.load(replayName),
  traveller: {
    send: createSendStep(client, {
      positionOn: createPositions(new URL("zones.json", models)),
      tellDistance: config.distance === "metered",
      traceRate: config.telemetry.rate,
      onFirstAnswer: () => announce(telemetry.listening), // the edge, Backend and this process have found each other
    }),
    riderOf: createRiders(config.seed),
    seed: config.seed,
    random: Math.random, // only for pauses between repeated calls: nothing that is replayed depends on it
    tally,
    log,
  },
});

log.info(
  { trips: trips.source.description, speed: config.speed || "max", from: config.from },
  "riders, waits, positions and progress along the rides are simulated; times, zones, durations, costs " +
    `and tips are ${trips.kind}`,
);
const run = startRun({
  replay,
  progressLog: createProgressLog({ log, clock, tally, eventTime, replay }),
  saveCursor: () => {
    const cursor = replay.cursor(replayName);
    if (cursor) cursorFile?.save(cursor);
  },
});
void run.finished.then(async () => {
  client.close();
  await telemetry.stop();
  process.exit(0);
});
await runUntilSignal({
  stop: [() => run.stop(), () => client.close(), () => telemetry.stop()],
  failed: [run.failed],
  log,
});
