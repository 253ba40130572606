import pino from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Events } from "#kit/events/connect.ts";
import { tripSubject } from "#kit/events/subjects.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/until.ts";
import { type EvidenceFeed, followEvidence } from "./follow-evidence.ts";
import { planFor, START_MS } from "./judge/testing/facts.ts";

let nats: TestNats;
let events: Events;
let feed: EvidenceFeed | undefined;
beforeEach(async () => {
  nats = await startNats();
  events = await nats.connect("rollout");
});
afterEach(async () => {
  await feed?.stop();
  await nats.stop();
});

async function request(tripId: string): Promise<void> {
  const event = TripEvent.fromPartial({
    tripId,
    riderId: "r",
    seq: 1,
    occurredAt: new Date(START_MS),
    features: { pickupZone: 74 },
    body: { $case: "requested", value: {} },
  } as never);
  const body = TripEvent.encode(event).finish();
  await events.js.publish(tripSubject(tripId, "requested"), body, { msgID: tripId });
}

function follow() {
  const times: Date[] = [];
  feed = followEvidence({
    events,
    plan: planFor(),
    since: new Date(Date.now() - 60_000),
    traffics: () => [],
    onStored: (at) => times.push(at),
    log: pino({ level: "silent" }),
  });
  return { feed, times };
}

test("what was stored before is read first, what is stored later comes by itself", async () => {
  await request("a");
  await request("b");
  const { feed: of, times } = follow();
  await of.read;
  expect([...of.evidence.trips.keys()]).toEqual(["a", "b"]);
  expect(times.length).toBe(2);
  await request("c");
  await until("it is read", () => of.evidence.trips.has("c"));
});

test("a server that was killed is read on from where it was, each trip once", async () => {
  await request("a");
  const { feed: of, times } = follow();
  await of.read;
  await nats.kill();
  await nats.restart();
  await until("it can be written again", () =>
    request("b").then(
      () => true,
      () => false,
    ),
  );
  const began = performance.now();
  await until("it is read", () => of.evidence.trips.has("b"), 60_000);
  console.log(`after ${Math.round(performance.now() - began)} ms`);
  expect(times.length).toBe(2);
}, 90_000);
