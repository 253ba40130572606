/** Rows by their keys. */
export type Rows = Map<string, Readonly<Record<string, unknown>>>;

export interface RowDifference {
  readonly rows: number;
  /** Columns that were compared: those of the left side. */
  readonly columns: readonly string[];
  readonly onlyLeft: number;
  readonly onlyRight: number;
  /** Rows that both have and that say something else in any bit. */
  readonly differing: number;
}

/** Compares two results row by row; numbers by their bits, none with none. */
export function compareRows(left: Rows, right: Rows): RowDifference {
  const columns = Object.keys([...left.values()][0] ?? {});
  let [onlyLeft, differing] = [0, 0];
  for (const [key, row] of left) {
    const other = right.get(key);
    if (!other) onlyLeft++;
    else if (!columns.every((name) => Object.is(plain(row[name]), plain(other[name])))) differing++;
  }
  return {
    rows: left.size,
    columns,
    onlyLeft,
    onlyRight: [...right.keys()].filter((key) => !left.has(key)).length,
    differing,
  };
}

/** Databases and files write "none" and whole numbers in their own ways. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  return value === undefined || Number.isNaN(value) ? null : value;
}
