// What Backend expects of its database, of SQLite and of a real Postgres alike.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Trip, TripUpdate } from "#gen/tripmesh/backend/v1/trip.ts";
import { FeatureSnapshot } from "#gen/tripmesh/duration/v1/feature_snapshot.ts";
import type { Events } from "#kit/events/connect.ts";
import { streams, tripSubject } from "#kit/events/subjects.ts";
import { firstTraffic } from "#kit/traffic/traffic.ts";
import { startNats } from "../../test/harness/nats.ts";
import { startPostgres, type TestPostgres } from "../../test/harness/postgres.ts";
import { readStream } from "../../test/harness/read-stream.ts";
import { until } from "../../test/harness/until.ts";
import { startRelay } from "./relay.ts";
import { sqliteMigrations } from "./schema.ts";
import { type OutboxEvent, openStore, type Store } from "./store.ts";
import type { TripRecord } from "./trip.ts";

const log = pino({ level: "silent" });
let dir = "";
let postgres: TestPostgres;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "tripmesh-store-"));
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
  await rm(dir, { recursive: true });
});

const record = (tripId: string, change: Partial<TripRecord> = {}): TripRecord => ({
  trip: Trip.fromPartial({
    tripId,
    riderId: "r",
    updateTime: new Date(1_612_185_300_000),
  } as Parameters<typeof Trip.fromPartial>[0]),
  features: FeatureSnapshot.fromPartial({ pickupZone: 74, dropoffZone: 236 }),
  seq: 1,
  stateSeq: 1,
  rideHash: "h",
  shareDone: 0,
  elapsedSeconds: 0.5,
  lastDurationSeq: 0,
  lastPriceSeq: 1,
  ...change,
});
const event = (tripId: string, seq = 1): OutboxEvent => ({
  eventId: `${tripId}:${seq}`,
  subject: tripSubject(tripId, "requested"),
  type: "tripmesh.trip.requested",
  tripId,
  body: Buffer.from(`body of ${tripId}:${seq}`),
  occurredAt: new Date(1_612_185_300_000),
  traceparent: "",
  createdAt: new Date(0),
});

describe.each(["sqlite", "postgres"])("the store on %s", (kind) => {
  let store: Store;
  beforeAll(async () => {
    store = await openStore(kind === "sqlite" ? `sqlite:${join(dir, "a.db")}` : postgres.url);
  });
  afterAll(() => store?.close());

  test("keeps a trip with its event, once, however often it is created at once", async () => {
    const made = await Promise.all(
      Array.from({ length: 25 }, () => store.create(record("t1"), event("t1"))),
    );
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(await store.trip("t1")).toEqual(record("t1"));
    expect(await store.unsentCount()).toBe(1);
    expect(await store.trip("nobody")).toBeUndefined();
  });

  test("makes changes one after the other, each seeing the last", async () => {
    await Promise.all(
      Array.from({ length: 20 }, () =>
        store.change("t1", (before) => {
          const seq = before.seq + 1;
          return { record: { ...before, seq }, event: event("t1", seq) };
        }),
      ),
    );
    expect((await store.trip("t1"))?.seq).toBe(21);
    expect(await store.unsentCount()).toBe(21);
  });

  test("leaves everything as it was when a change is refused or fails half way", async () => {
    const refuse = store.change("t1", () => {
      throw new Error("refused");
    });
    await expect(refuse).rejects.toThrow("refused");
    const twice = store.change("t1", (before) => ({
      record: { ...before, seq: 99 },
      event: event("t1", 1), // that event exists: the outbox refuses it after the trip was written
    }));
    await expect(twice).rejects.toThrow();
    expect((await store.trip("t1"))?.seq).toBe(21);
    expect(await store.change("t1", () => undefined)).toEqual(await store.trip("t1"));
    expect(await store.change("nobody", () => undefined)).toBeUndefined();
    expect(await store.unsentCount()).toBe(21);
  });

  test("hands out events in order, and takes back what could not be sent", async () => {
    const [first, second] = await store.takeUnsent(2);
    expect([first?.eventId, second?.eventId]).toEqual(["t1:1", "t1:2"]);
    const { body, ...rest } = event("t1");
    expect(first).toMatchObject(rest);
    expect(Buffer.from(first?.body ?? [])).toEqual(body);
    await store.markSent([{ id: first?.id ?? 0, streamSeq: 7 }]);
    await store.giveBack([second?.id ?? 0]);
    expect((await store.takeUnsent(1))[0]?.eventId).toBe("t1:2");
    await store.giveBack([second?.id ?? 0]);
    expect(await store.unsentCount()).toBe(20);
  });

  test("finds acknowledged events by sequence, makes them unsent again, and forgets old ones", async () => {
    const rows = await store.takeUnsent(20);
    await store.markSent(rows.map(({ id }, i) => ({ id, streamSeq: 8 + i })));
    expect(await store.unsentCount()).toBe(0);
    const above = await store.sentAbove(25);
    expect(above.map((row) => row.streamSeq).toSorted()).toEqual([26, 27]);
    expect(await store.resendAbove(25)).toBe(2);
    await store.resend([rows[0]?.id ?? 0]);
    const again = await store.takeUnsent(9);
    expect(again.map((row) => row.eventId).toSorted()).toEqual(["t1:2", "t1:20", "t1:21"]);
    await store.giveBack(again.map(({ id }) => id));
    expect(await store.prune(new Date(Date.now() - 60_000))).toBe(0);
    expect(await store.prune(new Date(Date.now() + 60_000))).toBe(18);
    expect(await store.unsentCount()).toBe(3);
  });

  test("keeps the newest prediction of each kind, whatever order they come in", async () => {
    const update = (seq: number, value: number) =>
      TripUpdate.fromPartial({ tripId: "t1", kind: 1, seq, value });
    await Promise.all([
      store.learn([update(3, 30), update(1, 10)]),
      store.learn([update(2, 20)]),
      store.learn([]),
    ]);
    expect(await store.known("t1")).toEqual([update(3, 30)]);
  });

  test("remembers the traffic and the latest event time", async () => {
    await store.saveTraffic(firstTraffic("tip", "v1"));
    await store.saveTraffic(firstTraffic("tip", "v2"));
    expect(await store.savedTraffic()).toEqual([firstTraffic("tip", "v2")]);
    expect(await store.latestEventTime()).toEqual(new Date(1_612_185_300_000));
  });
});

describe("SQLite", () => {
  test("brings a database of an older version up to date, with its events", async () => {
    const path = join(dir, "old.db");
    const old = new DatabaseSync(path);
    old.exec(sqliteMigrations[0] ?? "");
    old.exec("INSERT INTO outbox VALUES (1, 'e', 's', 't', 'trip', x'00', 0, 5)");
    old.close();
    const store = await openStore(`sqlite:${path}`);
    expect(await store.sentAbove(0)).toEqual([{ id: 1, eventId: "e", streamSeq: 5 }]);
    await store.close();
    await (await openStore(`sqlite:${path}`)).close();
  });

  test("refuses a database of a newer version", async () => {
    const path = join(dir, "new.db");
    const newer = new DatabaseSync(path);
    newer.exec("PRAGMA user_version = 99");
    newer.close();
    await expect(openStore(`sqlite:${path}`)).rejects.toThrow("newer version (99)");
  });
});

describe("Postgres shared by several processes", () => {
  test("can be opened by all of them at once, and hands an event to one only", async () => {
    const stores = await Promise.all([1, 2, 3].map(() => openStore(postgres.url)));
    const [first] = stores;
    for (let i = 0; i < 60; i++) await first?.create(record(`s${i}`), event(`s${i}`));
    const taken = await Promise.all(stores.map((store) => store.takeUnsent(30)));
    const ids = taken.flat().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    await first?.giveBack(ids);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("sends every event once with a relay in each", async () => {
    const nats = await startNats();
    const stores = await Promise.all([1, 2].map(() => openStore(postgres.url)));
    let publishes = 0;
    const counted = async (name: string): Promise<Events> => {
      const events = await nats.connect(name);
      const publish = events.js.publish.bind(events.js);
      events.js.publish = (...args) => {
        publishes++;
        return publish(...args);
      };
      return events;
    };
    const created = Array.from({ length: 300 }, async (_, i) =>
      stores[i % 2]?.create(record(`m${i}`), event(`m${i}`)),
    );
    await Promise.all(created);
    const waiting = (await stores[0]?.unsentCount()) ?? 0;
    const relays = stores.map((store, i) =>
      startRelay(store, counted(`relay-${i}`), log, { retryMs: 50 }),
    );
    await until("all are sent", async () => (await stores[0]?.unsentCount()) === 0);
    expect(publishes).toBe(waiting);
    const reader = await nats.connect("reader");
    const ids = await readStream(reader, streams.trips, "trips.>", (m) =>
      m.headers?.get("Nats-Msg-Id"),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBe(waiting);
    await Promise.all(relays.map((relay) => relay.stop()));
    await Promise.all(stores.map((store) => store.close()));
    await nats.stop();
  });

  test("says UNAVAILABLE while the server is away, and works again when it is back", async () => {
    const store = await openStore(postgres.url);
    await store.trip("t1");
    await postgres.kill();
    await expect(store.trip("t1")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(store.create(record("x"), event("x"))).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    await postgres.restart();
    expect((await store.trip("t1"))?.seq).toBe(21);
    expect(await store.trip("x")).toBeUndefined();
    await store.close();
  });
});

test.each(["sqlite", "postgres"])(
  "on %s an event keeps the trace of its request and its age",
  async (kind) => {
    const store = await openStore(kind === "sqlite" ? `sqlite:${join(dir, "c.db")}` : postgres.url);
    onTestFinished(() => store.close());
    const sendAll = async () => {
      const rows = await store.takeUnsent(1000);
      await store.markSent(rows.map(({ id }) => ({ id, streamSeq: 1_000_000 + id })));
      return rows;
    };
    await sendAll();
    expect(await store.oldestUnsent()).toBeUndefined();
    const traced = {
      traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01`,
      createdAt: new Date("2026-01-02T03:04:05.678Z"),
    };
    await store.create(record("traced"), { ...event("traced"), ...traced });
    expect(await store.oldestUnsent()).toEqual(traced.createdAt);
    expect(await sendAll()).toEqual([expect.objectContaining({ tripId: "traced", ...traced })]);
    await store.create(record("quiet"), event("quiet"));
    expect(await store.tracesOf(["traced:1", "quiet:1", "nobody:1"])).toEqual(
      new Map([["traced:1", traced.traceparent]]),
    );
  },
);
