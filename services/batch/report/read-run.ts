import type { Results, RunSummary } from "../destination/destination.ts";
import type { ReportSpec } from "../job/spec.ts";
import { timeText } from "../job/window.ts";
import { type BinCounts, createBinCounts } from "./drift.ts";
import { createErrorSums, type ErrorSums } from "./errors.ts";
import { createHeatSums, type HeatSums } from "./heat.ts";
import type { Slices } from "./slices.ts";

const TOP_ROWS = 20;

export interface RunRead {
  readonly errors: ErrorSums;
  leftOut: number;
  readonly days: Slices;
  readonly segments: readonly Slices[];
  /** By the column that `heatColumn` names. */
  readonly heat: HeatSums;
  readonly bins: readonly BinCounts[];
  readonly missing: Map<string, number>;
  top: Readonly<Record<string, unknown>>[];
}

/** Goes once through a run's rows; what it keeps does not grow with them. */
export async function readRun(
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
    heat: createHeatSums(),
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
  const hourMs = spec.hourFrom === undefined ? eventMs : Number(cell(spec.hourFrom)) * 1000;
  const hourOfDay = new Date(hourMs).getUTCHours();
  const hour = `${String(hourOfDay).padStart(2, "0")}:00`;
  const crossed = heatColumn(spec);
  if (crossed !== undefined) {
    read.heat.add(String(cell(crossed) ?? "none"), hourOfDay, ...pair);
  }
  spec.segments.forEach((by, i) => {
    add(read.segments[i], by === "hour" ? hour : String(cell(by) ?? "none"));
  });
}

/** The first segment beside `hour`, which both are shown by; undefined for a job without the two. */
export function heatColumn({ segments }: ReportSpec): string | undefined {
  return segments.includes("hour") ? segments.find((by) => by !== "hour") : undefined;
}

/** Prediction, truth and bounds of a row that can be judged. */
export function pairOf(
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

export async function readBins(
  results: Results,
  run: RunSummary,
  spec: ReportSpec,
): Promise<BinCounts[]> {
  const bins = spec.drift.map(createBinCounts);
  const names = [...new Set(spec.drift.map(({ column }) => column))];
  for await (const columns of results.rows(run, ["row_key", ...names])) {
    spec.drift.forEach(({ column }, i) => {
      for (const value of columns.get(column) ?? []) bins[i]?.add(value);
    });
  }
  return bins;
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
