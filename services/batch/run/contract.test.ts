import { appendFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openDestination } from "../destination/destination.ts";
import type { Job } from "../job/spec.ts";
import {
  type Bench,
  type DrawnRide,
  monthJob,
  openBench,
  publishedRows,
  rowsDigest,
  runJob,
  runsOf,
  writeMonth,
} from "../testing/batch-under-test.ts";

const usual = (count: number): DrawnRide[] => Array.from({ length: count }, () => ({}));

let bench: Bench;
let [file, destination, n] = ["", "", 0];
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());
beforeEach(() => {
  n++;
  file = join(bench.dir, "files", `${n}`, "month.parquet");
  destination = `sqlite:${join(bench.dir, `contract-${n}.db`)}`;
});
const job = (change = {}) => monthJob(`parquet:${file}`, destination, change);

describe("a dirty month", () => {
  const dirt: readonly [what: string, ride: DrawnRide, reason: string][] = [
    ["a zone that is none", { pickupZone: 300 }, "pickup_zone: 300 is not within 1 to 265"],
    ["no zone", { dropoffZone: null }, "dropoff_zone is missing"],
    ["no time", { pickup: null }, "lpep_pickup_datetime is no time"],
    ["fewer passengers than none", { passengers: -1 }, "passenger_count: -1 is not within 0 to"],
  ];

  test("goes to quarantine row by row, with the reason and the cells; the rest is published", async () => {
    await writeMonth(file, [...usual(996), ...dirt.map(([, ride]) => ride)]);
    const result = await runJob(job(), bench);
    expect(result).toMatchObject({ rows: 996, quarantined: 4, outcome: "published" });
    const rejects = await rejectsOf(job(), result.runId);
    expect(rejects.map(({ place }) => place)).toEqual(
      [996, 997, 998, 999].map((row) => `month:00000${row}`),
    );
    rejects.forEach(({ reason }, i) => {
      expect(reason).toContain(dirt[i]?.[2]);
    });
    expect(rejects[0]?.cells).toMatchObject({ PULocationID: "300" });
    const clean = join(bench.dir, "files", `${n}`, "clean", "month.parquet");
    const rows = await publishedRows(job());
    await writeMonth(clean, usual(996));
    destination = destination.replace(".db", "-clean.db");
    await runJob(job({ source: { ...job().source, url: `parquet:${clean}` } }), bench);
    expect(rowsDigest(rows)).toBe(rowsDigest(await publishedRows(job())));
  });

  test("above the limit stops the run before anything is published, and leaves what was published", async () => {
    await writeMonth(file, usual(1000));
    const first = await runJob(job(), bench);
    await writeMonth(file, [...usual(980), ...usual(20).map(() => ({ pickupZone: 0 }))]);
    await expect(runJob(job(), bench)).rejects.toThrow(
      "20 of 1000 rows (2.00 %) are in quarantine",
    );
    const [stopped, published] = await runsOf(job());
    expect(stopped).toMatchObject({ state: "stopped", quarantined: 20 });
    expect(stopped?.reason).toContain("1 % are allowed");
    expect(published).toMatchObject({ state: "published", runId: first.runId });
    expect(await publishedRows(job())).toHaveLength(1000);
    expect(await rejectsOf(job(), stopped?.runId ?? "")).toHaveLength(20);
    expect(await readdir(join(bench.dir, "work/month/runs"))).toEqual([]);
  });

  test("stops at the first shard that is too much, without scoring the rest", async () => {
    const many = [...usual(300).map(() => ({ pickupZone: 0 })), ...usual(2_000)];
    await writeMonth(file, many);
    let scored = 0;
    const scorer = {
      ...bench.scorer,
      score: (...call: Parameters<typeof bench.scorer.score>) => {
        scored += call[1];
        return bench.scorer.score(...call);
      },
    };
    await expect(runJob(job(), { ...bench, scorer })).rejects.toThrow("in quarantine");
    expect(scored).toBeLessThan(1_000);
  });

  test("that lacks too many values of a column is stopped", async () => {
    await writeMonth(
      file,
      usual(1000).map((_, i) => (i < 750 ? { passengers: null } : {})),
    );
    await expect(runJob(job(), bench)).rejects.toThrow("passenger_count is missing in");
    expect(await publishedRows(job())).toEqual([]);
  });

  test("whose truth is absurd is scored all the same: a filter by it would flatter the model", async () => {
    await writeMonth(file, [...usual(99), { minutes: 1439 }]);
    expect(await runJob(job(), bench)).toMatchObject({ rows: 100, quarantined: 0 });
    expect((await publishedRows(job())).at(-1)).toMatchObject({ actual_minutes: 1439 });
  });
});

describe("keys", () => {
  const keyed = () =>
    job({ source: { ...job().source, key: "trip_distance" }, quarantine: { maxShare: 0.05 } });

  test("that repeat keep the first row, whatever the shards", async () => {
    const rides = usual(600).map((_, i) => ({ miles: i }));
    await writeMonth(file, [...rides, { miles: 3 }, { miles: 599 }]);
    const result = await runJob(keyed(), bench);
    expect(result).toMatchObject({ rows: 600, quarantined: 2 });
    const reasons = (await rejectsOf(keyed(), result.runId)).map((r) => [r.key, r.reason]);
    expect(reasons).toEqual([
      ["3", "trip_distance is that of an earlier row"],
      ["599", "trip_distance is that of an earlier row"],
    ]);
  });

  test("that repeat too often stop the job before it scores", async () => {
    await writeMonth(
      file,
      usual(600).map((_, i) => ({ miles: i % 500 })),
    );
    const openScorers = () => Promise.reject(new Error("scored"));
    await expect(runJob(keyed(), bench, { openScorers })).rejects.toThrow(
      "repeat the trip_distance",
    );
  });
});

describe("a month that changed its column types", () => {
  test.each([
    { zones: "INT32", passengers: "INT64" },
    { zones: "DOUBLE", passengers: "INT32" },
    { zones: "STRING", passengers: "STRING" },
  ] as const)("to $zones zones and $passengers passengers says the same", async (types) => {
    await writeMonth(file, usual(700));
    await runJob(job(), bench);
    const rows = await publishedRows(job());
    await writeMonth(file, usual(700), types);
    destination = destination.replace(".db", "-types.db");
    expect(await runJob(job(), bench)).toMatchObject({ rows: 700, quarantined: 0 });
    expect(rowsDigest(await publishedRows(job()))).toBe(rowsDigest(rows));
  });

  test("and lost a column is refused, by its name", async () => {
    await writeMonth(file, usual(10));
    const renamed = job({
      inputs: { ...job().inputs, passenger_count: { from: "passengers", maxNullShare: 1 } },
    });
    await expect(runJob(renamed, bench)).rejects.toThrow("has no column passengers");
  });
});

describe("a job", () => {
  test("whose file is changed while it is scored publishes nothing", async () => {
    await writeMonth(file, usual(600));
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      if (done === total) appendFileSync(file, "x");
    };
    await expect(runJob(job(), bench, { onProgress })).rejects.toThrow("was changed while it was");
    expect(await publishedRows(job())).toEqual([]);
  });

  test("that forgets an input is refused before anything is read", async () => {
    const { passenger_count: _, ...inputs } = job().inputs;
    await expect(runJob(job({ inputs }), bench)).rejects.toThrow(
      "nothing says where the input passenger_count comes from",
    );
  });

  test("may not take another job's table", async () => {
    await writeMonth(file, usual(10));
    await runJob(job(), bench);
    await expect(runJob(job({ name: "other" }), bench)).rejects.toThrow("is that of month");
  });

  test("may keep a new column; a column of another kind needs another table", async () => {
    await writeMonth(file, usual(300));
    await runJob(job(), bench);
    const keep = { ...job().keep, miles: { from: "trip_distance" } };
    await runJob(job({ keep }), bench);
    expect((await publishedRows(job()))[0]).toMatchObject({ miles: 0.5 });
    const changed = { ...job().keep, miles: { from: "trip_distance", type: "text" } };
    await expect(runJob(job({ keep: changed }), bench)).rejects.toThrow("durations.miles holds");
  });
});

async function rejectsOf(of: Job, runId: string) {
  const results = await openDestination(of.destination.url, Date.now);
  try {
    return await results.rejects(runId, 1_000);
  } finally {
    await results.close();
  }
}
