import { COLUMNS, castRow } from "./cast.ts";
import type { MonthFile } from "./month-file.ts";
import type { NewYorkClock } from "./new-york.ts";
import { readRows } from "./read-rows.ts";
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
  const trips: RecordedTrip[] = [];
  const rows = await readRows(file.path, COLUMNS, (cells, row) => {
    const trip = castRow(cells, { month: file.month, row }, clock);
    if (trip) trips.push(trip);
  });
  return { trips: trips.sort(byPickup), rows };
}
