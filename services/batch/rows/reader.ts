import type { Job, JobColumn } from "../job/spec.ts";
import { readInteger, readNumber, readText, readTimeMs } from "./cell.ts";

/** How a column's values are kept: numbers with NaN for none, or texts with null for none. */
export type ColumnKind = "integer" | "number" | "text";

/** Reads one column of the job from a row's cells. */
export interface ColumnReader {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Columns of the source, one or two. */
  readonly from: readonly string[];
  /** Above 0 a row may lack it. */
  readonly maxNullShare: number;
  /** What the cell holds, null for nothing; undefined when it cannot be used. */
  read(cell: unknown, second: unknown): number | string | null | undefined;
  /** Why it cannot be used. */
  explain(cell: unknown, second: unknown): string;
}

type Type = NonNullable<JobColumn["type"]>;

const readers: Readonly<
  Record<Type, (cell: unknown, second: unknown) => number | string | null | undefined>
> = {
  integer: readInteger,
  number: readNumber,
  text: readText,
  "wall-seconds"(cell) {
    const ms = readTimeMs(cell);
    return typeof ms === "number" ? Math.floor(ms / 1000) : ms;
  },
  "minutes-between"(start, end) {
    const [from, to] = [readTimeMs(start), readTimeMs(end)];
    if (from === undefined || to === undefined) return undefined;
    return from === null || to === null ? null : (to - from) / 60_000;
  },
};

const words: Readonly<Record<Type, string>> = {
  integer: "a whole number",
  number: "a number",
  text: "a text",
  "wall-seconds": "a time",
  "minutes-between": "a span between two times",
};

const kinds: Readonly<Record<Type, ColumnKind>> = {
  integer: "integer",
  number: "number",
  text: "text",
  "wall-seconds": "integer",
  "minutes-between": "number",
};

/** The reader of a column; `fallback` is its type where the job names none. */
export function columnReader(name: string, column: JobColumn, fallback: Type): ColumnReader {
  const type = column.type ?? fallback;
  const { minimum = -Infinity, maximum = Infinity, maxNullShare } = column;
  const vocabulary = column.values && new Set(column.values);
  const isOptional = maxNullShare > 0;
  const parse = readers[type];
  const isWithin = (value: number | string) =>
    typeof value === "number"
      ? value >= minimum && value <= maximum
      : vocabulary === undefined || vocabulary.has(value);
  return {
    name,
    kind: kinds[type],
    from: typeof column.from === "string" ? [column.from] : column.from,
    maxNullShare,
    read(cell, second) {
      const value = parse(cell, second);
      if (value === null) return isOptional ? null : undefined;
      return value === undefined || isWithin(value) ? value : undefined;
    },
    explain(cell, second) {
      const value = parse(cell, second);
      if (value === null) return `${name} is missing`;
      if (value === undefined) return `${name}: ${show(cell)} is not ${words[type]}`;
      if (typeof value === "string") return `${name}: ${show(value)} is none of the known values`;
      return `${name}: ${value} is not within ${minimum} to ${maximum}`;
    },
  };
}

/** Every column of the source that the job reads, each once. */
export function sourceColumns({ source, inputs, keep }: Job): string[] {
  const columns = [...Object.values(inputs), ...Object.values(keep)];
  const named = columns.flatMap((column) => (column === null ? [] : [column.from].flat()));
  const placing = source.kind === "trips" ? ["completed_ms", "trip_id"] : [source.time, source.key];
  return [...new Set([...named, ...placing.filter((name) => name !== undefined)])];
}

function show(cell: unknown): string {
  const text = typeof cell === "string" ? `"${cell}"` : String(cell);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
