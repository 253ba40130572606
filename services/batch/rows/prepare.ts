import type { Card } from "#kit/model/bundle.ts";
import type { Column } from "#kit/model/columns.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Job } from "../job/spec.ts";
import type { Window } from "../job/window.ts";
import type { SourceRows } from "../source/source.ts";
import { createCursor, createGoodRows, type GoodRows } from "./cursor.ts";
import { type ColumnReader, columnReader, sourceColumns } from "./reader.ts";
import type { QuarantinedRow, TableColumn } from "./table.ts";

/** Rows of a shard as the model takes them, and what is not for it. */
export interface PreparedRows {
  readonly count: number;
  readonly keys: readonly string[];
  /** When each happened, on the clock of the source; the window's start where the job has no time. */
  readonly timesMs: Float64Array;
  /** The model's inputs, in card order. */
  readonly inputs: readonly Column[];
  /** Inputs that differ from row to row and columns to keep, as they go to the destination. */
  readonly columns: readonly TableColumn[];
  /** Where each row is in the snapshot's file. */
  readonly places: Float64Array;
  readonly quarantined: readonly QuarantinedRow[];
  /** Rows of another window: none of ours. */
  readonly outside: number;
  /** Rows without a value, by column, of those that may lack it. */
  readonly nulls: Readonly<Record<string, number>>;
}

export interface RowPreparer {
  /** Columns that are read from the source. */
  readonly sourceColumns: readonly string[];
  /** Readers of the columns, for their names, kinds and limits. */
  readonly readers: readonly ColumnReader[];
  /** Never fails for what a row holds: such rows are quarantined. `isDuplicate` is asked by row of the file. */
  prepare(rows: SourceRows, window: Window, isDuplicate: (row: number) => boolean): PreparedRows;
}

/** Fails with FAILED_PRECONDITION when the job does not say where each input of the model comes from. */
export function createRowPreparer(job: Job, card: Card): RowPreparer {
  const readers = readersOf(job, card);
  const { time, key } = placeColumns(job);
  return {
    sourceColumns: sourceColumns(job),
    readers,
    prepare(rows, window, isDuplicate) {
      const cursor = createCursor(rows, { readers, time, key, window, isDuplicate });
      const good = createGoodRows(readers, rows.count);
      const quarantined: QuarantinedRow[] = [];
      let outside = 0;
      for (let i = 0; i < rows.count; i++) {
        if (cursor.isOutside(i)) outside++;
        else if (cursor.readInto(good, i)) good.count++;
        else quarantined.push(cursor.explain(i));
      }
      return { ...finish(good, card, readers), quarantined, outside };
    },
  };
}

function finish(
  { count, keys, timesMs, places, values }: GoodRows,
  card: Card,
  readers: readonly ColumnReader[],
): Omit<PreparedRows, "quarantined" | "outside"> {
  const columns = readers.map(({ name, kind }, c): TableColumn => {
    const found = values[c];
    if (kind !== "text") return { name, kind, values: (found as Float64Array).subarray(0, count) };
    return { name, kind, values: (found as (string | null)[]).slice(0, count) };
  });
  const inputs = card.inputs.map(({ name, dtype }): Column => {
    const column = columns.find((candidate) => candidate.name === name);
    if (dtype === "string") return (column?.values ?? []) as string[]; // none may lack a text
    if (dtype === "int64") return toBigInts(column?.values as Float64Array);
    if (column === undefined) return new Float32Array(count).fill(Number.NaN);
    return new Float32Array(column.values as Float64Array);
  });
  const nulls: Record<string, number> = {};
  readers.forEach(({ name, maxNullShare }, c) => {
    if (maxNullShare > 0) nulls[name] = countNone(columns[c]);
  });
  return {
    count,
    keys: keys.slice(0, count),
    timesMs: timesMs.subarray(0, count),
    places: places.subarray(0, count),
    inputs,
    columns,
    nulls,
  };
}

/** `BigInt64Array.from` with a function takes ten times as long. */
function toBigInts(values: Float64Array): BigInt64Array {
  const column = new BigInt64Array(values.length);
  for (let row = 0; row < values.length; row++) column[row] = BigInt(values[row] as number);
  return column;
}

function countNone(column: TableColumn | undefined): number {
  let none = 0;
  if (column?.kind === "text") {
    for (const text of column.values) if (text === null) none++;
  } else if (column) {
    for (let row = 0; row < column.values.length; row++) {
      if (Number.isNaN(column.values[row])) none++;
    }
  }
  return none;
}

const types = { int64: "integer", float32: "number", string: "text" } as const;

function readersOf({ name: job, inputs, keep }: Job, card: Card): ColumnReader[] {
  const refuse = (reason: string): never => {
    throw new MeshError("FAILED_PRECONDITION", `job ${job}: ${reason}`);
  };
  const unknown = Object.keys(inputs).filter((name) => !card.inputs.some((i) => i.name === name));
  if (unknown.length > 0) refuse(`${card.service} has no input ${unknown.join(", ")}`);
  const readers = card.inputs.flatMap(({ name, dtype }) => {
    const column = inputs[name];
    if (column === undefined) refuse(`nothing says where the input ${name} comes from`);
    if (!column) return dtype === "float32" ? [] : refuse(`${name} can never be unknown`);
    if (column.maxNullShare > 0 && dtype !== "float32") refuse(`${name} can never be unknown`);
    return [columnReader(name, column, types[dtype])];
  });
  for (const [name, column] of Object.entries(keep)) {
    if (name in inputs) refuse(`${name} is an input: it is kept already`);
    readers.push(columnReader(name, column, "number"));
  }
  return readers;
}

function placeColumns({ source }: Job): { time: string | undefined; key: string | undefined } {
  if (source.kind === "trips") return { time: "completed_ms", key: "trip_id" };
  return { time: source.time, key: source.key };
}
