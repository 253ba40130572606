import type { JobSource } from "../job/spec.ts";
import { openPostgresTable } from "./postgres-table.ts";
import type { TableReader } from "./source.ts";
import { openSqliteTable } from "./sqlite-table.ts";
import { tripsQuery } from "./trips.ts";

/** The same question to SQLite and to Postgres. */
export interface TableQuery {
  readonly table: string;
  /** Columns that are read. */
  readonly columns: readonly string[];
  /** Column that orders the rows. */
  readonly key: string;
  /** Column that places a row in a window, and whether it holds ms instead of times. */
  readonly time?: { readonly column: string; readonly isMs: boolean };
  /** Makes a row of the answer, or none; default: as it comes. */
  readonly toRow?: (
    row: Readonly<Record<string, unknown>>,
  ) => Readonly<Record<string, unknown>> | undefined;
}

type TableSource = Exclude<JobSource, { kind: "parquet" }>;

/** Opens a source database for reading. Nothing is ever written to it. */
export async function openTable(
  source: TableSource,
  columns: readonly string[],
): Promise<TableReader> {
  const query = source.kind === "trips" ? tripsQuery(columns) : tableQuery(source, columns);
  return source.url.startsWith("sqlite:")
    ? openSqliteTable(source.url.slice("sqlite:".length), query)
    : openPostgresTable(source.url, query);
}

function tableQuery(
  { table, key, time }: Extract<TableSource, { kind: "table" }>,
  columns: readonly string[],
): TableQuery {
  const query = { table, key, columns };
  return time === undefined ? query : { ...query, time: { column: time, isMs: false } };
}
