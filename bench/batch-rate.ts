// Rows a second of a batch job over a month of trips, against the model alone on the same rows in memory.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { Pass, PassOptions } from "./batch-once.ts";
import { nextMessage, startNode } from "./child.ts";
import type { Measurement, Plan, Result } from "./measurement.ts";
import { ratio, show, spread } from "./numbers.ts";
import { interleave } from "./rounds.ts";
import { sampleRide } from "./rows.ts";
import { column } from "./samples.ts";
import { createScratchFolder } from "./scratch-folder.ts";

const DRAWN_ROWS = 76_518; // those of the green taxis in January 2021
const DRAWN_MONTH_MS = Date.UTC(2023, 0, 5);
/** A cheap model: what is looked at is memory. */
const MEMORY_MODEL = "duration@v1";
/** Without a bound the heap grows by garbage that nobody is in a hurry to collect, long before it is needed. */
const SMALL_HEAP = ["--max-old-space-size=96", "--max-semi-space-size=4"];
const TIMES = 10;

export const batchRate: Measurement = {
  name: "batch-rate",
  title: "A batch job, parquet to SQLite, against onnxruntime-node on the same rows in memory",
  run: measure,
};

interface Variant {
  readonly what: string;
  readonly kind: PassOptions["kind"];
  readonly workers: number;
}

const variants: readonly Variant[] = [
  { what: "model alone, one thread", kind: "raw", workers: 1 },
  { what: "job, one worker", kind: "job", workers: 1 },
  { what: "job, two workers", kind: "job", workers: 2 },
];

async function measure({ rounds }: Plan): Promise<Result> {
  const scratch = createScratchFolder("batch");
  let pass = 0;
  const run = (options: Omit<PassOptions, "scratch">, nodeArgs: readonly string[] = []) => {
    const dir = join(scratch.path, String(pass++));
    mkdirSync(dir);
    return passOf({ ...options, scratch: dir }, nodeArgs);
  };
  try {
    const month = findMonth(scratch.path);
    const { source, monthMs } = month;
    const passes = await interleave(variants, rounds, ({ kind, workers }) =>
      run({ kind, workers, source, monthMs, model: "duration@v2" }),
    );
    const many = join(scratch.path, "ten-times");
    mkdirSync(many);
    for (let i = 0; i < TIMES; i++) copyFileSync(source, join(many, `month-${i}.parquet`));
    const small = { kind: "job", workers: 1, monthMs, model: MEMORY_MODEL } as const;
    const once = await run({ ...small, source }, SMALL_HEAP);
    const tenTimes = await run({ ...small, source: many }, SMALL_HEAP);
    const rate = (at: number) => column(passes[at], ({ rows, seconds }) => rows / seconds);
    const cpu = (at: number) => column(passes[at], ({ rows, cpuSeconds }) => cpuSeconds / rows);
    return {
      rows: variants.map(({ what }, i) => ({
        what,
        columns: {
          "rows/s": show(spread(rate(i)), 0),
          "CPU µs/row": show(
            spread(column(passes[i], ({ cpuSeconds, rows }) => (1e6 * cpuSeconds) / rows)),
            1,
          ),
          "peak MiB": show(spread(column(passes[i], ({ peakMb }) => peakMb)), 0),
        },
      })),
      verdicts: [
        {
          what: "job, one worker / model alone",
          value: ratio(rate(1), rate(0)),
          aim: { atLeast: 0.9 },
        },
        {
          what: "job, two workers / model alone",
          value: ratio(rate(2), rate(0)),
          aim: { atLeast: 1.7 },
        },
        {
          what: "processor time a row, model alone / job with one worker",
          value: ratio(cpu(0), cpu(1)),
        },
        { what: "processor time a row, model alone / job with two", value: ratio(cpu(0), cpu(2)) },
        {
          what: `peak memory of ${TIMES} times the rows / of one month, ${MEMORY_MODEL}`,
          value: spread([tenTimes.peakMb / once.peakMb]),
          aim: { atMost: 1.2 },
        },
      ],
      notes: [
        month.note,
        `Memory, with a heap of 96 MB: ${once.rows} rows ${once.peakMb.toFixed(0)} MiB, ${tenTimes.rows} rows ${tenTimes.peakMb.toFixed(0)} MiB.`,
      ],
    };
  } finally {
    scratch.remove();
  }
}

async function passOf(options: PassOptions, nodeArgs: readonly string[]): Promise<Pass> {
  const args = [JSON.stringify(options)];
  return nextMessage<Pass>(startNode({ file: "bench/batch-once.ts", args, nodeArgs }).process);
}

/** The file that `BENCH_TRIPS` names, else drawn rides. */
function findMonth(dir: string) {
  const path = process.env["BENCH_TRIPS"];
  const month = /(\d{4})-(\d{2})\.parquet$/.exec(path ?? "");
  if (path !== undefined && month) {
    const monthMs = Date.UTC(Number(month[1]), Number(month[2]) - 1);
    return { source: path, monthMs, note: `Rides of ${basename(path)}.` };
  }
  const rides = Array.from({ length: DRAWN_ROWS }, (_, i) => sampleRide(i));
  const at = (seconds: number) => new Date(seconds * 1000);
  const source = join(dir, "month.parquet");
  const columnData = [
    { name: "lpep_pickup_datetime", data: rides.map((ride) => at(ride.localSeconds)) },
    { name: "lpep_dropoff_datetime", data: rides.map((ride) => at(ride.localSeconds + 600)) },
    { name: "PULocationID", data: rides.map((ride) => BigInt(ride.pickupZone)) },
    { name: "DOLocationID", data: rides.map((ride) => BigInt(ride.dropoffZone)) },
    { name: "passenger_count", type: "DOUBLE" as const, data: rides.map((r) => r.passengers) },
    { name: "trip_distance", type: "DOUBLE" as const, data: rides.map((r) => r.distanceMiles) },
  ];
  writeFileSync(
    source,
    new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: DRAWN_ROWS })),
  );
  return { source, monthMs: DRAWN_MONTH_MS, note: "Drawn rides; BENCH_TRIPS names a month file." };
}
