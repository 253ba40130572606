// Batch jobs in a folder of a test's own, with results of real runs.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Job } from "../../services/batch/job/spec.ts";
import { windowAt } from "../../services/batch/job/window.ts";
import {
  type Bench,
  drawRide,
  JANUARY,
  monthJob,
  openBench,
  runJob,
  writeMonth,
} from "../../services/batch/testing/batch-under-test.ts";

export const FEBRUARY = windowAt("month", Date.UTC(2021, 1, 1));
const RIDES = 1_500;

export interface BatchesUnderTest {
  readonly dir: string;
  readonly jobsDir: string;
  readonly bench: Bench;
  /** `month`: a backfill of January and February. Nothing of it has run. */
  readonly job: Job;
  /** Writes the job's file. */
  write(job: Job): Promise<void>;
  /** January with one bad row, and February, in which every ride begins in one zone. */
  runBoth(job?: Job): Promise<void>;
  /** Begins January and stops after its first shards, as a process that was killed. */
  runHalf(job?: Job): Promise<void>;
  close(): Promise<void>;
}

export async function openBatches(destination?: string): Promise<BatchesUnderTest> {
  const dir = await mkdtemp(join(tmpdir(), "tripmesh-console-batch-"));
  const jobsDir = join(dir, "jobs");
  await mkdir(jobsDir);
  const bench = await openBench();
  const job = monthJob(
    `parquet:${join(dir, "{yyyy}-{MM}.parquet")}`,
    destination ?? `sqlite:${join(dir, "results.db")}`,
    {
      description: "A month of rides.",
      schedule: { cron: "15 3 1 * *" },
      report: {
        value: "duration_minutes",
        unit: "min",
        interval: ["lower_minutes", "upper_minutes"],
        truth: "actual_minutes",
        segments: ["pickup_zone", "hour"],
        hourFrom: "pickup_local_seconds",
        drift: [
          { column: "duration_minutes", edges: [5, 10, 20, 40] },
          { column: "pickup_zone", categories: true },
        ],
      },
    },
  );
  const write = (one: Job) => writeFile(join(jobsDir, `${one.name}.yaml`), JSON.stringify(one)); // JSON is YAML
  const rides = Array.from({ length: RIDES }, (_, i) => ({ pickupZone: 74 + (i % 6) }));
  await writeMonth(join(dir, "2021-01.parquet"), [...rides, { pickupZone: 0 }]);
  await writeMonth(join(dir, "2021-02.parquet"), rides.map(inFebruary));
  await write(job);
  return {
    dir,
    jobsDir,
    bench,
    job,
    write,
    async runBoth(one = job) {
      await runJob(one, bench);
      await runJob(one, bench, { window: FEBRUARY });
    },
    async runHalf(one = job) {
      const stop = new AbortController();
      const onProgress = ({ done }: { readonly done: number }) => {
        if (done > 0) stop.abort();
      };
      await runJob(one, bench, { window: JANUARY, onProgress, signal: stop.signal }).catch(
        () => undefined, // it was stopped
      );
    },
    async close() {
      await bench.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function inFebruary(_: unknown, i: number) {
  const at = (drawRide(i).pickup as Date).getTime() % (28 * 86_400_000);
  return { pickup: new Date(FEBRUARY.fromMs + at), pickupZone: 7 };
}
