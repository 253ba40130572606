// The story of a trip over HTTP, from a real event stream.
import { expect, onTestFinished, test } from "vitest";
import type { Events } from "#kit/events/connect.ts";
import { startNats } from "../../test/harness/nats.ts";
import { publishAnswers, publishEvent, silent, tripEvent } from "../gateway-under-test.ts";
import { listen } from "../http-server.ts";
import { openStored, type StoredTrips } from "../stored.ts";
import { createStoryRoute } from "./story-route.ts";
import type { StoryView } from "./view.ts";

const ride = { modelsDir: "models", backend: "127.0.0.1:8080" };

async function serveStories(stored: Pick<StoredTrips, "readTrip">) {
  const route = createStoryRoute({ stored, ...ride });
  const http = await listen([route], { listen: "127.0.0.1:0", log: silent });
  onTestFinished(() => http.close());
  return async (tripId: string) => {
    const response = await fetch(`http://${http.address}/api/trips/${tripId}/story`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
}

async function publishRide(events: Events, tripId: string): Promise<void> {
  for (const [index, name] of ["requested", "started", "completed"].entries()) {
    await publishEvent(events, tripEvent(tripId, index + 1, name));
    if (name !== "completed") await publishAnswers(events, tripId, index + 1);
  }
}

test("a ride is told with its estimates, its corrections and its truth", async () => {
  const nats = await startNats();
  onTestFinished(() => nats.stop());
  const events = await nats.connect("gateway");
  await publishRide(events, "t1");
  const ask = await serveStories(await openStored(events));
  const { status, body } = await ask("t1");
  expect(status).toBe(200);
  const story = body as unknown as StoryView;
  expect(story.chapters.map(({ event }) => event)).toEqual(["requested", "started", "completed"]);
  const [first, corrected] = story.chapters
    .flatMap(({ sayings }) => sayings)
    .filter(({ quantity }) => quantity === "duration");
  expect(first).toMatchObject({ value: 10, lower: 8, upper: 14, version: "v1", change: null });
  expect(first?.inputs[0]).toEqual({ name: "pickup_zone", value: 74, isChanged: false });
  expect(first?.inputs.at(-1)).toEqual({ name: "passenger_count", value: null, isChanged: false });
  expect(corrected).toMatchObject({ service: "dynamic-duration", value: 12, change: 2 });
  expect(story).toMatchObject({
    ...{ isOver: true, isCut: false, backend: ride.backend },
    truth: { minutes: 12, tipUsd: null },
    ride: { pickupZone: 74, dropoffZone: 236 },
  });

  expect(await ask("nobody")).toMatchObject({
    status: 404,
    body: { message: "the streams hold no trip nobody" },
  });
  expect(await ask("a%20b")).toMatchObject({
    status: 400,
    body: { message: "a b is no trip's id" },
  });
});

test("a trip without end is told up to its thousandth event", async () => {
  const asked: (number | undefined)[] = [];
  const ask = await serveStories({
    async readTrip(tripId, maxMessages = 0) {
      asked.push(maxMessages);
      const events = Array.from({ length: maxMessages }, (_, index) => ({
        event: tripEvent(tripId, index + 1, index === 0 ? "requested" : "progressed"),
        ...{ storedAt: new Date(), traceparent: "" },
      }));
      return { events, predictions: [] };
    },
  });
  expect((await ask("long")).body).toMatchObject({ isCut: true, isOver: false });
  expect(asked).toEqual([1000]);
});

test("a stream that does not answer is 503, and only eight stories are read at once", async () => {
  const { promise, reject } = Promise.withResolvers<never>();
  const ask = await serveStories({ readTrip: () => promise });
  const waiting = Array.from({ length: 9 }, () => ask("t1"));
  const refused = await Promise.race(waiting);
  expect(refused).toMatchObject({ status: 429, body: { message: "too many at once" } });
  reject(new Error("not within 5000 ms"));
  const answers = await Promise.all(waiting);
  expect(answers.map(({ status }) => status).sort()).toEqual([429, ...Array(8).fill(503)].sort());
  expect((await ask("t1")).status).toBe(503); // its place was given back
});
