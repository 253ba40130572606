import pg from "pg";
import { MeshError } from "#kit/rpc/errors.ts";
import type { TableQuery } from "./open-table.ts";
import { quote } from "./quote.ts";
import type { SourceRow, TableReader } from "./source.ts";

const BATCH = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** For one fetch; the first has to sort the window. */
const STATEMENT_TIMEOUT_MS = 300_000;
const BYTEA = 17;
const BOOLEAN = 16;

/** Reads a Postgres database, in one transaction that sees one state of it and may write nothing. */
export async function openPostgresTable(url: string, query: TableQuery): Promise<TableReader> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    application_name: "tripmesh-batch",
    options: "-c TimeZone=UTC -c DateStyle=ISO", // a time without a zone is compared as it is
    types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
  });
  client.on("error", () => undefined); // the connection broke: the next query fails and says so
  await client.connect().catch((cause: unknown) => {
    throw new MeshError("UNAVAILABLE", `the source database cannot be reached: ${cause}`, {
      cause,
    });
  });
  return {
    async *rows({ fromMs, toMs }) {
      const { time, columns, table, key } = query;
      const [condition, values] = time ? timeCondition(time, fromMs, toMs) : ["", []];
      await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      await client.query(
        `DECLARE batch NO SCROLL CURSOR FOR SELECT ${columns.map(quote).join(", ")}
         FROM ${quote(table)} ${condition} ORDER BY ${quote(key)}::text COLLATE "C"`,
        values,
      );
      for (;;) {
        const { rows } = await client.query<SourceRow>(`FETCH ${BATCH} FROM batch`);
        if (rows.length === 0) break;
        const { toRow = (row: SourceRow) => row } = query;
        yield rows.map(toRow).filter((row) => row !== undefined);
      }
      await client.query("COMMIT");
    },
    async close() {
      await client.end();
    },
  };
}

function timeCondition(
  { column, isMs }: NonNullable<TableQuery["time"]>,
  fromMs: number,
  toMs: number,
): [sql: string, values: number[]] {
  const name = quote(column);
  if (isMs) return [`WHERE ${name} >= $1 AND ${name} < $2`, [fromMs, toMs]];
  return [
    `WHERE ${name} >= to_timestamp($1) AT TIME ZONE 'UTC' AND ${name} < to_timestamp($2) AT TIME ZONE 'UTC'`,
    [fromMs / 1000, toMs / 1000],
  ];
}

/** Everything as the text that Postgres writes: exact, and the same as a spooled cell. */
function typeParser(oid: number) {
  if (oid === BYTEA) return pg.types.getTypeParser(BYTEA);
  if (oid === BOOLEAN) return (value: string) => (value === "t" ? "true" : "false");
  return (value: string) => value;
}
