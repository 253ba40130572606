// What is around the readers goes away and comes back, with two hundred of them connected.
import { connect } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { publishPrediction } from "#kit/events/publish-prediction.ts";
import type { NodeProcess } from "../test/harness/node-process.ts";
import { until } from "../test/harness/until.ts";
import { prediction } from "./gateway-under-test.ts";
import {
  aFewAtOnce,
  openUpdates,
  type Processes,
  type RequestedTrip,
  startProcesses,
  type Via,
  watchersOf,
} from "./processes-under-test.ts";
import { lastOfEach, type Rider, ride, seqsOf } from "./rider-under-test.ts";

const TRIPS = 100; // each with a rider by each way
const STOP_WITHIN_MS = 5000;

vi.setConfig({ testTimeout: 90_000 }); // for a machine that does other work as well

let processes: Processes;
let gateway: NodeProcess; // where riders come to
let trips: RequestedTrip[];
let comers: Rider[] = []; // who come at a bad moment
let riders: { readonly trip: RequestedTrip; readonly via: Via; readonly rider: Rider }[];

beforeEach(async () => {
  processes = await startProcesses();
  gateway = await processes.startGateway();
  trips = await processes.requestTrips(TRIPS);
  riders = trips.flatMap((trip) =>
    (["direct", "backend"] as const).map((via) => ({
      trip,
      via,
      rider: ride((headers) => openUpdates(gateway, trip, via, headers)),
    })),
  );
  const publisher = await processes.nats.connect("services");
  for (const { tripId } of trips) {
    await publishPrediction(publisher, prediction(tripId, 1, "cost", 20));
  }
  await publisher.close();
  await until("all have the estimate, the state and the cost", () =>
    riders.every(({ rider }) => new Set(rider.words()).size === 3),
  );
});
afterEach(async () => {
  for (const rider of [...riders.map(({ rider }) => rider), ...comers]) rider.leave();
  await processes.stop();
});

/** The last answer and the end of every trip, from services that have just connected. */
async function finish(): Promise<void> {
  const services = await processes.nats.connect("services");
  await aFewAtOnce(trips, async ({ tripId, riderId }) => {
    await publishPrediction(services, prediction(tripId, 1, "tip", 3));
    const headers = { "x-rider-id": riderId };
    const cancel = { tripId, eventTime: undefined };
    await processes.client.cancelTrip(cancel, { timeoutMs: 10_000, headers });
  });
}

/** Every rider has the last of each kind, once, and the end. */
async function expectAllTold(): Promise<void> {
  await Promise.all(riders.map(({ rider }) => rider.told));
  for (const { rider, trip } of riders) {
    const words = rider.words();
    for (const [letter, seqs] of Object.entries({ d: [1], c: [1], t: [1], s: [1, 2] })) {
      expect(seqsOf(words, letter), `${trip.tripId} ${letter}`).toEqual(seqs);
    }
    expectLast(rider);
  }
}

function expectLast(rider: Rider): void {
  expect(rider.words().at(-1)).toBe("end");
  expect(lastOfEach(rider.events())).toMatchObject({
    TRIP_UPDATE_KIND_DURATION: { seq: 1 },
    TRIP_UPDATE_KIND_COST: { value: 20 },
    TRIP_UPDATE_KIND_TIP: { value: 3 },
    TRIP_UPDATE_KIND_STATE: { seq: 2, value: 4 },
  });
}

const visitsBy = (via: Via) =>
  new Set(riders.filter((one) => one.via === via).map(({ rider }) => rider.visits()));

test("the event stream is killed and comes back: nobody is cut, and nothing is lost", async () => {
  comers = trips.map((trip) => ride((headers) => openUpdates(gateway, trip, "direct", headers)));
  await until("some of those who just come are being served", () => comers[0]?.visits());
  await processes.nats.kill();
  const refused = await openUpdates(gateway, trips[0] ?? nobody, "direct");
  expect(refused.status).toBe(503);
  await processes.nats.restart();
  await finish();
  await expectAllTold();
  expect([visitsBy("direct"), visitsBy("backend")]).toEqual([new Set([1]), new Set([1])]);
  // Of those who just came some were refused meanwhile, and none was left waiting.
  await Promise.all(comers.map(({ told }) => told));
  for (const comer of comers) expectLast(comer);
});

test("the gateway is told to stop: it does in time, and its riders go on at another", async () => {
  const [host = "", port = ""] = (gateway.listening["http"] ?? "").split(":");
  const half = connect(Number(port), host);
  half.on("error", () => undefined).write("GET /v1/trips/");
  const old = gateway;
  gateway = await processes.startGateway();
  const { code, ms } = await old.end("SIGTERM");
  expect(code).toBe(0);
  expect(ms).toBeLessThan(STOP_WITHIN_MS);
  half.destroy();
  const watchers = await watchersOf(gateway);
  await until("all have come to the other", () => watchers() === riders.length);
  await finish();
  await expectAllTold();
});

test("Backend is killed: those by its way are cut and come back, the others do not notice", async () => {
  const watchers = await watchersOf(gateway);
  await processes.crashBackend();
  await until("those by its way are cut", () => watchers() === TRIPS);
  expect(riders.every(({ rider }) => !rider.words().includes("end"))).toBe(true);
  await processes.restartBackend();
  await until("they are back", () => watchers() === riders.length);
  await finish();
  await expectAllTold();
  expect([visitsBy("direct"), visitsBy("backend")]).toEqual([new Set([1]), new Set([2])]);
});

const nobody = { tripId: "", riderId: "" };
