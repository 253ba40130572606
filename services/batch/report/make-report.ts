import { MeshError } from "#kit/rpc/errors.ts";
import type { RejectCount, Results, RunSummary } from "../destination/destination.ts";
import type { Job, ReportSpec } from "../job/spec.ts";
import { windowText } from "../job/window.ts";
import { compareBins, createBinCounts, type Drift } from "./drift.ts";
import { createErrorSums, type ErrorSummary } from "./errors.ts";
import type { HeatMap } from "./heat.ts";
import { heatColumn, pairOf, readBins, readRun } from "./read-run.ts";
import { type Slice, type Slices, slicesOf, worst } from "./slices.ts";

/** What a results database says about a job, at one of its runs. */
export interface BatchReport {
  readonly job: string;
  readonly description: string;
  readonly spec: ReportSpec;
  readonly run: RunSummary;
  /** The published run of the window before, which drift is measured from. */
  readonly before: RunSummary | undefined;
  /** Runs of the job, newest first, of any state. */
  readonly history: readonly RunSummary[];
  /** Undefined for a job without truth. */
  readonly errors: ErrorSummary | undefined;
  /** Rows with a truth outside the report's range, or without one. */
  readonly leftOut: number;
  /** By day of the run's month; for shorter windows by window. */
  readonly overTime: readonly Slice[];
  /** Slices with enough rows, largest error first. */
  readonly segments: readonly { readonly by: string; readonly slices: readonly Slice[] }[];
  /** Errors by the first segment and by hour; undefined for a job without hours. */
  readonly heat: HeatMap | undefined;
  /** Distributions now and before; without a window before, now only. */
  readonly drift: readonly Drift[];
  /** Highest rows by `spec.top`, with all their columns. */
  readonly top: readonly Readonly<Record<string, unknown>>[];
  readonly quality: {
    /** Share of rows without a value, by column, where there is any. */
    readonly missing: readonly { readonly column: string; readonly share: number }[];
    /** Reasons for quarantine, most frequent first. */
    readonly reasons: readonly RejectCount[];
  };
}

/** Runs and windows that are looked back on. */
const HISTORY = 60;
const WINDOWS = 31;
/** Quarantined rows that are counted by reason. */
const MOST_REJECTS = 10_000;

/** Makes the report of a published run; without an id of the latest window's. */
export async function makeReport(
  job: Job,
  results: Results,
  runId: string | undefined,
): Promise<BatchReport> {
  const { report: spec } = job;
  if (!spec) throw new MeshError("FAILED_PRECONDITION", `${job.name} has no part "report"`);
  const history = await results.runs(job.name);
  const published = history
    .filter(({ state }) => state === "published")
    .toSorted((a, b) => a.fromMs - b.fromMs);
  const run =
    runId === undefined ? published.at(-1) : published.find((r) => r.runId.startsWith(runId));
  if (!run) {
    const which = runId === undefined ? "run" : `run ${runId}`;
    throw new MeshError("NOT_FOUND", `${job.name} has no published ${which}`);
  }
  const at = published.indexOf(run);
  const before = published[at - 1];
  const names = (await results.columns(run)).map(({ name }) => name);
  const now = await readRun(results, run, spec, names);
  const crossed = heatColumn(spec);
  const bins = before && (await readBins(results, before, spec));
  const overTime =
    job.window === "month"
      ? slicesOf(now.days)
      : await windowSlices(results, published.slice(Math.max(0, at - WINDOWS + 1), at + 1), spec);
  return {
    job: job.name,
    description: job.description,
    spec,
    run,
    before,
    history: history.slice(0, HISTORY),
    errors: spec.truth === undefined ? undefined : now.errors.summary,
    leftOut: now.leftOut,
    overTime,
    segments: spec.segments.map((by, i) => ({ by, slices: worst(now.segments[i]) })),
    heat: crossed === undefined ? undefined : now.heat.map(crossed),
    drift: spec.drift.flatMap((column, i) => {
      const past = bins?.[i] ?? createBinCounts(column);
      const present = now.bins[i];
      return present ? [compareBins(column, past, present)] : [];
    }),
    top: now.top,
    quality: {
      missing: names
        .filter((column) => column in job.inputs || column in job.keep)
        .map((column) => ({ column, share: (now.missing.get(column) ?? 0) / run.rows }))
        .filter(({ share }) => share > 0),
      reasons: countReasons(await results.rejects(run.runId, MOST_REJECTS)),
    },
  };
}

async function windowSlices(
  results: Results,
  runs: readonly RunSummary[],
  spec: ReportSpec,
): Promise<Slice[]> {
  const { value, truth, interval = [] } = spec;
  const slices: Slices = new Map();
  for (const run of truth === undefined ? [] : runs) {
    const sums = createErrorSums();
    const names = ["row_key", value, ...(truth === undefined ? [] : [truth]), ...interval];
    for await (const columns of results.rows(run, names)) {
      const rows = columns.get("row_key")?.length ?? 0;
      for (let row = 0; row < rows; row++) {
        const pair = pairOf(spec, (name) => columns.get(name)?.[row]);
        if (pair) sums.add(...pair);
      }
    }
    slices.set(windowText(run).split(" to ")[0] ?? "", sums);
  }
  return slicesOf(slices);
}

/** Reasons without the values that they quote, so that rows with one fault count together. */
function countReasons(rejects: readonly { readonly reason: string }[]): RejectCount[] {
  const counts = new Map<string, number>();
  for (const { reason } of rejects) {
    const kind = reason.replaceAll(/: (".*?"|\S+) (is )/g, " $2");
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts]
    .map(([reason, rows]) => ({ reason, rows }))
    .toSorted((a, b) => b.rows - a.rows);
}
