import {
  asyncBufferFromFile,
  type ParquetReadOptions,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { MeshError } from "#kit/rpc/errors.ts";

/** A row as the parquet reader hands it over: column name to whatever type the month has. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * Calls `onRow` for every row of a green taxi file, with its number from 0, and gives back how many there
 * were. One row group is in memory at a time; the row object is used again for the next.
 *
 * Throws a `MeshError` with one sentence for a file that is no parquet or lacks a column.
 */
export async function readRows(
  path: string,
  columns: readonly string[],
  onRow: (row: Row, number: number) => void,
): Promise<number> {
  const buffer = await asyncBufferFromFile(path).catch((cause: unknown) => {
    throw new MeshError("NOT_FOUND", `${path} cannot be read.`, { cause });
  });
  const metadata = await parquetMetadataAsync(buffer).catch((cause: unknown) => {
    throw new MeshError("INVALID_ARGUMENT", `${path} is not a parquet file.`, { cause });
  });
  const present = new Set(parquetSchema(metadata).children.map((column) => column.element.name));
  const missing = columns.filter((column) => !present.has(column));
  if (missing.length > 0) {
    const message = `${path} has no column ${missing.join(", ")}: is it a green taxi file?`;
    throw new MeshError("INVALID_ARGUMENT", message);
  }
  const cells: Record<string, unknown> = {};
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const read = await readColumns({ file: buffer, metadata, rowStart, rowEnd }, columns);
    for (let row = rowStart; row < rowEnd; row++) {
      for (const [name, values] of read) cells[name] = values[row - rowStart];
      onRow(cells, row);
    }
    rowStart = rowEnd;
  }
  return rowStart;
}

/** The columns of one row group. Whole rows, which the reader offers too, take far more memory. */
async function readColumns(
  group: Pick<ParquetReadOptions, "file" | "metadata" | "rowStart" | "rowEnd">,
  names: readonly string[],
): Promise<(readonly [string, unknown[]])[]> {
  const columns = new Map<string, unknown[]>(names.map((name) => [name, []]));
  await parquetRead({
    ...group,
    columns: [...names],
    compressors,
    onChunk({ columnName, columnData, rowStart }) {
      const column = columns.get(columnName);
      const offset = rowStart - (group.rowStart ?? 0);
      for (let i = 0; column && i < columnData.length; i++) column[offset + i] = columnData[i];
    },
  });
  return [...columns];
}
