import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parquetWriteFile } from "hyparquet-writer";
import { cellText } from "../rows/cell.ts";
import { describeParquet } from "./parquet-file.ts";
import type { SnapshotFile, SourceRow } from "./source.ts";

/** Rows of a spooled file: what is in memory at a time. */
const FILE_ROWS = 32_768;

/**
 * Writes rows as they come into parquet files `rows-00000` … of `dir`, every cell as text: the same rows are
 * the same bytes, whatever types the database has for them.
 */
export async function spoolRows(
  batches: AsyncIterable<readonly SourceRow[]>,
  columns: readonly string[],
  dir: string,
): Promise<SnapshotFile[]> {
  await mkdir(dir, { recursive: true });
  const files: SnapshotFile[] = [];
  let cells = columns.map((): (string | null)[] => []);
  const flush = async () => {
    const name = `rows-${String(files.length).padStart(5, "0")}`;
    const path = join(dir, `${name}.parquet`);
    parquetWriteFile({
      filename: path,
      columnData: columns.map((column, i) => ({
        name: column,
        data: cells[i] ?? [],
        type: "STRING" as const,
      })),
      rowGroupSize: FILE_ROWS,
    });
    files.push(await describeParquet(path, name));
    cells = columns.map(() => []);
  };
  for await (const batch of batches) {
    for (const row of batch) {
      columns.forEach((column, i) => {
        cells[i]?.push(cellText(row[column]));
      });
      if ((cells[0]?.length ?? 0) === FILE_ROWS) await flush();
    }
  }
  if ((cells[0]?.length ?? 0) > 0) await flush();
  return files;
}
