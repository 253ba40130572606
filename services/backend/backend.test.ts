// Backend against a real database file, a real nats-server and a real duration server.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { TripUpdateKind } from "#gen/tripmesh/backend/v1/trip.ts";
import { DurationServiceDefinition } from "#gen/tripmesh/duration/v1/duration_service.ts";
import { PredictionRole } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { publishPrediction } from "#kit/events/publish-prediction.ts";
import { streams } from "#kit/events/subjects.ts";
import { loadBundle } from "#kit/model/bundle.ts";
import { checkSnapshot, snapshotRow } from "#kit/model/features.ts";
import { createPredictor } from "#kit/model/predictor.ts";
import { fromSeconds, fromUsd } from "#kit/rpc/amounts.ts";
import { type Client, createClient } from "#kit/rpc/client.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Handlers } from "#kit/rpc/handlers.ts";
import { handle, serve } from "#kit/rpc/server.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { readStream } from "../../test/harness/read-stream.ts";
import { until } from "../../test/harness/until.ts";
import { loadBaseline } from "./baseline.ts";
import { createEventClock } from "./clock.ts";
import { createEstimator } from "./estimate.ts";
import { followPredictions } from "./ledger.ts";
import { type Relay, startRelay } from "./relay.ts";
import { createBackendService } from "./service.ts";
import { openStore, type Store } from "./store.ts";
import { followTraffic } from "./traffic-table.ts";
import { createTripWatch } from "./watch.ts";

const log = pino({ level: "silent" });
const models = new URL("../../models", import.meta.url).pathname;
const stops: (() => unknown)[] = [];
let nats: TestNats;
let store: Store;
let relay: Relay;
let client: Client<typeof BackendServiceDefinition>;
let durationDelayMs = 0;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "tripmesh-backend-"));
  stops.unshift(() => rm(dir, { recursive: true }));
  nats = await startNats();
  stops.unshift(() => nats.stop());
  store = await openStore(`sqlite:${join(dir, "backend.db")}`);
  stops.unshift(() => store.close());

  const predictor = await createPredictor(await loadBundle(join(models, "duration/v1")));
  stops.unshift(() => predictor.close());
  const slowed: Handlers<typeof DurationServiceDefinition> = {
    async predict({ features }) {
      if (durationDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, durationDelayMs));
      const { values, featureHash } = await predictor.predict(snapshotRow(checkSnapshot(features)));
      const [durationMinutes = 0, lowerMinutes = 0, upperMinutes = 0, priceUsd = 0] = values;
      const answer = { durationMinutes, lowerMinutes, upperMinutes, priceUsd, slot: "blue" };
      const { version, digest } = predictor.card;
      return { ...answer, version, digest, featureHash: Buffer.from(featureHash) };
    },
  };
  const durationServer = await serve([handle(DurationServiceDefinition, slowed)], {
    listen: "127.0.0.1:0",
    log,
  });
  stops.unshift(() => durationServer.close(100));
  const duration = createClient(DurationServiceDefinition, durationServer.address);
  stops.unshift(() => duration.close());

  const connecting = nats.connect("backend");
  const watch = createTripWatch();
  relay = startRelay(store, connecting, log, { retryMs: 100 });
  stops.unshift(() => relay.stop());
  const traffic = await followTraffic(store, connecting, log);
  stops.unshift(() => traffic.stop());
  const ledger = await followPredictions(await connecting, store, watch, log);
  stops.unshift(() => ledger.stop());
  const service = createBackendService({
    store,
    watch,
    traffic,
    clock: createEventClock(true, undefined),
    estimate: createEstimator({
      duration,
      baseline: await loadBaseline(models),
      budgetMs: 200,
      salt: traffic.durationSalt,
      log,
    }),
    wakeRelay: relay.wake,
  });
  const server = await serve([handle(BackendServiceDefinition, service)], {
    listen: "127.0.0.1:0",
    log,
  });
  stops.unshift(() => server.close(100));
  client = createClient(BackendServiceDefinition, server.address);
  stops.unshift(() => client.close());
});
afterAll(async () => {
  for (const stop of stops) await stop();
});

const eventTime = new Date("2021-02-01T13:15:00Z");
const ride = {
  pickupZone: 74,
  dropoffZone: 236,
  pickupTime: eventTime,
  passengerCount: 1,
  tripDistanceMiles: 3.1,
};
const as = (rider: string) => ({ timeoutMs: 5000, headers: { "x-rider-id": rider } });
const request = async (rider: string, requestId: string, change: object = {}) => {
  const { trip } = await client.requestTrip(
    { requestId, ride: { ...ride, ...change }, eventTime },
    as(rider),
  );
  if (!trip) throw new Error("no trip");
  return trip;
};
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => "it was accepted",
    (error: unknown) => {
      const { code, violations } = MeshError.from(error);
      return [code, ...violations.map((v) => v.field)].join(" ");
    },
  );
const truth = {
  actualDuration: fromSeconds(900),
  cost: fromUsd(15),
  tip: fromUsd(3),
  distanceMiles: 3,
};

/** All events of a trip in the stream. */
async function eventsOf(tripId: string): Promise<TripEvent[]> {
  const events = await nats.connect(`read-${tripId}`);
  return readStream(events, streams.trips, `trips.${tripId}.>`, (m) => TripEvent.decode(m.data));
}

describe("requests", () => {
  test("a quote answers from the model and stores nothing", async () => {
    const { estimate } = await client.quote({ ride }, as("quoter"));
    expect(estimate).toMatchObject({ version: "v1", slot: "blue", degraded: false });
    expect(await store.unsentCount()).toBe(0);
  });

  test("concurrent repeats of one request make one trip with one estimate and one event", async () => {
    const trips = await Promise.all(Array.from({ length: 25 }, () => request("twin", "same")));
    expect(new Set(trips.map((t) => t.tripId)).size).toBe(1);
    expect(new Set(trips.map((t) => t.estimate?.duration?.nanos)).size).toBe(1);
    const [trip] = trips;
    await until("the event is sent", async () => (await store.unsentCount()) === 0);
    expect(await eventsOf(trip?.tripId ?? "")).toHaveLength(1);
  });

  test("the same id with another ride is ALREADY_EXISTS, of another rider another trip", async () => {
    const trip = await request("one", "same-id");
    expect(await refusal(request("one", "same-id", { dropoffZone: 7 }))).toBe("ALREADY_EXISTS");
    expect((await request("two", "same-id")).tripId).not.toBe(trip.tripId);
  });

  test.each([
    ["an unknown pickup zone", { pickupZone: 999 }, "INVALID_ARGUMENT ride.pickup_zone"],
    ["a zone of zero", { dropoffZone: 0 }, "INVALID_ARGUMENT ride.dropoff_zone"],
    [
      "a distance that is not a number",
      { tripDistanceMiles: Number.NaN },
      "INVALID_ARGUMENT ride.trip_distance_miles",
    ],
    ["a negative distance", { tripDistanceMiles: -1 }, "INVALID_ARGUMENT ride.trip_distance_miles"],
    ["minus one passenger", { passengerCount: -1 }, "INVALID_ARGUMENT ride.passenger_count"],
    [
      "a pickup next month",
      { pickupTime: new Date("2021-03-01T00:00:00Z") },
      "INVALID_ARGUMENT ride.pickup_time",
    ],
    [
      "everything wrong at once",
      { pickupZone: -1, dropoffZone: 300, passengerCount: 99 },
      "INVALID_ARGUMENT ride.pickup_zone ride.dropoff_zone ride.passenger_count",
    ],
  ])("%s is refused and nothing is stored", async (_what, change, expected) => {
    const before = await store.latestEventTime();
    expect(await refusal(request("bad", "bad", change))).toBe(expected);
    expect(await refusal(client.getTrip({ tripId: "bad" }, as("bad")))).toBe("NOT_FOUND");
    expect(await store.latestEventTime()).toEqual(before);
  });

  test("a missing or odd rider, request id or ride is refused by name", async () => {
    expect(await refusal(client.quote({ ride }, { timeoutMs: 1000 }))).toBe(
      "INVALID_ARGUMENT x-rider-id",
    );
    expect(await refusal(client.quote({ ride }, as("a b")))).toBe("INVALID_ARGUMENT x-rider-id");
    expect(await refusal(request("r", ""))).toBe("INVALID_ARGUMENT request_id");
    expect(await refusal(client.quote({ ride: undefined }, as("r")))).toBe("INVALID_ARGUMENT ride");
  });

  test("another rider's trip does not exist", async () => {
    const { tripId } = await request("owner", "mine");
    expect(await refusal(client.getTrip({ tripId }, as("thief")))).toBe("NOT_FOUND");
    expect(await refusal(client.cancelTrip({ tripId, eventTime }, as("thief")))).toBe("NOT_FOUND");
  });
});

describe("when the duration service is too slow", () => {
  test("the baseline answers inside the budget, and says so", async () => {
    durationDelayMs = 2000;
    const started = performance.now();
    const trip = await request("late", "late").finally(() => {
      durationDelayMs = 0;
    });
    expect(performance.now() - started).toBeLessThan(1500);
    expect(trip.estimate).toMatchObject({ degraded: true, version: "baseline", slot: "" });
    expect(Number(trip.estimate?.price?.units)).toBeGreaterThan(0);
  });
});

describe("a ride", () => {
  test("tells its watcher everything once, in order of sequence, and ends with the last answers", async () => {
    const { tripId } = await request("watcher", "watched");
    const seen = (async () => {
      const updates: string[] = [];
      for await (const { update } of client.watchTrip(
        { tripId },
        { ...as("watcher"), timeoutMs: 20_000 },
      )) {
        updates.push(`${update?.kind}.${update?.seq}`);
      }
      return updates;
    })();
    await client.startTrip({ tripId, eventTime }, as("watcher"));
    await client.completeTrip({ tripId, ...truth, eventTime }, as("watcher"));
    const events = await nats.connect("services");
    for (const [service, eventSeq] of [
      ["dynamic-duration", 2],
      ["tip", 1],
      ["cost", 1],
      ["tip", 1],
    ] as const) {
      await publishPrediction(events, prediction(tripId, service, eventSeq));
    }
    const updates = await seen;
    expect(new Set(updates).size).toBe(updates.length);
    expect(updates).toContain(`${TripUpdateKind.DURATION}.2`);
    expect(updates).toContain(`${TripUpdateKind.TIP}.1`);
    expect(updates).toContain(`${TripUpdateKind.STATE}.3`);
    const { trip } = await until("the ledger has it", async () => {
      const answer = await client.getTrip({ tripId }, as("watcher"));
      return answer.trip?.tip && answer.trip.cost ? answer : undefined;
    });
    expect(trip?.currentDuration).toEqual(fromSeconds(12 * 60));
  });

  test("refuses progress before its start and after its end, and impossible numbers", async () => {
    const { tripId } = await request("order", "order");
    const report = (shareDone: number, seconds: number) =>
      client.reportProgress(
        { tripId, shareDone, elapsed: fromSeconds(seconds), position: undefined, eventTime },
        as("order"),
      );
    expect(await refusal(report(0.5, 10))).toBe("FAILED_PRECONDITION");
    await client.startTrip({ tripId, eventTime }, as("order"));
    expect(await refusal(report(1.5, 10))).toBe("INVALID_ARGUMENT share_done");
    expect(await refusal(report(Number.NaN, -1))).toBe("INVALID_ARGUMENT share_done elapsed");
    const noCost = { tripId, ...truth, cost: undefined, eventTime };
    expect(await refusal(client.completeTrip(noCost, as("order")))).toBe("INVALID_ARGUMENT cost");
    await client.completeTrip({ tripId, ...truth, eventTime }, as("order"));
    expect(await refusal(report(0.9, 20))).toBe("FAILED_PRECONDITION");
  });
});

describe("when the stream is away", () => {
  test("rides go on, and afterwards every event arrives once", async () => {
    await nats.kill();
    const { tripId } = await request("patient", "patient");
    await client.startTrip({ tripId, eventTime }, as("patient"));
    await client.completeTrip({ tripId, ...truth, eventTime }, as("patient"));
    expect(await store.unsentCount()).toBe(3);
    await nats.restart();
    await until("the events are sent", async () => (await store.unsentCount()) === 0);
    const events = await eventsOf(tripId);
    expect(events.map((e) => e.seq)).toEqual([1, 2, 3]);
    expect(events[0]?.arms).toEqual({ "dynamic-duration": "blue", tip: "blue", cost: "blue" });
    expect(events[0]?.body?.value).toMatchObject({ estimate: { version: "v1" } });
  });
});

describe("when the stream has lost what it acknowledged", () => {
  test("the outbox, which is the truth, sends it again", async () => {
    const { tripId } = await request("lost", "lost");
    await client.startTrip({ tripId, eventTime }, as("lost"));
    await until("the events are sent", async () => (await store.unsentCount()) === 0);
    await nats.kill();
    await nats.restart({ lost: true });
    const events = await until("they are there again", async () => {
      const found = await eventsOf(tripId);
      return found.length === 2 ? found : undefined;
    });
    expect(events.map((e) => e.eventId)).toEqual([`${tripId}:1`, `${tripId}:2`]);
  });
});

function prediction(tripId: string, service: string, eventSeq: number) {
  return {
    tripId,
    riderId: "watcher",
    eventSeq,
    service,
    version: "v1",
    digest: "d",
    slot: "blue",
    role: PredictionRole.LIVE,
    rolloutId: "",
    stage: 0,
    value: 12,
    lower: 11,
    upper: 13,
    intervalScale: 1,
    featureHash: Buffer.alloc(32),
    occurredAt: eventTime,
    servedAt: new Date(),
    latency: fromSeconds(0),
    priceUsd: 0,
  };
}
