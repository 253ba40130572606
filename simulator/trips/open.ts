import { delimiter } from "node:path";
import { type Baseline, firstUnseenDay } from "./baseline.ts";
import { findMonthFiles } from "./month-file.ts";
import type { NewYorkClock } from "./new-york.ts";
import { createRecordedSource, type MonthRead } from "./recorded.ts";
import { createSyntheticSource } from "./synthetic.ts";
import type { TripSource } from "./trip.ts";

/** Which trips to replay. */
export interface TripChoice {
  /** File, folder, several of them joined by the platform's path delimiter, or `demo`. */
  readonly trips: string;
  /** New York date, `YYYY-MM-DD`: earlier pickups are skipped. */
  readonly from: string | undefined;
  readonly seed: number;
}

export interface OpenTripsDeps {
  readonly clock: NewYorkClock;
  /** Read only for synthetic trips. */
  readonly readBaseline: () => Baseline;
  readonly onMonth?: MonthRead;
}

/** A source and the instant of its first trip. */
export interface OpenedTrips {
  readonly kind: "recorded" | "synthetic";
  readonly source: TripSource;
  /** Earliest pickup, milliseconds since the epoch (UTC). */
  readonly fromMs: number;
}

/** Opens the trips that were chosen. Throws a `MeshError` with one sentence when there are none. */
export function openTrips(choice: TripChoice, deps: OpenTripsDeps): OpenedTrips {
  const { clock } = deps;
  const toMs = (moment: string) =>
    clock.toUtcMs(Date.parse(moment.includes("T") ? `${moment}Z` : `${moment}T00:00:00Z`));
  if (choice.trips === "demo") {
    const baseline = deps.readBaseline();
    const fromMs = toMs(choice.from ?? firstUnseenDay(baseline));
    const options = { baseline, clock, seed: choice.seed };
    return { kind: "synthetic", source: createSyntheticSource(options), fromMs };
  }
  const files = choice.trips.split(delimiter).flatMap(findMonthFiles);
  files.sort((a, b) => a.month.localeCompare(b.month));
  const source = createRecordedSource(files, {
    clock,
    ...(deps.onMonth ? { onMonth: deps.onMonth } : {}),
  });
  return { kind: "recorded", source, fromMs: choice.from ? toMs(choice.from) : 0 };
}
