import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { MeshError } from "#kit/rpc/errors.ts";
import type { TableQuery } from "./open-table.ts";
import { quote } from "./quote.ts";
import type { SourceRow, TableReader } from "./source.ts";

const BATCH = 2_000;

/** Reads a SQLite database, also while others write to it: one statement sees one state. */
export function openSqliteTable(path: string, query: TableQuery): TableReader {
  if (!existsSync(path)) {
    throw new MeshError("NOT_FOUND", `${path} is not there: the job's source database`);
  }
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000, readBigInts: true });
  return {
    async *rows({ fromMs, toMs }) {
      const [condition, values] = timeCondition(query, fromMs, toMs);
      const columns = query.columns.map(quote).join(", ");
      const statement = db.prepare(
        `SELECT ${columns} FROM ${quote(query.table)} ${condition} ORDER BY ${quote(query.key)}`,
      );
      let batch: SourceRow[] = [];
      for (const row of statement.iterate(...values)) {
        const found = query.toRow ? query.toRow(row) : row;
        if (found) batch.push(found);
        if (batch.length < BATCH) continue;
        yield batch;
        batch = [];
      }
      yield batch;
    },
    async close() {
      db.close();
    },
  };
}

/**
 * Narrows to the window. A column without a type may hold ms or ISO text; of text only the day is compared
 * here, because it is written in many ways, and the rest when the row is read.
 */
function timeCondition(
  { time }: TableQuery,
  fromMs: number,
  toMs: number,
): [sql: string, values: (number | string)[]] {
  if (!time) return ["", []];
  const column = quote(time.column);
  if (time.isMs) return [`WHERE ${column} >= ? AND ${column} < ?`, [fromMs, toMs]];
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  return [
    `WHERE (typeof(${column}) = 'text' AND substr(${column}, 1, 10) BETWEEN ? AND ?)
       OR (typeof(${column}) <> 'text' AND ${column} >= ? AND ${column} < ?)`,
    [day(fromMs), day(toMs), fromMs, toMs],
  ];
}
