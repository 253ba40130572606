// Consumers against a real nats-server: what is acknowledged, put aside, shared and stored once.
import { AckPolicy, jetstreamManager } from "@nats-io/jetstream";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Estimate } from "#gen/tripmesh/backend/v1/ride.ts";
import { DeadLetter } from "#gen/tripmesh/events/v1/dead_letter.ts";
import {
  type Prediction,
  PredictionBatch,
  PredictionRole,
} from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { loadBundle } from "#kit/model/bundle.ts";
import { createPredictor, type Predictor } from "#kit/model/predictor.ts";
import { toPriceRow } from "#kit/model/price-row.ts";
import { fromMinutes } from "#kit/rpc/amounts.ts";
import { invalidArgument } from "#kit/rpc/errors.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { readStream } from "../../test/harness/read-stream.ts";
import { until } from "../../test/harness/until.ts";
import type { Events } from "./connect.ts";
import { type ConsumeOptions, type Consumer, consume } from "./consume.ts";
import { provisionSlot } from "./provision.ts";
import { publishPrediction } from "./publish-prediction.ts";
import { createScorer } from "./score.ts";
import { durableName, isAnsweredBy, streams, tripSubject } from "./subjects.ts";

const log = pino({ level: "silent" });
let nats: TestNats;
let events: Events;
let predictor: Predictor;
beforeAll(async () => {
  nats = await startNats();
  events = await nats.connect();
  predictor = await createPredictor(
    await loadBundle(new URL("../../models/tip/v1", import.meta.url).pathname),
  );
});
afterAll(async () => {
  await predictor?.close();
  await nats?.stop();
});

function requested(tripId: string, arm = "blue"): TripEvent {
  return {
    ...TripEvent.create(),
    eventId: `${tripId}:1`,
    tripId,
    riderId: "r1",
    seq: 1,
    occurredAt: new Date("2021-02-01T13:00:00Z"),
    features: {
      pickupZone: 74,
      dropoffZone: 236,
      pickupLocalSeconds: 1_612_166_400n,
      tripDistanceMiles: undefined,
      passengerCount: undefined,
    },
    arms: { tip: arm },
    body: {
      $case: "requested",
      value: {
        estimate: { ...Estimate.create(), duration: fromMinutes(12) },
        featureHash: Buffer.alloc(0),
      },
    },
  };
}

async function publish(event: TripEvent, id = event.eventId): Promise<void> {
  const body = TripEvent.encode(event).finish();
  await events.js.publish(tripSubject(event.tripId, "requested"), body, { msgID: id });
}

function consumeTips(
  on: Events,
  slot: "blue" | "green",
  handle: (event: TripEvent) => Promise<void>,
  options: Partial<ConsumeOptions<TripEvent>> = {},
) {
  return consume(on, {
    ...options,
    stream: streams.trips,
    durable: durableName("tip", slot),
    decode: (bytes) => TripEvent.decode(bytes),
    handle,
    owner: { service: "tip", slot },
    log,
  });
}

const readPredictions = async (): Promise<Prediction[]> =>
  (
    await readStream(events, streams.predictions, "predictions.tip.>", (m) =>
      PredictionBatch.decode(m.data),
    )
  ).flatMap((batch) => batch.predictions);

const waiting = async (slot: string) => {
  const consumer = await events.js.consumers.get(streams.trips, `tip-${slot}`);
  const { num_pending, num_ack_pending } = await consumer.info();
  return num_pending + num_ack_pending;
};

test("a slot's durable that had filters loses them", async () => {
  const manager = await jetstreamManager(events.connection);
  const filters = ["trips.*.requested", "trips.*.progressed", "redo.cost.blue.>"];
  await manager.consumers.add(streams.trips, {
    durable_name: "cost-blue",
    ack_policy: AckPolicy.Explicit,
    filter_subjects: filters,
  });
  await provisionSlot(events, "cost", "blue", "all");
  const { config } = await manager.consumers.info(streams.trips, "cost-blue");
  expect(config.filter_subjects ?? []).toEqual([]);
});

describe("a consumer", () => {
  test("scores each event once, live for its own arm and shadow for the other's, shared by processes", async () => {
    await provisionSlot(events, "tip", "blue", "all");
    const scorerOf = (on: Events) =>
      createScorer({
        service: "tip",
        slot: "blue",
        predictor,
        toRow: toPriceRow,
        intervalScale: () => 1,
        publish: (prediction) => publishPrediction(on, prediction),
      });
    const processes: Consumer[] = [];
    for (const name of ["tip-1", "tip-2"]) {
      const own = await nats.connect(name);
      processes.push(await consumeTips(own, "blue", scorerOf(own)));
    }
    for (let i = 0; i < 100; i++) await publish(requested(`t${i}`, i % 4 === 0 ? "green" : "blue"));
    await publish(requested("t7"), "t7:1:again"); // stored twice, as after the stream's dedupe window
    await until("all are acknowledged", async () => (await waiting("blue")) === 0);
    const predictions = await readPredictions();
    expect(predictions).toHaveLength(100);
    expect(new Set(predictions.map((p) => p.tripId)).size).toBe(100);
    const shadows = predictions.filter((p) => p.role === PredictionRole.SHADOW);
    expect(shadows.map((p) => p.tripId)).toContain("t4");
    expect(shadows).toHaveLength(25);
    await Promise.all(processes.map((process) => process.stop()));
  });

  test("puts what can never be handled aside, byte for byte, with its reason, and goes on", async () => {
    await provisionSlot(events, "tip", "green", "new");
    const seen: string[] = [];
    const consumer = await consumeTips(events, "green", async (event) => {
      if (event.tripId === "bad")
        throw invalidArgument([{ field: "features", description: "are odd" }]);
      seen.push(event.tripId);
    });
    const garbage = Buffer.from([0xff, 0xff, 0xff]);
    await events.js.publish(tripSubject("garbage", "requested"), garbage);
    await publish(requested("bad"));
    await publish(requested("good"));
    await until("all are settled", async () => (await waiting("green")) === 0);
    const letters = await readStream(events, streams.deadLetters, "dead.tip.green", (m) =>
      DeadLetter.decode(m.data),
    );
    expect(seen).toEqual(["good"]);
    expect(letters.map((l) => l.subject).toSorted()).toEqual([
      tripSubject("bad", "requested"),
      tripSubject("garbage", "requested"),
    ]);
    expect(letters.find((l) => l.subject.includes("garbage"))?.payload).toEqual(garbage);
    expect(letters.find((l) => l.subject.includes("bad"))?.reason).toContain("features: are odd");
    await consumer.stop();
  });

  test("acknowledges unread what its service does not answer or is replayed to another", async () => {
    const seen: string[] = [];
    const consumer = await consumeTips(
      events,
      "green",
      async (event) => void seen.push(event.tripId),
      { isOwn: (subject) => isAnsweredBy("tip", "green", subject) },
    );
    const body = (tripId: string) => TripEvent.encode(requested(tripId)).finish();
    await events.js.publish(tripSubject("ended", "completed"), Buffer.from([0xff]));
    await events.js.publish("redo.tip.blue.others.requested", body("others"));
    await events.js.publish("redo.tip.green.own.requested", body("own"));
    await publish(requested("next"));
    await until("all are settled", async () => (await waiting("green")) === 0);
    expect(seen).toEqual(["own", "next"]);
    await consumer.stop();
  });

  test("gives an event back when its process dies before it was stored", async () => {
    const dying = await nats.connect("dying");
    const taken = Promise.withResolvers<void>();
    await consumeTips(dying, "green", () => {
      taken.resolve();
      return new Promise(() => {}); // never done
    });
    await publish(requested("orphan"));
    await taken.promise;
    await dying.connection.close();
    const seen = Promise.withResolvers<string>();
    const heir = await consumeTips(events, "green", async (event) => seen.resolve(event.tripId));
    expect(await seen.promise).toBe("orphan"); // after the durable's first back-off, 5 s
    await heir.stop();
  });

  test("tells the server of long work, also of what waits behind it, so that nobody gets it twice", async () => {
    const deliveries = new Map<string, number>();
    const consumer = await consumeTips(
      events,
      "green",
      async ({ tripId }) => {
        deliveries.set(tripId, (deliveries.get(tripId) ?? 0) + 1);
        await new Promise((resolve) => setTimeout(resolve, 2_500)); // the work; the time-out is 5 s
      },
      { maxInFlight: 1 },
    );
    const trips = ["slow-1", "slow-2", "slow-3"];
    for (const trip of trips) await publish(requested(trip));
    await until("all are settled", async () => (await waiting("green")) === 0);
    expect([...deliveries]).toEqual(trips.map((trip) => [trip, 1]));
    await consumer.stop();
  });

  test("gives up what takes too long, and does the rest meanwhile", async () => {
    const seen: string[] = [];
    const consumer = await consumeTips(
      events,
      "green",
      ({ tripId }) => {
        seen.push(tripId);
        return tripId === "hangs" && seen.length === 1 ? new Promise(() => {}) : Promise.resolve();
      },
      { maxInFlight: 1, handleWithinMs: 100 },
    );
    for (const trip of ["hangs", "waits"]) await publish(requested(trip));
    await until("both are settled", async () => (await waiting("green")) === 0);
    expect(seen).toEqual(["hangs", "waits", "hangs"]);
    await consumer.stop();
  });

  test("goes on when its durable was deleted and made again, and fails when it is not", async () => {
    const seen: string[] = [];
    const attached: boolean[] = [];
    const consumer = await consumeTips(
      events,
      "green",
      async ({ tripId }) => void seen.push(tripId),
      { attachWithinMs: 3_000, onAttached: (is) => attached.push(is) },
    );
    const remove = async () => (await events.js.consumers.get(streams.trips, "tip-green")).delete();
    await remove();
    await until("the loss is noticed", () => attached.length === 1);
    await provisionSlot(events, "tip", "green", "new");
    await publish(requested("after"));
    await until("it goes on", () => seen.includes("after"));
    expect(attached).toEqual([false, true]);
    await remove();
    await expect(consumer.failed).rejects.toThrow("the durable tip-green on TRIPS is gone");
  });
});
