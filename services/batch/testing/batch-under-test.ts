import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parquetWriteFile } from "hyparquet-writer";
import { type Bundle, loadBundle } from "#kit/model/bundle.ts";
import { type ColumnScorer, createColumnScorer } from "#kit/model/column-scorer.ts";
import { openDestination, type RunSummary } from "../destination/destination.ts";
import { openResults } from "../destination/open-results.ts";
import { canonicalJson } from "../job/run-id.ts";
import { type Job, jobSchema } from "../job/spec.ts";
import { windowAt } from "../job/window.ts";
import { type RunOptions, type RunResult, runWindow } from "../run/run-window.ts";

export const root = new URL("../../..", import.meta.url).pathname.replace(/\/$/, "");
export const JANUARY = windowAt("month", Date.UTC(2021, 0, 1));

/** A folder of the test's own, a model and its worker. */
export interface Bench {
  readonly dir: string;
  readonly bundle: Bundle;
  readonly scorer: ColumnScorer;
  close(): Promise<void>;
}

/** duration v1: small, and a model as they are. */
export async function openBench(model = "duration/v1"): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), "tripmesh-batch-"));
  const bundle = await loadBundle(join(root, "models", model));
  const scorer = await createColumnScorer(bundle);
  return {
    dir,
    bundle,
    scorer,
    async close() {
      await scorer.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** One row of a month file; what is not said is usual. */
export interface DrawnRide {
  readonly pickup?: Date | null;
  readonly minutes?: number;
  readonly pickupZone?: number | null;
  readonly dropoffZone?: number | null;
  readonly passengers?: number | null;
  readonly miles?: number | null;
}

type ColumnType = "INT64" | "INT32" | "DOUBLE" | "STRING";

export interface MonthOptions {
  /** Type of the zone columns and of passengers. Default INT64 and DOUBLE, as in 2021. */
  readonly zones?: ColumnType;
  readonly passengers?: ColumnType;
  /** Rows of a row group. Default 1000. */
  readonly rowGroupSize?: number;
}

/** Ride `i` of January 2021, the same on every call. */
export function drawRide(i: number): Required<DrawnRide> {
  return {
    pickup: new Date(JANUARY.fromMs + ((i * 7919 * 60_000) % (31 * 86_400_000))),
    minutes: 2 + ((i * 37) % 50),
    pickupZone: 1 + ((i * 31) % 263),
    dropoffZone: 1 + ((i * 17) % 263),
    passengers: i % 3 === 0 ? null : 1 + (i % 5),
    miles: 0.5 + ((i * 13) % 100) / 10,
  };
}

/** Writes a file like those of the green taxis: their columns, their times of the clock on the wall. */
export async function writeMonth(
  path: string,
  rides: readonly DrawnRide[],
  { zones = "INT64", passengers = "DOUBLE", rowGroupSize = 1000 }: MonthOptions = {},
): Promise<void> {
  const all = rides.map((ride, i) => ({ ...drawRide(i), ...ride }));
  const column = (
    name: string,
    type: ColumnType | "TIMESTAMP",
    of: (ride: Required<DrawnRide>) => number | Date | null,
  ) => ({ name, type, data: all.map((ride) => cast(of(ride), type)) });
  await mkdir(dirname(path), { recursive: true });
  parquetWriteFile({
    filename: path,
    rowGroupSize,
    columnData: [
      column("lpep_pickup_datetime", "TIMESTAMP", ({ pickup }) => pickup),
      column("lpep_dropoff_datetime", "TIMESTAMP", ({ pickup, minutes }) =>
        pickup ? new Date(pickup.getTime() + minutes * 60_000) : null,
      ),
      column("PULocationID", zones, ({ pickupZone }) => pickupZone),
      column("DOLocationID", zones, ({ dropoffZone }) => dropoffZone),
      column("passenger_count", passengers, (ride) => ride.passengers),
      column("trip_distance", "DOUBLE", ({ miles }) => miles),
    ],
  });
}

function cast(value: number | Date | null, type: ColumnType | "TIMESTAMP"): unknown {
  if (value === null) return null;
  if (type === "INT64") return BigInt(Math.trunc(Number(value)));
  return type === "STRING" ? String(value) : value;
}

/** A backfill of one file; `change` is laid over it. */
export function monthJob(source: string, destination: string, change: object = {}): Job {
  return jobSchema.parse({
    name: "month",
    model: "duration@v1",
    window: "month",
    source: { kind: "parquet", url: source, time: "lpep_pickup_datetime" },
    inputs: {
      pickup_zone: { from: "PULocationID", minimum: 1, maximum: 265 },
      dropoff_zone: { from: "DOLocationID", minimum: 1, maximum: 265 },
      pickup_local_seconds: { from: "lpep_pickup_datetime", type: "wall-seconds" },
      trip_distance_miles: null,
      passenger_count: { from: "passenger_count", minimum: 0, maxNullShare: 0.7 },
    },
    keep: {
      actual_minutes: {
        from: ["lpep_pickup_datetime", "lpep_dropoff_datetime"],
        type: "minutes-between",
        maxNullShare: 0.01,
      },
    },
    destination: { url: destination, table: "durations" },
    shardRows: 256,
    ...change,
  });
}

/** Runs a job's window in this process. */
export async function runJob(
  job: Job,
  { dir, bundle, scorer }: Bench,
  options: Partial<RunOptions> & { readonly window?: typeof JANUARY } = {},
): Promise<RunResult> {
  const { window = JANUARY, ...rest } = options;
  const destination = await openDestination(job.destination.url, Date.now);
  try {
    const result = await runWindow(window, {
      job,
      card: bundle.card,
      codeVersion: "code",
      destination,
      openScorers: async () => [scorer],
      workDir: join(dir, "work"),
      resume: false,
      onProgress: () => {},
      signal: new AbortController().signal,
      ...rest,
    });
    if (!result) throw new Error("nothing was run");
    return result;
  } finally {
    await destination.close();
  }
}

/** Every published row of the job's latest window, as readers see it. */
export async function publishedRows(job: Job): Promise<Record<string, unknown>[]> {
  const results = await openResults(job.destination.url);
  try {
    const run = (await results.runs(job.name)).find(({ state }) => state === "published");
    if (!run) return [];
    const names = (await results.columns(run)).map(({ name }) => name);
    const rows: Record<string, unknown>[] = [];
    for await (const columns of results.rows(run, names)) {
      const count = columns.get("row_key")?.length ?? 0;
      for (let i = 0; i < count; i++) {
        rows.push(Object.fromEntries(names.map((name) => [name, columns.get(name)?.[i]])));
      }
    }
    return rows;
  } finally {
    await results.close();
  }
}

/** Digest of rows that does not depend on their order. */
export function rowsDigest(rows: readonly Record<string, unknown>[]): string {
  const texts = rows.map((row) => canonicalJson(row)).toSorted();
  return createHash("sha256").update(texts.join("\n")).digest("hex");
}

export async function runsOf(job: Job): Promise<RunSummary[]> {
  const results = await openResults(job.destination.url);
  try {
    return await results.runs(job.name);
  } finally {
    await results.close();
  }
}
