// Readers and stores that do not do what they should.
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import { until } from "../test/harness/until.ts";
import {
  type GatewayOptions,
  prediction,
  publishEvent,
  startGateway,
  tripEvent,
} from "./gateway-under-test.ts";

const TRIP = "trip-1";
const PATH = `/v1/trips/${TRIP}/updates?rider=ann`;
let gateway: Awaited<ReturnType<typeof startGateway>>;
const stops: (() => unknown)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await gateway.stop();
});

async function start(options: GatewayOptions = {}): Promise<void> {
  gateway = await startGateway(options);
  gateway.owners.set(TRIP, "ann");
}

/** Correct durations, as plain messages: the stream stores them all the same. */
async function correct(seqs: Iterable<number>): Promise<void> {
  for (const seq of seqs) {
    const predictions = [prediction(TRIP, seq, "dynamic-duration", seq)];
    const body = PredictionBatch.encode({ predictions }).finish();
    gateway.events.connection.publish(`predictions.dynamic-duration.live.${TRIP}`, body);
  }
  await gateway.events.connection.flush();
}

async function finish(): Promise<void> {
  await publishEvent(gateway.events, tripEvent(TRIP, 1, "requested"));
  await publishEvent(gateway.events, tripEvent(TRIP, 4, "completed"));
}

test("a trip with more predictions than one read brings is read to its newest", async () => {
  await start();
  await correct(Array.from({ length: 1100 }, (_, i) => i + 1));
  const stream = await gateway.open(TRIP);
  stops.push(stream.close);
  await until("the newest", () => stream.summary() === "d1100");
});

test("what cannot be read again after a lost connection is tried until it can", async () => {
  let failures = 0;
  await start({
    through: (stored) => ({
      ...stored,
      readTrip: (tripId) =>
        failures-- > 0 ? Promise.reject(new Error("not yet")) : stored.readTrip(tripId),
    }),
  });
  const stream = await gateway.open(TRIP);
  stops.push(stream.close);
  failures = 1;
  await gateway.nats.kill();
  await gateway.nats.restart();
  const other = await gateway.nats.connect("publisher");
  await publishEvent(other, tripEvent(TRIP, 1, "requested"));
  await until("what was missed", () => stream.summary() === "d1 s1");
});

/** Timers that are there for longer than a moment. */
async function timersThatStay(): Promise<number> {
  const counts: number[] = [];
  await until("some counts", () => {
    const resources = process.getActiveResourcesInfo();
    return counts.push(resources.filter((resource) => resource === "Timeout").length) === 20;
  });
  return Math.min(...counts);
}

test("a reader that leaves while its trip is read leaves nothing behind", async () => {
  let gate = Promise.withResolvers<void>();
  let asked = 0;
  let given = 0;
  await start({
    through: (stored) => ({
      ...stored,
      async readTrip(tripId) {
        asked += 1;
        await gate.promise;
        const found = await stored.readTrip(tripId);
        setImmediate(() => given++); // after whoever asked has used it
        return found;
      },
    }),
  });
  await finish(); // unanswered: whoever reads it waits for the answers
  const timersAfter = async (leave: "before" | "after") => {
    gate = Promise.withResolvers();
    const number = asked + 1;
    const reader = connect(Number(gateway.address.split(":")[1]), "127.0.0.1");
    reader.resume().write(`GET ${PATH} HTTP/1.1\r\nhost: gateway\r\n\r\n`);
    await until("its trip is being read", () => asked === number);
    if (leave === "before") reader.destroy();
    await until("it has left", () => leave === "after" || gateway.updates.open() === 0);
    gate.resolve();
    await until("its trip was read", () => given === number);
    reader.destroy();
    await until("nobody is left", () => gateway.updates.open() === 0);
    return timersThatStay();
  };
  const usual = await timersAfter("after");
  expect(await timersAfter("before")).toBe(usual);
});

test("half a request, and many at once on one connection, harm nobody", async () => {
  await start();
  const [host = "", port = ""] = gateway.address.split(":");
  const half = connect(Number(port), host);
  half.write(`GET ${PATH} HTTP/1.1\r\nhost: gate`);
  const greedy = connect(Number(port), host);
  greedy.write(`GET ${PATH} HTTP/1.1\r\nhost: gateway\r\n\r\n`.repeat(20));
  for (const socket of [half, greedy]) {
    socket.on("error", () => undefined); // a reset is its own answer
    stops.push(() => socket.destroy());
  }
  await until("the greedy one's are open", () => gateway.updates.open() === 20);
  const stream = await gateway.open(TRIP);
  await publishEvent(gateway.events, tripEvent(TRIP, 1, "requested"));
  await until("the estimate", () => stream.summary() === "d1 s1");
  stream.close();
  greedy.destroy();
  await until("all are gone", () => gateway.updates.open() === 0);
});
