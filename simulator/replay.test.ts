import { afterEach, describe, expect, test } from "vitest";
import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { createClient } from "#kit/rpc/client.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { createLog } from "#kit/telemetry/log.ts";
import { createSendStep } from "./calls.ts";
import { wallClock } from "./clock.ts";
import type { Cursor } from "./cursor.ts";
import { createEventTime } from "./event-time.ts";
import { createPositions } from "./positions.ts";
import { createReplay } from "./replay.ts";
import { createRiders } from "./riders.ts";
import { createTally } from "./tally.ts";
import { type Judge, type SeenCall, startRecordingBackend } from "./testing/backend.ts";
import { first, makeTrip, START_MS, sourceOf } from "./testing/trips.ts";
import { readBaseline } from "./trips/baseline.ts";
import { createNewYorkClock } from "./trips/new-york.ts";
import { createSyntheticSource } from "./trips/synthetic.ts";
import type { RecordedTrip } from "./trips/trip.ts";

const METHODS = ["request", "start", "progress", "progress", "progress", "complete"];
const models = new URL("../models/", import.meta.url);
const log = createLog("replay-test", "silent");
const cleanUp: (() => unknown)[] = [];

afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

async function startBackend(judge?: Judge) {
  const backend = await startRecordingBackend(judge);
  const client = createClient(BackendServiceDefinition, backend.address);
  cleanUp.push(
    () => backend.close(0),
    () => client.close(),
  );
  return { backend, client };
}

type Client = Awaited<ReturnType<typeof startBackend>>["client"];

/** A replay at full speed with everything real but the mesh behind the server. */
function replayOf(
  trips: readonly RecordedTrip[],
  client: Client,
  options: { speed?: number; tripLimit?: number; resumeFrom?: Cursor | undefined } = {},
) {
  const { speed = Number.POSITIVE_INFINITY, tripLimit = 0, resumeFrom } = options;
  const tally = createTally();
  const answers = { first: 0 };
  const replay = createReplay({
    source: sourceOf(trips),
    fromMs: 0,
    tripLimit,
    maxInFlight: 8,
    eventTime: createEventTime(speed, wallClock),
    clock: wallClock,
    resumeFrom,
    traveller: {
      send: createSendStep(client, {
        positionOn: createPositions(new URL("zones.json", models)),
        tellDistance: true,
        traceRate: 0,
        onFirstAnswer: () => answers.first++,
      }),
      riderOf: createRiders(1),
      seed: 1,
      random: () => 0,
      tally,
      log,
    },
  });
  return { replay, tally, answers };
}

async function generated(count: number): Promise<RecordedTrip[]> {
  const baseline = readBaseline(new URL("baseline/baseline.json", models));
  const source = createSyntheticSource({ baseline, clock: createNewYorkClock(), seed: 1 });
  return first(count, source.trips(START_MS));
}

function callsOf(calls: readonly SeenCall[], trip: RecordedTrip): readonly SeenCall[] {
  return calls.filter(({ tripId }) => tripId === `trip-${trip.id}`);
}

describe("twenty generated trips", () => {
  test("are told to the mesh call by call, in order, as they happened", async () => {
    const trips = await generated(20);
    const { backend, client } = await startBackend();
    const { replay, tally, answers } = replayOf(trips, client);
    await replay.run();

    expect(tally).toMatchObject({
      requested: 20,
      completed: 20,
      failed: 0,
      calls: 120,
      retries: 0,
    });
    expect(answers.first).toBe(1);
    for (const trip of trips) {
      const calls = callsOf(backend.answered, trip);
      expect(calls.map(({ method }) => method)).toEqual(METHODS);
      expect(new Set(calls.map(({ riderId }) => riderId))).toEqual(
        new Set([createRiders(1)(trip.id)]),
      );
      const times = calls.map(({ eventMs }) => eventMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times[1]).toBe(trip.pickupMs);
      expect(times[5]).toBe(trip.pickupMs + trip.durationSeconds * 1000);
      for (const { deadlineMs } of calls) expect(deadlineMs).toBeLessThanOrEqual(2000);
    }
  });

  test("all arrive although every third call is refused for a moment", async () => {
    const trips = await generated(20);
    const refused = new Set<unknown>();
    let calls = 0;
    const { backend, client } = await startBackend(() => {
      if (++calls % 3 === 0) {
        refused.add(calls);
        throw new MeshError("UNAVAILABLE", "not now");
      }
    });
    const { replay, tally } = replayOf(trips, client);
    await replay.run();
    expect(tally).toMatchObject({ completed: 20, failed: 0, retries: refused.size });
    for (const trip of trips) {
      const answered = callsOf(backend.answered, trip).map(({ method }) => method);
      expect(answered).toEqual(METHODS);
    }
  });
});

describe("a call", () => {
  test("says what the records say, and nothing that they do not", async () => {
    const dispatched = makeTrip({
      id: "green-2021-02-1",
      row: 1,
      passengerCount: undefined,
      distanceMiles: undefined,
      tipUsd: undefined,
    });
    const { backend, client } = await startBackend();
    await replayOf([makeTrip(), dispatched], client).replay.run();
    const bodies = (trip: RecordedTrip) => callsOf(backend.seen, trip).map(({ body }) => body);

    const [request, , progress, , , completion] = bodies(makeTrip());
    expect(request).toMatchObject({
      requestId: "green-2021-02-0",
      ride: { pickupZone: 74, dropoffZone: 236, pickupTime: new Date(START_MS), passengerCount: 1 },
    });
    expect(request).toHaveProperty("ride.tripDistanceMiles", 2.5);
    expect(progress).toMatchObject({ shareDone: 0.25, position: { latitude: expect.any(Number) } });
    expect(completion).toMatchObject({
      actualDuration: { seconds: 600n, nanos: 0 },
      cost: { currencyCode: "USD", units: 12n, nanos: 300_000_000 },
      tip: { currencyCode: "USD", units: 2n, nanos: 0 },
      distanceMiles: 2.5,
    });

    const [bare, , , , , unknownTip] = bodies(dispatched);
    expect(bare).toHaveProperty("ride.passengerCount", undefined);
    expect(bare).toHaveProperty("ride.tripDistanceMiles", undefined);
    expect(unknownTip).toMatchObject({ tip: undefined, distanceMiles: 0 });
  });

  test("that fails for good costs its own trip, no other", async () => {
    const trips = await generated(10);
    const unlucky = trips[4] ?? makeTrip();
    const { backend, client } = await startBackend(({ method, tripId }) => {
      if (method === "start" && tripId === `trip-${unlucky.id}`) {
        throw new MeshError("INTERNAL", "broken");
      }
    });
    const { replay, tally } = replayOf(trips, client);
    await replay.run();
    expect(tally).toMatchObject({ requested: 10, completed: 9, failed: 1 });
    expect(callsOf(backend.seen, unlucky).map(({ method }) => method)).toEqual([
      "request",
      "start",
    ]);
    expect(replay.open).toBe(0);
  });
});

describe("a replay that is stopped", () => {
  test("goes on where it was: rides under way are finished, none is asked for twice", async () => {
    const trips = await generated(40);
    const hang = Promise.withResolvers<void>();
    const hung = Promise.withResolvers<void>();
    let isHanging = false;
    let wasHanging = false;
    const { backend, client } = await startBackend(async ({ method }) => {
      isHanging ||= !wasHanging && method === "complete" && backend.answered.length > 80;
      if (!isHanging) return;
      hung.resolve();
      await hang.promise;
      throw new MeshError("UNAVAILABLE", "too late");
    });
    const before = replayOf(trips, client);
    const running = before.replay.run();
    await hung.promise;
    const stoppedAt = performance.now();
    await before.replay.stop(50);
    await running;
    expect(performance.now() - stoppedAt).toBeLessThan(1500);
    expect(before.tally.failed).toBe(0);
    const cursor = before.replay.cursor("test");
    expect(cursor?.open.length).toBeGreaterThan(0);

    isHanging = false;
    wasHanging = true;
    hang.resolve();
    const after = replayOf(trips, client, { resumeFrom: cursor });
    await after.replay.run();
    expect(after.tally.failed).toBe(0);
    expect(before.tally.completed + after.tally.completed).toBe(40);
    for (const trip of trips) {
      const methods = callsOf(backend.answered, trip).map(({ method }) => method);
      expect(methods).toEqual(METHODS);
    }
  });

  test("counts the trips of the run before against the limit", async () => {
    const trips = await generated(30);
    const { client } = await startBackend();
    const one = replayOf(trips, client, { tripLimit: 12 });
    await one.replay.run();
    expect(one.tally.completed).toBe(12);
    const resumeFrom = one.replay.cursor("test");
    expect(resumeFrom).toMatchObject({ taken: 12, open: [] });
    const same = replayOf(trips, client, { tripLimit: 12, resumeFrom });
    await same.replay.run();
    expect(same.tally.calls).toBe(0);
    const more = replayOf(trips, client, { tripLimit: 20, resumeFrom });
    await more.replay.run();
    expect(more.tally).toMatchObject({ completed: 8, knownBefore: 0 });
  });

  test("without a cursor asks again and hears that the trips are known", async () => {
    const trips = await generated(5);
    const { client } = await startBackend();
    await replayOf(trips, client).replay.run();
    const again = replayOf(trips, client);
    await again.replay.run();
    expect(again.tally).toMatchObject({ knownBefore: 5, calls: 5, requested: 0, failed: 0 });
  });

  test("was killed between a call and its note: what the mesh already knows is passed over", async () => {
    const trips = await generated(3);
    const { client } = await startBackend();
    await replayOf(trips, client).replay.run();
    const last = trips[2] ?? makeTrip();
    const resumeFrom: Cursor = {
      replay: "test",
      taken: 3,
      through: { pickupMs: last.pickupMs, row: last.row },
      open: trips.map(({ id, pickupMs }) => ({ id, pickupMs, stepsDone: 1, tripId: `trip-${id}` })),
    };
    const again = replayOf(trips, client, { resumeFrom });
    await again.replay.run();
    expect(again.tally).toMatchObject({ completed: 3, failed: 0 });
  });
});
