import type { Rides } from "./rides.ts";

/** Rides that have something in common, by row. */
export interface Group {
  readonly name: string;
  readonly rows: readonly number[];
}

/** All rides with a truth, then metered and dispatched ones: two populations that drive differently. */
export function byPopulation(rides: Rides, rows: readonly number[]): Group[] {
  const isDispatched = (row: number) => Number.isNaN(rides.passengerCount[row]);
  const metered = { name: "metered", rows: rows.filter((row) => !isDispatched(row)) };
  const dispatch = { name: "dispatch", rows: rows.filter(isDispatched) };
  // Tips are known of metered rides only: saying the same twice would look like two findings.
  const parts = present([metered, dispatch]);
  return [{ name: "all", rows }, ...(parts.length > 1 ? parts : [])];
}

/** Hours of the New York wall clock at pickup. */
export function byHour(rides: Rides, rows: readonly number[]): Group[] {
  const hourOf = (row: number) => Math.floor(Number(rides.pickupLocalSeconds[row]) / 3600) % 24;
  return present(
    Array.from({ length: 24 }, (_, hour) => ({
      name: `${String(hour).padStart(2, "0")} h`,
      rows: rows.filter((row) => hourOf(row) === hour),
    })),
  );
}

const DISTANCE_STEPS_MILES = [0, 1, 2, 3, 5, 10, 100];

/** Metered distance, also for predictions that were not told it. */
export function byDistance(rides: Rides, rows: readonly number[]): Group[] {
  const milesOf = (row: number) => rides.tripDistanceMiles[row] as number;
  const groups: Group[] = DISTANCE_STEPS_MILES.slice(1).map((upTo, i) => {
    const above = DISTANCE_STEPS_MILES[i] as number;
    const isIn = (row: number) => milesOf(row) > above && milesOf(row) <= upTo;
    return { name: `${above} to ${upTo} mi`, rows: rows.filter(isIn) };
  });
  const known = new Set(groups.flatMap((group) => group.rows));
  return present([...groups, { name: "unknown", rows: rows.filter((row) => !known.has(row)) }]);
}

function present(groups: readonly Group[]): Group[] {
  return groups.filter(({ rows }) => rows.length > 0);
}
