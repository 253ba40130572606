import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDestination } from "../destination/destination.ts";
import type { Job } from "../job/spec.ts";
import { windowAt } from "../job/window.ts";
import {
  type Bench,
  drawRide,
  monthJob,
  openBench,
  publishedRows,
  runJob,
  writeMonth,
} from "../testing/batch-under-test.ts";
import { makeReport } from "./make-report.ts";

const FEBRUARY = windowAt("month", Date.UTC(2021, 1, 1));
let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

describe.each(["sqlite", "parquet"])("from %s", (kind) => {
  const jobOf = (name: string): Job =>
    monthJob(`parquet:${join(bench.dir, kind, "{yyyy}-{MM}.parquet")}`, urlOf(name), {
      report: {
        value: "duration_minutes",
        unit: "min",
        interval: ["lower_minutes", "upper_minutes"],
        truth: "actual_minutes",
        truthRange: [1, 60],
        segments: ["hour", "pickup_zone"],
        drift: [{ column: "pickup_zone", categories: true }],
        top: "duration_minutes",
      },
    });
  const urlOf = (name: string) =>
    kind === "sqlite"
      ? `sqlite:${join(bench.dir, `${name}.db`)}`
      : `parquet:${join(bench.dir, name)}`;
  let job: Job;

  test("a report says of the rows what they hold", async () => {
    job = jobOf(`report-${kind}`);
    const rides = Array.from({ length: 1_500 }, (_, i) => (i < 7 ? { minutes: 90 } : {}));
    await writeMonth(join(bench.dir, kind, "2021-01.parquet"), [...rides, { pickupZone: 0 }]);
    await runJob(job, bench);
    const report = await read(job);
    const rows = await publishedRows(job);
    const judged = rows.filter((row) => Number(row["actual_minutes"]) <= 60);
    const errors = judged.map((r) => Number(r["duration_minutes"]) - Number(r["actual_minutes"]));
    expect(report.errors?.rows).toBe(1_493);
    expect(report.leftOut).toBe(7);
    expect(report.errors?.bias).toBeCloseTo(errors.reduce((a, b) => a + b) / errors.length, 9);
    expect(report.errors?.meanError).toBeCloseTo(
      errors.reduce((a, b) => a + Math.abs(b), 0) / errors.length,
      9,
    );
    const inside = judged.filter(
      (r) =>
        Number(r["actual_minutes"]) >= Number(r["lower_minutes"]) &&
        Number(r["actual_minutes"]) <= Number(r["upper_minutes"]),
    );
    expect(report.errors?.holds).toBeCloseTo(inside.length / judged.length, 12);
    expect(report.overTime.reduce((sum, { rows: n }) => sum + n, 0)).toBe(1_493);
    expect(report.overTime[0]?.name).toBe("2021-01-01");
    expect(report.quality.reasons).toEqual([
      { reason: "pickup_zone is not within 1 to 265", rows: 1 },
    ]);
    expect(report.quality.missing.map(({ column }) => column)).toEqual(["passenger_count"]);
    const highest = Math.max(...rows.map((row) => Number(row["duration_minutes"])));
    expect(report.top[0]?.["duration_minutes"]).toBe(highest);
    expect(report.before).toBeUndefined();
    expect(report.drift).toMatchObject([{ column: "pickup_zone", verdict: "too few" }]);
  });

  test("the month after it is compared with it", async () => {
    const shift = FEBRUARY.fromMs - Date.UTC(2021, 0, 1);
    const rides = Array.from({ length: 1_000 }, (_, i) => {
      const pickup = new Date(((drawRide(i).pickup as Date).getTime() % (28 * 86_400_000)) + shift);
      return { pickup: new Date(FEBRUARY.fromMs + (pickup.getTime() % 86_400_000)), pickupZone: 7 };
    });
    await writeMonth(join(bench.dir, kind, "2021-02.parquet"), rides);
    await runJob(job, bench, { window: FEBRUARY });
    const report = await read(job);
    expect(report.before?.fromMs).toBe(Date.UTC(2021, 0, 1));
    expect(report.drift).toMatchObject([{ column: "pickup_zone", verdict: "drifted" }]);
    const earlier = await read(job, report.before?.runId);
    expect(earlier.run.fromMs).toBe(Date.UTC(2021, 0, 1));
  });

  test("a job that never published has none", async () => {
    await expect(read(jobOf(`none-${kind}`))).rejects.toThrow("has no published run");
  });
});

async function read(job: Job, runId?: string) {
  const results = await openDestination(job.destination.url, Date.now);
  try {
    return await makeReport(job, results, runId);
  } finally {
    await results.close();
  }
}
