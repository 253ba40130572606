import { MeshError } from "#kit/rpc/errors.ts";
import type { Window } from "../job/window.ts";
import type { SourceRows } from "../source/source.ts";
import { cellText, readText, readTimeMs } from "./cell.ts";
import type { ColumnReader } from "./reader.ts";
import type { QuarantinedRow } from "./table.ts";

/** Columns as they fill up; a row that turns out bad is written over by the next. */
export interface GoodRows {
  count: number;
  readonly keys: string[];
  readonly timesMs: Float64Array;
  readonly places: Float64Array;
  readonly values: readonly (Float64Array | (string | null)[])[];
}

export function createGoodRows(readers: readonly ColumnReader[], rows: number): GoodRows {
  return {
    count: 0,
    keys: [],
    timesMs: new Float64Array(rows),
    places: new Float64Array(rows),
    values: readers.map(({ kind }) => (kind === "text" ? [] : new Float64Array(rows))),
  };
}

export interface Rules {
  readonly readers: readonly ColumnReader[];
  readonly time: string | undefined;
  readonly key: string | undefined;
  readonly window: Window;
  readonly isDuplicate: (row: number) => boolean;
}

/** Looks at rows of a shard, one at a time. */
export function createCursor(rows: SourceRows, { readers, time, key, window, isDuplicate }: Rules) {
  const cells = readers.map(({ from }) => from.map((name) => columnOf(rows, name)));
  const times = time === undefined ? undefined : columnOf(rows, time);
  const names = key === undefined ? undefined : columnOf(rows, key);
  const placeOf = (i: number) => `${rows.file}:${String(rows.firstRow + i).padStart(8, "0")}`;
  const timeAt = (i: number) => (times ? readTimeMs(times[i]) : window.fromMs);
  const keyAt = (i: number) => (names ? readText(names[i]) : placeOf(i));
  return {
    isOutside(i: number): boolean {
      const ms = timeAt(i);
      return typeof ms === "number" && (ms < window.fromMs || ms >= window.toMs);
    },
    /** False when the row cannot be used. */
    readInto(good: GoodRows, i: number): boolean {
      const [ms, name] = [timeAt(i), keyAt(i)];
      if (typeof ms !== "number" || typeof name !== "string") return false;
      if (isDuplicate(rows.firstRow + i)) return false;
      for (let c = 0; c < readers.length; c++) {
        const value = readers[c]?.read(cells[c]?.[0]?.[i], cells[c]?.[1]?.[i]);
        const column = good.values[c];
        if (value === undefined || !column) return false;
        if (column instanceof Float64Array) column[good.count] = (value as number | null) ?? NaN;
        else column[good.count] = value as string | null;
      }
      good.keys[good.count] = name;
      good.timesMs[good.count] = ms;
      good.places[good.count] = rows.firstRow + i;
      return true;
    },
    explain(i: number): QuarantinedRow {
      const name = keyAt(i);
      const reasons = readers.flatMap((reader, c) => {
        const pair = [cells[c]?.[0]?.[i], cells[c]?.[1]?.[i]] as const;
        return reader.read(...pair) === undefined ? [reader.explain(...pair)] : [];
      });
      if (typeof timeAt(i) !== "number") reasons.unshift(`${time} is no time`);
      if (typeof name !== "string") reasons.unshift(`${key} is missing`);
      if (isDuplicate(rows.firstRow + i)) reasons.unshift(`${key} is that of an earlier row`);
      return {
        place: placeOf(i),
        key: typeof name === "string" ? name : null,
        reason: reasons.join("; "),
        cells: Object.fromEntries(
          [...rows.columns].map(([n, cells]) => [n, textOf(cells[i], rows.times.has(n))]),
        ),
      };
    },
  };
}

/** A cell for people to read: times as dates. */
function textOf(cell: unknown, isTime: boolean): string | null {
  return cellText(isTime && typeof cell === "number" ? new Date(cell) : cell);
}

function columnOf({ columns, file }: SourceRows, name: string): ArrayLike<unknown> {
  const column = columns.get(name);
  if (column) return column;
  throw new MeshError("FAILED_PRECONDITION", `${file} has no column ${name}`);
}
