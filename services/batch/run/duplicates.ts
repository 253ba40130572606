import { DatabaseSync } from "node:sqlite";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Job } from "../job/spec.ts";
import type { Window } from "../job/window.ts";
import { readText, readTimeMs } from "../rows/cell.ts";
import { openParquet } from "../source/parquet-file.ts";
import type { Snapshot } from "../source/source.ts";

const ROWS_AT_A_TIME = 65_536;

/**
 * Rows of the window whose key an earlier row has, by file. Found before scoring, so that shards may be done
 * in any order; keys are kept in a temporary file of SQLite's, so that memory does not grow with them.
 *
 * Fails with FAILED_PRECONDITION when they alone are more than the job's quarantine may hold.
 */
export async function findDuplicates(
  { source, quarantine, name: job }: Job,
  window: Window,
  { files }: Snapshot,
): Promise<number[][]> {
  const [key, time] =
    source.kind === "trips" ? ["trip_id", "completed_ms"] : [source.key, source.time];
  if (key === undefined) return files.map(() => []); // rows are named by their place
  const limit = quarantine.maxShare * files.reduce((rows, file) => rows + file.rows, 0);
  const seen = new DatabaseSync(""); // a temporary file that nobody else sees
  let found = 0;
  try {
    seen.exec("CREATE TABLE keys (key TEXT PRIMARY KEY) WITHOUT ROWID; BEGIN");
    const insert = seen.prepare("INSERT OR IGNORE INTO keys VALUES (?)");
    const duplicates: number[][] = [];
    for (const file of files) {
      const open = await openParquet(file);
      const repeated: number[] = [];
      for (let start = 0; start < file.rows; start += ROWS_AT_A_TIME) {
        const end = Math.min(start + ROWS_AT_A_TIME, file.rows);
        const wanted = time === undefined ? [key] : [key, time];
        const { columns } = await open.read(start, end, wanted);
        const [keys, times] = [columns.get(key), time && columns.get(time)];
        for (let i = 0; i < end - start; i++) {
          if (times && isOutside(readTimeMs(times[i]), window)) continue;
          const value = readText(keys?.[i]);
          if (typeof value === "string" && insert.run(value).changes === 0)
            repeated.push(start + i);
        }
      }
      duplicates.push(repeated);
      found += repeated.length;
      if (found > limit) tooMany(job, found, key);
    }
    return duplicates;
  } finally {
    seen.close();
  }
}

function isOutside(ms: number | null | undefined, { fromMs, toMs }: Window): boolean {
  return typeof ms === "number" && (ms < fromMs || ms >= toMs);
}

function tooMany(job: string, found: number, key: string): never {
  throw new MeshError(
    "FAILED_PRECONDITION",
    `${job} is stopped, nothing is published: ${found} rows or more repeat the ${key} of another`,
  );
}
