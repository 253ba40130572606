import {
  asyncBufferFromFile,
  type ParquetReadOptions,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { MeshError } from "#kit/rpc/errors.ts";
import { COLUMNS, castRow } from "./cast.ts";
import type { MonthFile } from "./month-file.ts";
import type { NewYorkClock } from "./new-york.ts";
import { byPickup, type RecordedTrip } from "./trip.ts";

/** A month in memory: 60 000 to 80 000 trips, some 20 MB. */
export interface Month {
  /** Sorted by pickup, then by row. */
  readonly trips: readonly RecordedTrip[];
  /** Rows in the file; what `trips` lacks of it was not a ride. */
  readonly rows: number;
}

/** Reads a month, one row group at a time. Throws a `MeshError` with one sentence for an unusable file. */
export async function readMonth(file: MonthFile, clock: NewYorkClock): Promise<Month> {
  const buffer = await asyncBufferFromFile(file.path);
  const metadata = await parquetMetadataAsync(buffer).catch((cause: unknown) => {
    throw new MeshError("INVALID_ARGUMENT", `${file.path} is not a parquet file.`, { cause });
  });
  const present = new Set(parquetSchema(metadata).children.map((column) => column.element.name));
  const missing = COLUMNS.filter((column) => !present.has(column));
  if (missing.length > 0) {
    const message = `${file.path} has no column ${missing.join(", ")}: is it a green taxi file?`;
    throw new MeshError("INVALID_ARGUMENT", message);
  }
  const trips: RecordedTrip[] = [];
  const cells: Record<string, unknown> = {}; // one row, used again for each
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const columns = await readColumns({ file: buffer, metadata, rowStart, rowEnd });
    for (let row = rowStart; row < rowEnd; row++) {
      for (const [name, values] of columns) cells[name] = values[row - rowStart];
      const trip = castRow(cells, { month: file.month, row }, clock);
      if (trip) trips.push(trip);
    }
    rowStart = rowEnd;
  }
  return { trips: trips.sort(byPickup), rows: rowStart };
}

/** The columns of one row group. Whole rows, which the reader offers too, take far more memory. */
async function readColumns(
  group: Pick<ParquetReadOptions, "file" | "metadata" | "rowStart" | "rowEnd">,
): Promise<(readonly [string, unknown[]])[]> {
  const columns = new Map<string, unknown[]>(COLUMNS.map((name) => [name, []]));
  await parquetRead({
    ...group,
    columns: [...COLUMNS],
    compressors,
    onChunk({ columnName, columnData, rowStart }) {
      const column = columns.get(columnName);
      const offset = rowStart - (group.rowStart ?? 0);
      for (let i = 0; column && i < columnData.length; i++) column[offset + i] = columnData[i];
    },
  });
  return [...columns];
}
