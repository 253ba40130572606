import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import { publishPrediction } from "#kit/events/publish-prediction.ts";
import { until } from "../test/harness/until.ts";
import {
  prediction,
  publishAnswers,
  publishEvent,
  startGateway,
  type TestStream,
  tripEvent,
} from "./gateway-under-test.ts";

let gateway: Awaited<ReturnType<typeof startGateway>>;
let tripCount = 0;
const streams: TestStream[] = [];

beforeAll(async () => {
  gateway = await startGateway({ limits: { keepAliveMs: 15_000, drainWithinMs: 300 } });
});
afterAll(() => gateway.stop());
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await until("no stream is left", () => gateway.updates.open() === 0, 5000);
});

async function open(...args: Parameters<typeof gateway.open>): Promise<TestStream> {
  const stream = await gateway.open(...args);
  streams.push(stream);
  return stream;
}

function newTrip(): string {
  const tripId = `trip-${++tripCount}`;
  gateway.owners.set(tripId, "ann");
  return tripId;
}

async function happen(tripId: string, seq: number, name: string, answered = true): Promise<void> {
  await publishEvent(gateway.events, tripEvent(tripId, seq, name));
  if (answered && seq <= 3) await publishAnswers(gateway.events, tripId, seq);
}

test("a reader sees everything in order, and the end once all is answered", async () => {
  const trip = newTrip();
  const stream = await open(trip);
  expect(stream.status).toBe(200);
  expect(stream.headers).toMatchObject({
    "content-type": "text/event-stream; charset=utf-8",
    "x-accel-buffering": "no",
    "cache-control": "no-cache",
  });
  await happen(trip, 1, "requested");
  await happen(trip, 2, "started");
  await happen(trip, 3, "progressed");
  await happen(trip, 4, "completed");
  expect(await stream.over).toBe("ended");
  expect(stream.summary()).toBe("d1 s1 t1 c1 s2 d2 d3 t3 c3 s4 end");
  expect(stream.events.at(-2)?.id).toBe("d3.c3.t3.s4");
  expect(JSON.parse(stream.events[0]?.data ?? "")).toEqual({
    tripId: trip,
    seq: 1,
    kind: "TRIP_UPDATE_KIND_DURATION",
    value: 10,
    lower: 8,
    upper: 14,
    version: "v1",
    slot: "blue",
    eventTime: "2021-02-01T08:01:00.000Z",
  });
});

test("a late joiner first gets the newest value of each kind, then what happens", async () => {
  const trip = newTrip();
  await happen(trip, 1, "requested");
  await happen(trip, 2, "started");
  // Stored out of order: the last message of a subject is not always its newest.
  for (const seq of [5, 4]) {
    await publishPrediction(gateway.events, prediction(trip, seq, "dynamic-duration", seq));
  }
  const stream = await open(trip);
  await until("the last values", () => stream.events.length === 4);
  expect(stream.summary()).toBe("c1 t1 s2 d5");
  await happen(trip, 3, "progressed");
  await until("the next values", () => stream.events.length === 6);
  expect(stream.summary()).toBe("c1 t1 s2 d5 t3 c3");
});

test("a reader that comes back repeats nothing and misses nothing", async () => {
  const trip = newTrip();
  await happen(trip, 1, "requested");
  const first = await open(trip);
  await until("the first values", () => first.events.length === 4);
  first.close();
  await happen(trip, 2, "started");
  const id = first.events.at(-1)?.id ?? "";
  const second = await open(trip, "rider=ann", { "last-event-id": id });
  await until("what was missed", () => second.events.length === 2);
  expect(second.summary()).toBe("d2 s2");
  const third = await open(trip, `rider=ann&after=${id}`);
  await until("the same by a parameter", () => third.summary() === "d2 s2");
  const newer = second.events.at(-1)?.id ?? "";
  const fourth = await open(trip, `rider=ann&after=${id}`, { "last-event-id": newer });
  await happen(trip, 3, "progressed");
  await until("only what is new to the header", () => fourth.summary() === "d3 t3 c3");
});

test("a finished trip waits for late answers, but not for ever", async () => {
  const trip = newTrip();
  for (const [index, name] of ["requested", "started"].entries()) {
    await happen(trip, index + 1, name);
  }
  await happen(trip, 3, "progressed", false);
  const [late, ever] = await Promise.all([open(trip), open(trip)]);
  await happen(trip, 4, "completed");
  await until("the end of the ride", () => late.summary().endsWith("s4"));
  await publishAnswers(gateway.events, trip, 3);
  expect(await late.over).toBe("ended");
  expect(late.summary()).toMatch(/s4 d3 t3 c3 end$/);
  expect(await ever.over).toBe("ended");

  const unanswered = newTrip();
  await happen(unanswered, 1, "requested");
  const stream = await open(unanswered);
  const before = performance.now();
  await happen(unanswered, 4, "completed");
  expect(await stream.over).toBe("ended");
  expect(performance.now() - before).toBeGreaterThan(4000);
  const afterwards = await open(unanswered);
  expect(await afterwards.over).toBe("ended");
  expect(afterwards.summary()).toBe("d1 c1 t1 s4 end");
});

test("a reader that stops reading is cut; the one beside it gets the newest", async () => {
  const trip = newTrip();
  const [slow, quick] = await Promise.all([open(trip), open(trip)]);
  slow.pause();
  let seq = 0;
  const isCut = () => gateway.updates.open() < 2;
  await until("the slow reader is cut", async () => {
    // Plain publishes fill the sockets' buffers quickest; the stream stores them all the same.
    for (const last = seq + 500; seq < last; ) {
      seq += 1;
      const predictions = [prediction(trip, seq, "dynamic-duration", seq)];
      const body = PredictionBatch.encode({ predictions }).finish();
      gateway.events.connection.publish(`predictions.dynamic-duration.live.${trip}`, body);
    }
    await gateway.events.connection.flush();
    return isCut();
  });
  await until("the newest value", () => quick.events.at(-1)?.id === `d${seq}.c0.t0.s0`);
  expect(await Promise.race([quick.over, Promise.resolve("open")])).toBe("open");
});

test("200 readers of one trip get the same, and leave nothing behind", async () => {
  const trip = newTrip();
  const readers = await Promise.all(Array.from({ length: 200 }, () => open(trip)));
  expect(gateway.updates.open()).toBe(200);
  await happen(trip, 1, "requested");
  for (const stream of readers) await until("all values", () => stream.events.length === 4);
  expect(new Set(readers.map((stream) => stream.summary()))).toEqual(new Set(["d1 s1 t1 c1"]));
});

test("after a lost connection readers get what was published meanwhile", async () => {
  const trip = newTrip();
  const stream = await open(trip);
  await gateway.nats.kill();
  await gateway.nats.restart();
  const other = await gateway.nats.connect("publisher");
  await publishEvent(other, tripEvent(trip, 1, "requested"));
  await until("the estimate", () => stream.events.length === 2);
  expect(stream.summary()).toBe("d1 s1");
});

test("through Backend the format is the same", async () => {
  const trip = newTrip();
  const stream = await open(trip, "via=backend", { "x-rider-id": "ann" });
  expect(await stream.over).toBe("ended");
  expect(stream.events.at(-1)?.event).toBe("end");
  expect(stream.events.at(-2)?.id).toBe("d2.c0.t0.s0");
});

test.each([
  ["trip-1", "", 400],
  ["trip-1", "rider=a%20b", 400],
  ["trip-1", "rider=ann&via=pigeon", 400],
  ["trip-1", "rider=bob", 404],
  ["trip-1", "rider=bob&via=backend", 404],
  ["unknown", "rider=ann", 404],
  ["a%2Fb", "rider=ann", 404],
])("refuses %s?%s with %i", async (trip, query, status) => {
  const stream = await open(trip, query);
  expect(stream.status).toBe(status);
});

test("one stream too many is refused with 503", async () => {
  const small = await startGateway({ maxStreams: 1 });
  try {
    small.owners.set("trip-1", "ann");
    const first = await small.open("trip-1");
    const second = await small.open("trip-1");
    expect([first.status, second.status]).toEqual([200, 503]);
    expect(second.headers["retry-after"]).toBe("5");
  } finally {
    await small.stop();
  }
});
