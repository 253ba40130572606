// One pass over a month in a process of its own: `raw` runs the model over rows in memory, `job` is a batch job.
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { loadBundle } from "#kit/model/bundle.ts";
import { createColumnScorer } from "#kit/model/column-scorer.ts";
import { openDestination } from "../services/batch/destination/destination.ts";
import { loadJob } from "../services/batch/job/load-job.ts";
import { windowAt } from "../services/batch/job/window.ts";
import { createRowPreparer } from "../services/batch/rows/prepare.ts";
import { runWindow } from "../services/batch/run/run-window.ts";
import { describeParquet, openParquet } from "../services/batch/source/parquet-file.ts";

/** What a pass took, without starting the process and loading the model. */
export interface Pass {
  readonly rows: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Most that was resident. */
  readonly peakMb: number;
}

export interface PassOptions {
  readonly kind: "raw" | "job";
  readonly model: string;
  readonly workers: number;
  /** A file or a folder of files. */
  readonly source: string;
  /** Any time in the month. */
  readonly monthMs: number;
  /** An empty folder. */
  readonly scratch: string;
}

const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const ROWS_A_RUN = 1024;

const options = JSON.parse(process.argv[2] ?? "{}") as PassOptions;
const bundle = await loadBundle(join(root, "models", options.model.replace("@", "/")));
const spec = {
  ...(await loadJob(join(root, "services/batch/jobs/trips-backfill.yaml"), {
    env: { MESH_BATCH_RESULTS: "results.db", MESH_TRIPS: "unused" },
    cwd: options.scratch,
  })),
  model: options.model,
};
const job = { ...spec, source: { ...spec.source, url: `parquet:${options.source}` } };
const window = windowAt("month", options.monthMs);
const pass = await (options.kind === "raw" ? rawPass() : jobPass());
process.send?.(pass);
process.disconnect?.();

async function rawPass(): Promise<Pass> {
  const preparer = createRowPreparer(job, bundle.card);
  const file = await openParquet(await describeParquet(options.source, "month"));
  const read = await file.read(0, file.file.rows, preparer.sourceColumns);
  const { inputs, count } = preparer.prepare(read, window, () => false);
  const session = await InferenceSession.create(bundle.model, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
  });
  return timed(async () => {
    for (let start = 0; start < count; start += ROWS_A_RUN) {
      const end = Math.min(start + ROWS_A_RUN, count);
      const feeds = bundle.card.inputs.map(({ name, dtype }, i) => [
        name,
        new Tensor(dtype, inputs[i]?.slice(start, end) as Float32Array, [end - start]),
      ]);
      await session.run(Object.fromEntries(feeds));
    }
    return count;
  });
}

async function jobPass(): Promise<Pass> {
  const scorers = await Promise.all(
    Array.from({ length: options.workers }, () => createColumnScorer(bundle)),
  );
  const destination = await openDestination(job.destination.url, Date.now);
  const pass = await timed(async () => {
    const result = await runWindow(window, {
      ...{ job, destination, card: bundle.card },
      codeVersion: "bench",
      openScorers: async () => scorers,
      workDir: join(options.scratch, "work"),
      resume: false,
      onProgress: () => {},
      signal: new AbortController().signal,
    });
    return result?.rows ?? 0;
  });
  for (const scorer of scorers) await scorer.close();
  await destination.close();
  return pass;
}

async function timed(work: () => Promise<number>): Promise<Pass> {
  const [started, before] = [performance.now(), process.cpuUsage()];
  const rows = await work();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const peakMb = process.resourceUsage().maxRSS / 1024;
  return { rows, seconds, cpuSeconds: (user + system) / 1e6, peakMb };
}
