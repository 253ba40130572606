import type { ColumnShape, QuarantinedRow } from "../rows/table.ts";
import { quote } from "../source/quote.ts";
import type { Results, RunState, RunSummary, ShardMark } from "./destination.ts";
import type { SqlClient } from "./sql-client.ts";

const ROWS_AT_A_TIME = 8192;

/** A run with its place in the order of starts, by which the latest wins. */
export interface StoredRun extends RunSummary {
  readonly startedOrder: number;
}

/** What a results database says, to whoever reads it. */
export function createSqlResults(client: SqlClient): Results {
  const shapes = async ({ table }: RunSummary) => {
    const [row] = await client.all("SELECT columns FROM batch_tables WHERE table_name = ?", [
      table,
    ]);
    return JSON.parse(String(row?.["columns"] ?? "[]")) as ColumnShape[];
  };
  return {
    async runs(job, limit) {
      const rows = await client.all(
        `SELECT * FROM batch_runs ${job === undefined ? "" : "WHERE job = ?"}
         ORDER BY started_ms DESC, started_order DESC ${limit === undefined ? "" : "LIMIT ?"}`,
        [job, limit].filter((value) => value !== undefined),
      );
      return rows.map(toStored);
    },
    async marks(runId) {
      const text = "SELECT mark FROM batch_shards WHERE run_id = ? ORDER BY shard";
      const rows = await client.all(text, [runId]);
      return rows.map(({ mark }) => JSON.parse(String(mark)) as ShardMark);
    },
    columns: shapes,
    async *rows(run, columns) {
      const known = await shapes(run);
      const names = columns.map(quote).join(", ");
      for (let after = ""; ; ) {
        const rows = await client.all(
          `SELECT row_key AS at, ${names} FROM ${run.table}_rows
           WHERE run_id = ? AND row_key > ? ORDER BY row_key LIMIT ${ROWS_AT_A_TIME}`,
          [run.runId, after],
        );
        if (rows.length === 0) return;
        after = String(rows.at(-1)?.["at"]);
        yield new Map(
          columns.map((name) => {
            const isText = known.find((column) => column.name === name)?.kind === "text";
            const values = rows.map((row) => row[name]);
            return [name, isText ? values : values.map((v) => (v === null ? null : Number(v)))];
          }),
        );
      }
    },
    async rejects(runId, limit) {
      const rows = await client.all(
        "SELECT * FROM batch_quarantine WHERE run_id = ? ORDER BY place LIMIT ?",
        [runId, limit],
      );
      return rows.map(
        (row): QuarantinedRow => ({
          place: String(row["place"]),
          key: row["row_key"] as string | null,
          reason: String(row["reason"]),
          cells: JSON.parse(String(row["cells"])) as QuarantinedRow["cells"],
        }),
      );
    },
    close: () => client.close(),
  };
}

/** A row of `batch_runs`. Postgres gives 64-bit numbers as text. */
export function toStored(row: Record<string, unknown>): StoredRun {
  return {
    runId: String(row["run_id"]),
    job: String(row["job"]),
    fromMs: Number(row["from_ms"]),
    toMs: Number(row["to_ms"]),
    model: String(row["model"]),
    modelDigest: String(row["model_digest"]),
    snapshotDigest: String(row["snapshot_digest"]),
    codeVersion: String(row["code_version"]),
    table: String(row["table_name"]),
    shards: Number(row["shards"]),
    sourceRows: Number(row["source_rows"]),
    startedOrder: Number(row["started_order"]),
    startedMs: Number(row["started_ms"]),
    finishedMs: row["finished_ms"] === null ? undefined : Number(row["finished_ms"]),
    state: row["state"] as RunState,
    reason: String(row["reason"]),
    rows: Number(row["scored_rows"]),
    quarantined: Number(row["quarantined_rows"]),
    outside: Number(row["outside_rows"]),
  };
}
