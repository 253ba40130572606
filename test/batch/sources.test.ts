// Rows out of real databases: Backend's own store, and tables of SQLite and Postgres that hold the same.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Trip, TripState } from "#gen/tripmesh/backend/v1/trip.ts";
import { createPredictor } from "#kit/model/predictor.ts";
import { fromMinutes, fromUsd } from "#kit/rpc/amounts.ts";
import { openStore } from "../../services/backend/store.ts";
import type { TripRecord } from "../../services/backend/trip.ts";
import { type Job, jobSchema } from "../../services/batch/job/spec.ts";
import { windowAt } from "../../services/batch/job/window.ts";
import {
  type Bench,
  monthJob,
  openBench,
  publishedRows,
  rowsDigest,
  runJob,
} from "../../services/batch/testing/batch-under-test.ts";
import { startPostgres, type TestPostgres } from "../harness/postgres.ts";

const DAY = windowAt("day", Date.UTC(2021, 1, 4));
const TRIPS = 300;
let dir = "";
let postgres: TestPostgres;
let bench: Bench;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "tripmesh-batch-sources-"));
  [postgres, bench] = await Promise.all([startPostgres(), openBench()]);
});
afterAll(async () => {
  await bench.close();
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
});

describe.each(["sqlite", "postgres"])("Backend's database in %s", (kind) => {
  const url = () => (kind === "sqlite" ? `sqlite:${join(dir, "backend.db")}` : postgres.url);
  const job = () => tripsJob(url(), `sqlite:${join(dir, `trips-${kind}.db`)}`);

  test("gives the completed trips of the window, scored from what was known at the request", async () => {
    await fillBackend(url());
    const result = await runJob(job(), bench, { window: DAY });
    expect(result).toMatchObject({ outcome: "published", rows: TRIPS, quarantined: 0 });
    const rows = await publishedRows(job());
    const predictor = await createPredictor(bench.bundle);
    try {
      for (const i of [0, 1, TRIPS - 1]) {
        const row = rows.find(({ row_key: key }) => key === `trip-${String(i).padStart(4, "0")}`);
        const f = featuresOf(i);
        const miles = f.tripDistanceMiles ?? Number.NaN;
        const passengers = f.passengerCount ?? Number.NaN;
        const seconds = Number(f.pickupLocalSeconds);
        const online = await predictor.predict([
          ...[f.pickupZone, f.dropoffZone, seconds, miles, passengers],
        ]);
        const names = bench.bundle.card.outputs.map(({ name }) => name);
        expect(names.map((name) => row?.[name])).toEqual([...online.values]);
        expect(row?.["actual_minutes"]).toBeCloseTo(5 + i / 60, 9);
        expect(row?.["shown_version"]).toBe("v1");
      }
    } finally {
      await predictor.close();
    }
  });

  test("with one more trip is another run; with none it is the same", async () => {
    const openScorers = () => Promise.reject(new Error("scored"));
    const same = await runJob(job(), bench, { window: DAY, openScorers });
    expect(same.outcome).toBe("unchanged");
    const store = await openStore(url());
    await store.create(completedTrip(TRIPS, DAY.toMs - 1), eventOf(TRIPS));
    await store.close();
    const grown = await runJob(job(), bench, { window: DAY });
    expect(grown).toMatchObject({ outcome: "published", rows: TRIPS + 1 });
    expect(grown.runId).not.toBe(same.runId);
  });
});

test("both databases hold the same rows, so both jobs wrote the same", async () => {
  const [one, two] = await Promise.all(
    ["sqlite", "postgres"].map((kind) =>
      publishedRows(tripsJob("sqlite:unused", `sqlite:${join(dir, `trips-${kind}.db`)}`)),
    ),
  );
  expect(one).toHaveLength(TRIPS + 1);
  expect(rowsDigest(one ?? [])).toBe(rowsDigest(two ?? []));
});

describe("a table", () => {
  const columns = ["id", "at", "ended", "PULocationID", "DOLocationID", "passenger_count"];
  const rides = Array.from({ length: 500 }, (_, i) => [
    `ride-${i}`,
    `2021-01-${String(1 + (i % 31)).padStart(2, "0")} 08:00:00`,
    `2021-01-${String(1 + (i % 31)).padStart(2, "0")} 08:${String(10 + (i % 40))}:00`,
    1 + (i % 263),
    1 + ((i * 7) % 263),
    i % 3 === 0 ? null : i % 5,
  ]);

  test("of SQLite and the same of Postgres give the same rows", async () => {
    const sqlite = join(dir, "rides.db");
    fillSqlite(sqlite, columns, rides);
    await fillPostgres(postgres.url, columns, rides);
    const digests: string[] = [];
    for (const [name, url] of [
      ["from-sqlite", `sqlite:${sqlite}`],
      ["from-postgres", postgres.url],
    ] as const) {
      const job = tableJob(url, `sqlite:${join(dir, `${name}.db`)}`);
      expect(await runJob(job, bench)).toMatchObject({ rows: 500, quarantined: 0, outside: 0 });
      digests.push(rowsDigest(await publishedRows(job)));
    }
    expect(digests[0]).toBe(digests[1]);
  });

  test("that changed after a crash: --resume ends with the rows it began with", async () => {
    const sqlite = join(dir, "changing.db");
    fillSqlite(sqlite, columns, rides);
    const job = tableJob(`sqlite:${sqlite}`, `sqlite:${join(dir, "changing-results.db")}`);
    const openScorers = () => Promise.reject(new Error("the power went out"));
    await expect(runJob(job, bench, { openScorers })).rejects.toThrow("the power went out");
    fillSqlite(sqlite, columns, rides.slice(0, 100));
    const resumed = await runJob(job, bench, { resume: true });
    expect(resumed).toMatchObject({ outcome: "published", rows: 500 });
    const fresh = await runJob(job, bench);
    expect(fresh).toMatchObject({ outcome: "published", rows: 100 });
    expect(fresh.runId).not.toBe(resumed.runId);
    expect(await publishedRows(job)).toHaveLength(100);
  });

  test("that a newer run was published of is not put back by --resume of an older one", async () => {
    const sqlite = join(dir, "overtaken.db");
    fillSqlite(sqlite, columns, rides);
    const job = tableJob(`sqlite:${sqlite}`, `sqlite:${join(dir, "overtaken-results.db")}`);
    const openScorers = () => Promise.reject(new Error("the power went out"));
    await expect(runJob(job, bench, { openScorers })).rejects.toThrow("the power went out");
    fillSqlite(sqlite, columns, rides.slice(0, 100));
    const newer = await runJob(job, bench);
    const resumed = await runJob(job, bench, { resume: true });
    expect(resumed).toMatchObject({ outcome: "unchanged", runId: newer.runId });
    expect(await publishedRows(job)).toHaveLength(100);
  });

  test("without a row in the window is published as such, so that a schedule goes on", async () => {
    const job = tableJob(`sqlite:${join(dir, "rides.db")}`, `sqlite:${join(dir, "empty.db")}`);
    const window = windowAt("month", Date.UTC(2020, 0, 1));
    expect(await runJob(job, bench, { window })).toMatchObject({ outcome: "published", rows: 0 });
    expect(await runJob(job, bench, { window })).toMatchObject({ outcome: "unchanged" });
  });

  test("that a run was begun on under another mapping is not gone on with", async () => {
    const job = tableJob(`sqlite:${join(dir, "rides.db")}`, `sqlite:${join(dir, "mapped.db")}`);
    const openScorers = () => Promise.reject(new Error("the power went out"));
    await expect(runJob(job, bench, { openScorers })).rejects.toThrow("power");
    const changed = { ...job, shardRows: 99 };
    await expect(runJob(changed, bench, { resume: true })).rejects.toThrow(
      "cannot be gone on with",
    );
    expect(await runJob(changed, bench)).toMatchObject({ outcome: "published" });
  });
});

function tripsJob(source: string, destination: string): Job {
  return jobSchema.parse({
    name: "trips",
    model: "duration@v1",
    window: "day",
    source: { kind: "trips", url: source },
    inputs: {
      pickup_zone: "pickup_zone",
      dropoff_zone: "dropoff_zone",
      pickup_local_seconds: "pickup_local_seconds",
      trip_distance_miles: { from: "trip_distance_miles", maxNullShare: 1 },
      passenger_count: { from: "passenger_count", maxNullShare: 1 },
    },
    keep: {
      actual_minutes: "actual_minutes",
      shown_version: { from: "shown_version", type: "text" },
    },
    destination: { url: destination, table: "trip_durations" },
    shardRows: 100,
  });
}

function tableJob(source: string, destination: string): Job {
  const month = monthJob("parquet:unused", destination);
  const at = { from: "at", type: "wall-seconds" };
  return jobSchema.parse({
    ...month,
    name: "rides",
    source: { kind: "table", url: source, table: "rides", key: "id", time: "at" },
    inputs: { ...month.inputs, pickup_local_seconds: at },
    keep: { actual_minutes: { from: ["at", "ended"], type: "minutes-between" } },
  });
}

function featuresOf(i: number): TripRecord["features"] {
  return {
    pickupZone: 1 + (i % 263),
    dropoffZone: 1 + ((i * 7) % 263),
    pickupLocalSeconds: BigInt(DAY.fromMs / 1000 + i),
    tripDistanceMiles: i % 4 === 0 ? undefined : Math.fround(0.1 + i / 7),
    passengerCount: i % 3 === 0 ? undefined : i % 5,
  };
}

function completedTrip(
  i: number,
  completedMs: number,
  state: Trip["state"] = TripState.COMPLETED,
): TripRecord {
  const trip = Trip.fromPartial({
    tripId: `trip-${String(i).padStart(4, "0")}`,
    riderId: `rider-${i}`,
    state,
    estimate: { duration: fromMinutes(7), version: "v1" },
    truth: { actualDuration: fromMinutes(5 + i / 60), cost: fromUsd(12.5), distanceMiles: 1 },
    createTime: new Date(completedMs - 600_000),
    updateTime: new Date(completedMs),
  });
  return {
    ...{ trip, features: featuresOf(i), rideHash: String(i) },
    ...{ seq: 4, stateSeq: 4, shareDone: 1, elapsedSeconds: 300 },
    ...{ lastDurationSeq: 3, lastPriceSeq: 3 },
  };
}

function eventOf(i: number) {
  return {
    eventId: `trip-${i}:1`,
    subject: `trips.trip-${i}.completed`,
    type: "completed",
    tripId: `trip-${i}`,
    body: new Uint8Array(),
    occurredAt: new Date(DAY.fromMs),
    traceparent: "",
    createdAt: new Date(DAY.fromMs),
  };
}

/** Trips of the day, and others that are no business of the job: of other days, and one that goes on. */
async function fillBackend(url: string): Promise<void> {
  const store = await openStore(url);
  try {
    for (let i = 0; i < TRIPS; i++) {
      await store.create(completedTrip(i, DAY.fromMs + i * 1_000), eventOf(i));
    }
    await store.create(completedTrip(9_001, DAY.fromMs - 1), eventOf(9_001));
    await store.create(completedTrip(9_002, DAY.toMs), eventOf(9_002));
    await store.create(completedTrip(9_003, DAY.fromMs, TripState.STARTED), eventOf(9_003));
  } finally {
    await store.close();
  }
}

type Cells = readonly (string | number | null)[];

function fillSqlite(path: string, columns: readonly string[], rows: readonly Cells[]): void {
  const db = new DatabaseSync(path);
  try {
    db.exec(`DROP TABLE IF EXISTS rides; CREATE TABLE rides (${columns.join(", ")})`);
    const insert = db.prepare(`INSERT INTO rides VALUES (${columns.map(() => "?").join(", ")})`);
    for (const row of rows) insert.run(...row);
  } finally {
    db.close();
  }
}

async function fillPostgres(
  url: string,
  columns: readonly string[],
  rows: readonly Cells[],
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const [id, at, ended, ...rest] = columns;
    await client.query(
      `CREATE TABLE rides (${id} TEXT, ${at} TIMESTAMP, ${ended} TIMESTAMP, ${rest.map((c) => `"${c}" BIGINT`).join(", ")})`,
    );
    for (const row of rows) {
      const marks = row.map((_, i) => `$${i + 1}`).join(", ");
      await client.query(`INSERT INTO rides VALUES (${marks})`, [...row]);
    }
  } finally {
    await client.end();
  }
}
