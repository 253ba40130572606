import pg from "pg";
import { MeshError } from "#kit/rpc/errors.ts";
import type { TableColumn } from "../rows/table.ts";
import { quote } from "../source/quote.ts";
import type { SqlClient } from "./sql-client.ts";

const CONNECT_TIMEOUT_MS = 5_000;
/** For one statement; the longest deletes a superseded month. */
const STATEMENT_TIMEOUT_MS = 300_000;
/** First of the two numbers of the advisory lock of a job; any that nobody else locks by. */
const LOCK_SPACE = 7_231;

const types = {
  integer: "BIGINT",
  number: "DOUBLE PRECISION",
  text: "TEXT",
  json: "TEXT",
} as const;
const arrayTypes = { integer: "bigint[]", number: "float8[]", text: "text[]" } as const;

/** Opens a Postgres database for results, on one connection; the server refuses to write on a `readOnly` one. */
export async function openPostgresClient(
  url: string,
  { readOnly = false }: { readonly readOnly?: boolean } = {},
): Promise<SqlClient> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    application_name: "tripmesh-batch",
    ...(readOnly ? { options: "-c default_transaction_read_only=on" } : {}),
  });
  client.on("error", () => undefined); // the connection broke: the next query fails and says so
  await client.connect().catch((cause: unknown) => {
    throw new MeshError("UNAVAILABLE", `the results database cannot be reached: ${cause}`, {
      cause,
    });
  });
  return {
    types,
    byKey: "",
    forUpdate: "FOR UPDATE",
    all: async (text, values = []) => (await client.query(numbered(text), [...values])).rows,
    run: async (text, values = []) =>
      (await client.query(numbered(text), [...values])).rowCount ?? 0,
    async script(text) {
      await client.query(text);
    },
    async insert(table, runId, columns) {
      const names = columns.map(({ name }) => quote(name)).join(", ");
      const arrays = columns.map(({ kind }, i) => `$${i + 2}::${arrayTypes[kind]}`).join(", ");
      await client.query(
        `INSERT INTO ${table} (run_id, ${names}) SELECT $1, u.* FROM unnest(${arrays}) AS u`,
        [runId, ...columns.map(toArray)],
      );
    },
    transaction: (job, work) => transact(client, job, work),
    stage: (job, work) => transact(client, job, work),
    async close() {
      await client.end();
    },
  };
}

async function transact<T>(client: pg.Client, job: string, work: () => Promise<T>): Promise<T> {
  await client.query("BEGIN");
  try {
    await client.query("SELECT pg_advisory_xact_lock($1, hashtext($2))", [LOCK_SPACE, job]);
    const result = await work();
    await client.query("COMMIT");
    return result;
  } catch (cause) {
    await client.query("ROLLBACK").catch(() => undefined); // a broken connection has done that
    throw cause;
  }
}

function toArray({ values }: TableColumn): (number | string | null)[] {
  return Array.from(values as ArrayLike<number | string | null>, (value) =>
    Number.isNaN(value) ? null : value,
  );
}

/** `?` to `$1`, `$2` …; no text here holds a question mark. */
function numbered(text: string): string {
  let n = 0;
  return text.replaceAll("?", () => `$${++n}`);
}
