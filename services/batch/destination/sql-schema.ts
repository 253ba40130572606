import { MeshError } from "#kit/rpc/errors.ts";
import type { ColumnShape } from "../rows/table.ts";
import { quote } from "../source/quote.ts";
import type { RunPlan } from "./destination.ts";
import type { SqlClient } from "./sql-client.ts";

/** Tables that every results database has, SQLite and Postgres alike. Times are ms since 1970. */
export function baseSchema({ types: { integer, text, json } }: SqlClient): string {
  return `
CREATE TABLE IF NOT EXISTS batch_runs (
  run_id ${text} PRIMARY KEY,
  job ${text} NOT NULL,
  from_ms ${integer} NOT NULL,
  to_ms ${integer} NOT NULL,
  model ${text} NOT NULL,
  model_digest ${text} NOT NULL,
  snapshot_digest ${text} NOT NULL,
  code_version ${text} NOT NULL,
  table_name ${text} NOT NULL,
  shards ${integer} NOT NULL,
  source_rows ${integer} NOT NULL,
  started_order ${integer} NOT NULL,
  started_ms ${integer} NOT NULL,
  finished_ms ${integer},
  state ${text} NOT NULL,
  reason ${text} NOT NULL DEFAULT '',
  scored_rows ${integer} NOT NULL DEFAULT 0,
  quarantined_rows ${integer} NOT NULL DEFAULT 0,
  outside_rows ${integer} NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS batch_shards (
  run_id ${text} NOT NULL,
  shard ${integer} NOT NULL,
  mark ${json} NOT NULL,
  PRIMARY KEY (run_id, shard)
);
CREATE TABLE IF NOT EXISTS batch_publications (
  job ${text} NOT NULL,
  from_ms ${integer} NOT NULL,
  to_ms ${integer} NOT NULL,
  run_id ${text} NOT NULL,
  PRIMARY KEY (job, from_ms)
);
CREATE TABLE IF NOT EXISTS batch_quarantine (
  run_id ${text} NOT NULL,
  place ${text} NOT NULL,
  row_key ${text},
  reason ${text} NOT NULL,
  cells ${json} NOT NULL,
  PRIMARY KEY (run_id, place)
);
CREATE TABLE IF NOT EXISTS batch_tables (
  table_name ${text} PRIMARY KEY,
  job ${text} NOT NULL,
  columns ${json} NOT NULL,
  view ${text} NOT NULL
);
`;
}

/**
 * Makes the table of a job's rows, and over it the view that readers use: published rows and no others. A
 * column that the job has new is added; one that has become another kind is refused.
 */
export async function prepareTable(
  client: SqlClient,
  { job, table, columns, rankBy }: Pick<RunPlan, "job" | "table" | "columns" | "rankBy">,
): Promise<void> {
  const [known] = await client.all(
    "SELECT job, columns, view FROM batch_tables WHERE table_name = ?",
    [table],
  );
  if (known !== undefined && known["job"] !== job) {
    refuse(`the table ${table} is that of ${known["job"]}: give ${job} another`);
  }
  const before = known === undefined ? [] : (JSON.parse(String(known["columns"])) as ColumnShape[]);
  const added = columns.filter(({ name, kind }) => {
    const column = before.find((candidate) => candidate.name === name);
    if (column && column.kind !== kind) {
      refuse(`${table}.${name} holds ${column.kind}, now it would be ${kind}: use another table`);
    }
    return column === undefined;
  });
  const view = viewOf(job, table, [...before, ...added], rankBy);
  if (known?.["view"] === view) return;
  const all = [...before, ...added];
  const define = ({ name, kind }: ColumnShape) => `${quote(name)} ${client.types[kind]}`;
  if (known === undefined) {
    await client.script(
      `CREATE TABLE ${table}_rows (run_id ${client.types.text} NOT NULL, ${all.map(define).join(", ")},
       PRIMARY KEY (run_id, row_key)) ${client.byKey}`,
    );
  } else {
    for (const column of added) {
      await client.script(`ALTER TABLE ${table}_rows ADD COLUMN ${define(column)}`);
    }
  }
  await client.script(`DROP VIEW IF EXISTS ${table}`);
  await client.script(view);
  await client.run("DELETE FROM batch_tables WHERE table_name = ?", [table]);
  await client.run("INSERT INTO batch_tables VALUES (?, ?, ?, ?)", [
    ...[table, job, JSON.stringify(all), view],
  ]);
}

/** Job, table and `rankBy` are plain words: the schema of jobs sees to that. */
function viewOf(
  job: string,
  table: string,
  columns: readonly ColumnShape[],
  rankBy: string | undefined,
): string {
  const names = columns.map(({ name }) => `r.${quote(name)}`).join(", ");
  const rank =
    rankBy === undefined
      ? ""
      : `, row_number() OVER (PARTITION BY r.run_id ORDER BY r.${rankBy} DESC, r.row_key) AS rank`;
  return `CREATE VIEW ${table} AS SELECT r.run_id, ${names}${rank}
    FROM ${table}_rows r JOIN batch_publications p ON p.run_id = r.run_id AND p.job = '${job}'`;
}

function refuse(reason: string): never {
  throw new MeshError("FAILED_PRECONDITION", reason);
}
