import type { MonthFile } from "./month-file.ts";
import type { NewYorkClock } from "./new-york.ts";
import { type Month, readMonth } from "./read-month.ts";
import type { TripSource } from "./trip.ts";

/** Called when a month has been read, for the log. */
export type MonthRead = (file: MonthFile, month: Month) => void;

/** Recorded trips, one month after the other; only one month is in memory at a time. */
export function createRecordedSource(
  files: readonly MonthFile[],
  options: { readonly clock: NewYorkClock; readonly onMonth?: MonthRead },
): TripSource {
  const first = files[0]?.month ?? "none";
  return {
    description: `recorded: ${files.length} month(s) from ${first}`,
    async *trips(fromMs) {
      for (const file of files) {
        if (endOfMonthMs(file.month, options.clock) <= fromMs) continue;
        const month = await readMonth(file, options.clock);
        options.onMonth?.(file, month);
        for (const trip of month.trips) if (trip.pickupMs >= fromMs) yield trip;
      }
    },
  };
}

function endOfMonthMs(month: string, clock: NewYorkClock): number {
  const start = new Date(`${month}-01T00:00:00Z`);
  return clock.toUtcMs(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1));
}
