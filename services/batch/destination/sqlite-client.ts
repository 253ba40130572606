import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { MeshError } from "#kit/rpc/errors.ts";
import { quote } from "../source/quote.ts";
import type { SqlClient } from "./sql-client.ts";

/** How long to wait for another writer, ms: longer than any transaction here takes. */
const BUSY_MS = 30_000;
const SQLITE_FULL = 13;
const SQLITE_IOERR = 10;

/**
 * Opens (and makes) a SQLite database for results. WAL: readers see the last publication while a run is
 * written. What is published survives a power loss.
 */
export function openSqliteClient(path: string): SqlClient {
  mkdirSync(dirname(path), { recursive: true });
  const db = new DatabaseSync(path, { timeout: BUSY_MS });
  db.exec("PRAGMA journal_mode=WAL");
  return clientOf(db, path);
}

/** Opens a SQLite database that is there, to read it. */
export function readSqliteClient(path: string): SqlClient {
  return clientOf(new DatabaseSync(path, { timeout: BUSY_MS, readOnly: true }), path);
}

function clientOf(db: DatabaseSync, path: string): SqlClient {
  return {
    types: { integer: "INTEGER", number: "REAL", text: "TEXT", json: "TEXT" },
    byKey: "WITHOUT ROWID",
    forUpdate: "",
    all: async (text, values = []) => db.prepare(text).all(...(values as SQLInputValue[])),
    run: async (text, values = []) =>
      Number(db.prepare(text).run(...(values as SQLInputValue[])).changes),
    script: async (text) => db.exec(text),
    async insert(table, runId, columns) {
      const names = columns.map(({ name }) => quote(name)).join(", ");
      const marks = columns.map(() => "?").join(", ");
      // The run's id is a part of the text: one value less to bind for every row.
      const text = `INSERT INTO ${table} (run_id, ${names}) VALUES ('${hexOnly(runId)}', ${marks})`;
      const statement = db.prepare(text);
      const values = columns.map((column) => column.values);
      const count = values[0]?.length ?? 0;
      const row = new Array<SQLInputValue>(values.length);
      for (let r = 0; r < count; r++) {
        for (let c = 0; c < values.length; c++) row[c] = values[c]?.[r] as SQLInputValue; // NaN is NULL
        statement.run(...row);
      }
    },
    // A sync covers all that was written to the log before it, staged shards as well.
    transaction: (_, work) => transact(db, path, "FULL", work),
    stage: (_, work) => transact(db, path, "NORMAL", work),
    async close() {
      db.close();
    },
  };
}

async function transact<T>(
  db: DatabaseSync,
  path: string,
  synchronous: "FULL" | "NORMAL",
  work: () => Promise<T>,
): Promise<T> {
  db.exec(`PRAGMA synchronous=${synchronous}; BEGIN IMMEDIATE`);
  try {
    const result = await work();
    db.exec("COMMIT");
    return result;
  } catch (cause) {
    if (db.isTransaction) db.exec("ROLLBACK"); // a full disk may have done that already
    throw toMeshError(cause, path);
  }
}

function hexOnly(runId: string): string {
  if (/^[0-9a-f]+$/.test(runId)) return runId;
  throw new TypeError(`${runId} is no run's id`);
}

function toMeshError(cause: unknown, path: string): unknown {
  const code = ((cause as { errcode?: number } | undefined)?.errcode ?? 0) & 0xff;
  if (code !== SQLITE_FULL && code !== SQLITE_IOERR) return cause;
  return new MeshError("RESOURCE_EXHAUSTED", `the disk of ${path} is full or fails`, { cause });
}
