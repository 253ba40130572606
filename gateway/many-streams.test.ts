// A full house: a thousand open streams on one real gateway, by both ways, some of which nobody reads.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Events } from "#kit/events/connect.ts";
import { publishPrediction } from "#kit/events/publish-prediction.ts";
import { startTrial } from "../envoy/trial.ts";
import type { NodeProcess } from "../test/harness/node-process.ts";
import { until } from "../test/harness/until.ts";
import { prediction, type TestStream } from "./gateway-under-test.ts";
import {
  aFewAtOnce,
  openUpdates,
  type Processes,
  type RequestedTrip,
  residentMb,
  socketsOf,
  startProcesses,
  type Via,
  watchersOf,
} from "./processes-under-test.ts";
import { openSlowReaders } from "./slow-readers.ts";

const TRIPS = 450; // each with a reader by each way
const SLOW = 100; // half of them by each way
const ALL = 2 * TRIPS + SLOW;
const PROMPT_MS = 5000; // of two busy cores; alone it takes a fraction of it
const nowhere = { tripId: "", riderId: "" };
const SOME_MB = 150; // a thousand streams without a bound would hold more after the flood

vi.setConfig({ testTimeout: 90_000 }); // for a machine that does other work as well

let processes: Processes;
let gateway: NodeProcess;
let events: Events;
let trips: RequestedTrip[];
let watchers: () => number;

beforeAll(async () => {
  processes = await startProcesses();
  events = await processes.nats.connect("services");
  gateway = await processes.startGateway({ MESH_DRAIN_WITHIN_MS: "2000" });
  watchers = await watchersOf(gateway);
  trips = await processes.requestTrips(TRIPS);
  const first = await openUpdates(gateway, trips[0] ?? nowhere, "backend");
  first.close(); // now the gateway is connected to Backend, and its sockets can be counted
  await until("it is alone", () => watchers() === 0);
});
afterAll(() => processes.stop());

const answer = (tripId: string, seq: number, service = "dynamic-duration", version = "v1") =>
  publishPrediction(events, { ...prediction(tripId, seq, service, seq), version });

const seqsOf = (stream: TestStream, letter: string) =>
  stream
    .summary()
    .split(" ")
    .filter((word) => word.startsWith(letter))
    .map((word) => Number(word.slice(1)));

const lastSeq = (stream: TestStream) => seqsOf(stream, "d").at(-1) ?? 0;

test("a thousand streams, a hundred of which nobody reads: the others get everything at once", async () => {
  const before = {
    sockets: socketsOf(gateway.pid),
    subscriptions: await processes.nats.subscriptions("gateway"),
  };
  expect(before.subscriptions).toBeGreaterThan(0);
  const readings = (["direct", "backend"] as const).flatMap((via) =>
    trips.map((trip) => ({ via, trip })),
  );
  const streams = await aFewAtOnce(readings, ({ via, trip }) => openUpdates(gateway, trip, via));
  expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
  const loud = trips[0] ?? nowhere;
  const path = (via: Via) => `/v1/trips/${loud.tripId}/updates?via=${via}&rider=${loud.riderId}`;
  const slow = await openSlowReaders(gateway.listening["http"] ?? "", SLOW, [
    path("direct"),
    path("backend"),
  ]);
  await until("all are open", () => watchers() === ALL);
  const [gatewayMb, backendMb] = [gateway, processes.backend].map(({ pid }) => residentMb(pid));

  // What fills the buffers of those who do not read, while everybody else has news too.
  let seq = 1;
  await until("those that do not read are cut", async () => {
    seq += 1;
    await answer(loud.tripId, seq, "dynamic-duration", "v".repeat(4096));
    return watchers() === ALL - SLOW;
  });
  await until("a loud trip's readers have its last", () =>
    streams.filter((_, i) => i % TRIPS === 0).every((stream) => lastSeq(stream) === seq),
  );
  const published = performance.now();
  await aFewAtOnce(trips, ({ tripId }) => answer(tripId, 5000));
  await until("everybody has the news", () => streams.every((s) => lastSeq(s) === 5000));
  expect(performance.now() - published).toBeLessThan(PROMPT_MS);
  expect(residentMb(gateway.pid) - (gatewayMb ?? 0)).toBeLessThan(SOME_MB);
  expect(residentMb(processes.backend.pid) - (backendMb ?? 0)).toBeLessThan(SOME_MB);

  await aFewAtOnce(trips, async ({ tripId, riderId }) => {
    for (const service of ["tip", "cost"]) await answer(tripId, 1, service);
    const headers = { "x-rider-id": riderId };
    await processes.client.cancelTrip(
      { tripId, eventTime: undefined },
      { timeoutMs: 10_000, headers },
    );
  });
  const ends = await Promise.all(streams.map(({ over }) => over));
  expect(new Set(ends)).toEqual(new Set(["ended"]));
  for (const stream of streams) {
    expect(stream.events.at(-1)?.event).toBe("end");
    for (const letter of ["d", "c", "t", "s"]) {
      const seqs = seqsOf(stream, letter);
      expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    }
    expect([lastSeq(stream), seqsOf(stream, "c"), seqsOf(stream, "t")]).toEqual([5000, [1], [1]]);
  }
  for (const stream of streams) stream.close();
  await slow.close();
  await until("no stream is left", () => watchers() === 0);
  await until("no socket is left", () => socketsOf(gateway.pid) <= before.sockets);
  await until(
    "no subscription is left",
    async () => (await processes.nats.subscriptions("gateway")) <= before.subscriptions,
  );
  const [gatewayEnd, backendEnd] = await Promise.all(
    [gateway, processes.backend].map((process) => process.end("SIGTERM")),
  );
  // With a stream or a call left open they would wait for it for two seconds.
  for (const end of [gatewayEnd, backendEnd]) {
    expect(end?.code).toBe(0);
    expect(end?.ms).toBeLessThan(1900);
  }
  const others = gateway.lines.filter(
    (line) => !line.includes('"level":30') && !line.includes("the rollout service does not answer"), // there is none
  );
  expect(others).toEqual([]);
});

test("through the edge, a thousand that come at once are all served", async () => {
  const processes = await startProcesses();
  const edge = await startTrial();
  try {
    await edge.deploy("backend", [processes.backend.listening["rpc"] ?? ""]);
    const gateway = await processes.startGateway({ MESH_BACKEND: edge.envoy.edge });
    await edge.deploy("gateway", [gateway.listening["http"] ?? ""]);
    const atEdge = { ...gateway, listening: { ...gateway.listening, http: edge.envoy.edge } };
    const trips = await processes.requestTrips(500);
    const opening = trips.flatMap((trip) =>
      (["direct", "backend"] as const).map((via) => openUpdates(atEdge, trip, via)),
    );
    const streams = await Promise.all(opening);
    expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
    const services = await processes.nats.connect("services");
    for (const { tripId } of trips) {
      await publishPrediction(services, prediction(tripId, 2, "dynamic-duration", 2));
    }
    await until("everybody has the news", () => streams.every((stream) => lastSeq(stream) === 2));
    for (const stream of streams) stream.close();
  } finally {
    await processes.stop();
    await edge.stop();
  }
});
