import { MeshError } from "#kit/rpc/errors.ts";
import type { RejectCount, Results, RunSummary } from "../destination/destination.ts";
import type { Job, ReportSpec } from "../job/spec.ts";
import { timeText, windowText } from "../job/window.ts";
import { type BinCounts, compareBins, createBinCounts, type Drift } from "./drift.ts";
import { createErrorSums, type ErrorSummary, type ErrorSums } from "./errors.ts";

/** A slice of the rows: a time, a zone, an hour. */
export interface Slice extends ErrorSummary {
  readonly name: string;
}

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
/** A slice with fewer rows says little. */
const LEAST_ROWS = 30;
const TOP_ROWS = 20;
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

/** Error sums by the name of a slice. */
type Slices = Map<string, ErrorSums>;

interface RunRead {
  readonly errors: ErrorSums;
  leftOut: number;
  readonly days: Slices;
  readonly segments: readonly Slices[];
  readonly bins: readonly BinCounts[];
  readonly missing: Map<string, number>;
  top: Readonly<Record<string, unknown>>[];
}

/** Goes once through a run's rows; what it keeps does not grow with them. */
async function readRun(
  results: Results,
  run: RunSummary,
  spec: ReportSpec,
  names: readonly string[],
): Promise<RunRead> {
  const read: RunRead = {
    errors: createErrorSums(),
    leftOut: 0,
    days: new Map(),
    segments: spec.segments.map(() => new Map()),
    bins: spec.drift.map(createBinCounts),
    missing: new Map(),
    top: [],
  };
  for await (const columns of results.rows(run, names)) {
    const cell = (name: string, row: number) => columns.get(name)?.[row];
    const rows = columns.get("row_key")?.length ?? 0;
    for (let row = 0; row < rows; row++) {
      spec.drift.forEach(({ column }, i) => {
        read.bins[i]?.add(cell(column, row));
      });
      for (const name of names) {
        if (cell(name, row) === null) read.missing.set(name, (read.missing.get(name) ?? 0) + 1);
      }
      addErrors(read, spec, (name) => cell(name, row));
    }
    if (spec.top !== undefined) read.top = highest(read.top, columns, spec.top, rows);
  }
  return read;
}

function addErrors(read: RunRead, spec: ReportSpec, cell: (name: string) => unknown): void {
  const pair = pairOf(spec, cell);
  if (!pair) {
    read.leftOut++;
    return;
  }
  const eventMs = Number(cell("event_ms"));
  const add = (slices: Slices | undefined, name: string) => {
    const sums = slices?.get(name) ?? createErrorSums();
    slices?.set(name, sums);
    sums.add(...pair);
  };
  read.errors.add(...pair);
  add(read.days, timeText(eventMs).slice(0, 10));
  spec.segments.forEach((by, i) => {
    const hour = new Date(eventMs).getUTCHours();
    add(
      read.segments[i],
      by === "hour" ? `${String(hour).padStart(2, "0")}:00` : String(cell(by) ?? "none"),
    );
  });
}

/** Prediction, truth and bounds of a row that can be judged. */
function pairOf(
  { value, truth, truthRange, interval }: ReportSpec,
  cell: (name: string) => unknown,
): [number, number, number, number] | undefined {
  const actual = truth === undefined ? null : cell(truth);
  if (typeof actual !== "number") return undefined;
  const [least, most] = truthRange ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (actual < least || actual > most) return undefined;
  const bound = (i: 0 | 1) => (interval ? Number(cell(interval[i])) : Number.NaN);
  return [Number(cell(value)), actual, bound(0), bound(1)];
}

async function readBins(results: Results, run: RunSummary, spec: ReportSpec): Promise<BinCounts[]> {
  const bins = spec.drift.map(createBinCounts);
  const names = [...new Set(spec.drift.map(({ column }) => column))];
  for await (const columns of results.rows(run, ["row_key", ...names])) {
    spec.drift.forEach(({ column }, i) => {
      for (const value of columns.get(column) ?? []) bins[i]?.add(value);
    });
  }
  return bins;
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

function slicesOf(slices: Slices): Slice[] {
  return [...slices]
    .map(([name, { summary }]) => ({ name, ...summary }))
    .filter(({ rows }) => rows > 0)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function worst(slices: Slices | undefined): Slice[] {
  return slicesOf(slices ?? new Map())
    .filter(({ rows }) => rows >= LEAST_ROWS)
    .toSorted((a, b) => b.meanError - a.meanError);
}

function highest(
  before: readonly Readonly<Record<string, unknown>>[],
  columns: ReadonlyMap<string, readonly unknown[]>,
  by: string,
  rows: number,
): Readonly<Record<string, unknown>>[] {
  const values = columns.get(by) ?? [];
  const order = Array.from({ length: rows }, (_, row) => row)
    .toSorted((a, b) => Number(values[b]) - Number(values[a]))
    .slice(0, TOP_ROWS);
  const found = order.map((row) =>
    Object.fromEntries([...columns].map(([name, cells]) => [name, cells[row]])),
  );
  return [...before, ...found].toSorted((a, b) => Number(b[by]) - Number(a[by])).slice(0, TOP_ROWS);
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
