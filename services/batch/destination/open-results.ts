import { existsSync } from "node:fs";
import type { Results } from "./destination.ts";
import { createParquetResults } from "./parquet-destination.ts";
import { openPostgresClient } from "./postgres-client.ts";
import { createSqlResults } from "./sql-results.ts";
import { readSqliteClient } from "./sqlite-client.ts";

/** Opens results to read them: makes nothing, and needs no right to write. Without results there are no runs. */
export async function openResults(url: string): Promise<Results> {
  if (url.startsWith("parquet:")) return createParquetResults(url.slice("parquet:".length));
  if (!url.startsWith("sqlite:")) {
    const client = await openPostgresClient(url, { readOnly: true });
    const [found] = await client.all("SELECT to_regclass('batch_runs') AS found");
    if (found?.["found"] !== null) return createSqlResults(client);
    await client.close();
    return noResults;
  }
  const path = url.slice("sqlite:".length);
  if (!existsSync(path)) return noResults;
  const client = readSqliteClient(path);
  const tables = await client.all("SELECT 1 FROM sqlite_master WHERE name = 'batch_runs'");
  if (tables.length > 0) return createSqlResults(client);
  await client.close();
  return noResults;
}

const noResults: Results = {
  runs: async () => [],
  marks: async () => [],
  columns: async () => [],
  async *rows() {},
  rejects: async () => [],
  async close() {},
};
