// What the stream acknowledged and then lost is found, also where other messages have taken its place.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Trip } from "#gen/tripmesh/backend/v1/trip.ts";
import { FeatureSnapshot } from "#gen/tripmesh/duration/v1/feature_snapshot.ts";
import { tripSubject } from "#kit/events/subjects.ts";
import { startNats, type TestNats } from "../../test/harness/nats.ts";
import { until } from "../../test/harness/until.ts";
import { reconcile } from "./reconcile.ts";
import { startRelay } from "./relay.ts";
import { openStore, type Store } from "./store.ts";

const log = pino({ level: "silent" });
const EVENTS = 20;
let dir = "";
let nats: TestNats;
let store: Store;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "tripmesh-reconcile-"));
  nats = await startNats();
  store = await openStore(`sqlite:${join(dir, "backend.db")}`);
  for (let i = 0; i < EVENTS; i++) {
    const tripId = `t${i}`;
    await store.create(
      {
        trip: Trip.fromPartial({ tripId }),
        features: FeatureSnapshot.fromPartial({}),
        ...{ seq: 1, stateSeq: 1, rideHash: "", shareDone: 0, elapsedSeconds: 0 },
        ...{ lastDurationSeq: 0, lastPriceSeq: 0 },
      },
      {
        eventId: `${tripId}:1`,
        subject: tripSubject(tripId, "requested"),
        type: "tripmesh.trip.requested",
        tripId,
        body: Buffer.from(tripId),
        occurredAt: new Date(0),
        traceparent: "",
        createdAt: new Date(0),
      },
    );
  }
});
afterAll(async () => {
  await store?.close();
  await nats?.stop();
  await rm(dir, { recursive: true });
});

async function sendAll(): Promise<void> {
  const relay = startRelay(store, nats.connect("relay"), log, { retryMs: 20 });
  await until("all are sent", async () => (await store.unsentCount()) === 0);
  await relay.stop();
}

test("nothing is sent again while the stream holds everything", async () => {
  await sendAll();
  await reconcile(await nats.connect("reconcile"), store, log);
  expect(await store.unsentCount()).toBe(0);
});

test("a lost tail is found although other messages were stored in its place", async () => {
  await nats.kill();
  await nats.restart({ lost: true }); // the stream is empty again; its sequence begins at 1
  const events = await nats.connect("others");
  for (let i = 0; i < EVENTS / 2; i++) {
    await events.js.publish(tripSubject(`other${i}`, "requested"), "", { msgID: `other${i}:1` });
  }
  await reconcile(events, store, log);
  expect(await store.unsentCount()).toBe(EVENTS);
  await sendAll();
  const sent = await store.sentAbove(0);
  expect(sent.map(({ streamSeq }) => streamSeq).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: EVENTS }, (_, i) => EVENTS / 2 + i + 1),
  );
});
