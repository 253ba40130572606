import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createPredictor } from "#kit/model/predictor.ts";
import {
  type Bench,
  drawRide,
  monthJob,
  openBench,
  publishedRows,
  rowsDigest,
  runJob,
  runsOf,
  writeMonth,
} from "../testing/batch-under-test.ts";
import type { RunProgress } from "./run-window.ts";

const RIDES = 2_500;
const rides = (count = RIDES) => Array.from({ length: count }, () => ({}));

let bench: Bench;
let [file, results, n] = ["", "", 0];
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());
beforeEach(() => {
  n++;
  file = join(bench.dir, `month-${n}.parquet`);
  results = `sqlite:${join(bench.dir, `results-${n}.db`)}`;
});
const job = (change = {}) => monthJob(`parquet:${file}`, results, change);

describe("a run", () => {
  test("writes every row of the window once, as the service would answer it", async () => {
    await writeMonth(file, rides());
    const result = await runJob(job(), bench);
    expect(result).toMatchObject({ outcome: "published", rows: RIDES, quarantined: 0, outside: 0 });
    const rows = await publishedRows(job());
    expect(new Set(rows.map((row) => row["row_key"]))).toHaveProperty("size", RIDES);
    const predictor = await createPredictor(bench.bundle);
    try {
      for (const i of [0, 1, 255, 256, RIDES - 1]) {
        const ride = drawRide(i);
        const row = rows.find(
          ({ row_key: key }) => key === `month-${n}:${String(i).padStart(8, "0")}`,
        );
        const seconds = (ride.pickup?.getTime() ?? 0) / 1000;
        const online = await predictor.predict([
          ...[ride.pickupZone ?? 0, ride.dropoffZone ?? 0, seconds],
          ...[Number.NaN, ride.passengers ?? Number.NaN],
        ]);
        const names = bench.bundle.card.outputs.map(({ name }) => name);
        expect(names.map((name) => row?.[name])).toEqual([...online.values]);
        expect(row?.["actual_minutes"]).toBe(ride.minutes);
      }
    } finally {
      await predictor.close();
    }
  });

  test("that is done again changes no byte of the database", async () => {
    await writeMonth(file, rides());
    const first = await runJob(job(), bench);
    const before = dump(results);
    const again = await runJob(job(), bench, {
      openScorers: () => Promise.reject(new Error("scored")),
    });
    expect(again).toMatchObject({ outcome: "unchanged", runId: first.runId, rows: RIDES });
    expect(dump(results)).toEqual(before);
  });

  test("gives the same rows and the same id with two workers", async () => {
    await writeMonth(file, rides());
    const one = await runJob(job(), bench);
    const digest = rowsDigest(await publishedRows(job()));
    results = results.replace(".db", "-two.db");
    const two = await runJob(job(), bench, {
      openScorers: async () => [bench.scorer, bench.scorer],
    });
    expect(two.runId).toBe(one.runId);
    expect(rowsDigest(await publishedRows(job()))).toBe(digest);
  });

  test("of a file that was changed in one cell is another run, which takes the old one's place", async () => {
    await writeMonth(file, rides());
    const first = await runJob(job(), bench);
    await writeMonth(file, [...rides(RIDES - 1), { pickupZone: 132 }]);
    const second = await runJob(job(), bench);
    expect(second).toMatchObject({ outcome: "published", rows: RIDES });
    expect(second.runId).not.toBe(first.runId);
    const states = (await runsOf(job())).map(({ runId, state }) => [runId, state]);
    expect(Object.fromEntries(states)).toEqual({
      [first.runId]: "superseded",
      [second.runId]: "published",
    });
    const rows = await publishedRows(job());
    expect(rows).toHaveLength(RIDES);
    expect(rows.at(-1)).toMatchObject({ pickup_zone: 132 });
  });

  test("is seen by readers as a whole or not at all, while another takes its place", async () => {
    await writeMonth(file, rides());
    const first = await runJob(job(), bench);
    await writeMonth(file, rides(RIDES + 100));
    const reader = new DatabaseSync(results.slice("sqlite:".length), { readOnly: true });
    const look = () =>
      reader.prepare("SELECT run_id, count(*) AS n FROM durations GROUP BY 1").all();
    try {
      const seen: unknown[] = [];
      const second = await runJob(job(), bench, { onProgress: () => seen.push(look()) });
      expect(seen.length).toBeGreaterThan(10);
      for (const rows of seen) expect(rows).toEqual([{ run_id: first.runId, n: RIDES }]);
      expect(look()).toEqual([{ run_id: second.runId, n: RIDES + 100 }]);
    } finally {
      reader.close();
    }
  });

  test("goes back to an earlier file by the earlier id", async () => {
    await writeMonth(file, rides());
    const first = await runJob(job(), bench);
    const digest = rowsDigest(await publishedRows(job()));
    await writeMonth(file, rides(RIDES - 1));
    await runJob(job(), bench);
    await writeMonth(file, rides());
    expect(await runJob(job(), bench)).toMatchObject({ outcome: "published", runId: first.runId });
    expect(rowsDigest(await publishedRows(job()))).toBe(digest);
  });

  test("with another model, job or code is another run", async () => {
    await writeMonth(file, rides(300));
    const ids = new Set<string>();
    ids.add((await runJob(job(), bench)).runId);
    ids.add((await runJob(job(), bench, { codeVersion: "other" })).runId);
    ids.add((await runJob(job({ shardRows: 100 }), bench)).runId);
    ids.add((await runJob(job({ quarantine: { maxShare: 0.5 } }), bench)).runId);
    expect(ids.size).toBe(4);
    ids.add((await runJob(job({ schedule: { cron: "0 3 1 * *" } }), bench)).runId);
    ids.add((await runJob(job({ description: "words" }), bench)).runId);
    expect(ids.size).toBe(4); // words and schedule change no row: the first run again
  });

  test("that is stopped by a signal goes on behind what it had written", async () => {
    await writeMonth(file, rides());
    const stop = new AbortController();
    const onProgress = ({ done }: RunProgress) => {
      if (done > 0) stop.abort();
    };
    await expect(runJob(job(), bench, { onProgress, signal: stop.signal })).rejects.toThrow();
    expect(await publishedRows(job())).toEqual([]);
    let resumed = 0;
    const result = await runJob(job(), bench, {
      onProgress: (progress) => {
        resumed = progress.resumed;
      },
    });
    expect(result).toMatchObject({ outcome: "published", rows: RIDES });
    expect(resumed).toBeGreaterThan(0);
    expect(resumed).toBeLessThan(RIDES);
  });

  test("counts rows of another month and leaves them out", async () => {
    await writeMonth(file, [...rides(300), { pickup: new Date("2009-01-01T00:00:00Z") }]);
    expect(await runJob(job(), bench)).toMatchObject({ rows: 300, outside: 1, quarantined: 0 });
  });
});

/** All rows of all tables. */
function dump(url: string): unknown {
  const db = new DatabaseSync(url.slice("sqlite:".length), { readOnly: true });
  try {
    const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    return tables.map(({ name }) => [name, db.prepare(`SELECT * FROM ${name}`).all()]);
  } finally {
    db.close();
  }
}
