import { setImmediate } from "node:timers/promises";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Results } from "../../services/batch/destination/destination.ts";

/**
 * The same results, of which at most `most` rows are read; one more fails with FAILED_PRECONDITION. Other work
 * gets a turn between two reads: those of SQLite block the thread.
 */
export function bounded(results: Results, most: number): Results {
  let read = 0;
  return {
    ...results,
    async *rows(run, columns) {
      for await (const page of results.rows(run, columns)) {
        read += page.values().next().value?.length ?? 0;
        if (read > most) {
          throw new MeshError(
            "FAILED_PRECONDITION",
            `the report takes more than ${most.toLocaleString("en-US")} rows, too many for the console: ` +
              `./mesh batch report ${run.job} reads them all`,
          );
        }
        yield page;
        await setImmediate();
      }
    },
  };
}
