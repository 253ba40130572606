// One row of a TLC green taxi file, cast and judged. Types move between months (INT64, INT32, DOUBLE), so
// nothing is taken as it comes.
import type { NewYorkClock } from "./new-york.ts";
import type { Row } from "./read-rows.ts";
import type { RecordedTrip } from "./trip.ts";

/** The columns that a replay needs, by the names that TLC gives them. */
export const COLUMNS = [
  "lpep_pickup_datetime",
  "lpep_dropoff_datetime",
  "PULocationID",
  "DOLocationID",
  "passenger_count",
  "trip_distance",
  "total_amount",
  "tip_amount",
  "payment_type",
] as const;

/** Which file the row is from. */
export interface RowOrigin {
  /** Month of the file, `YYYY-MM`. */
  readonly month: string;
  /** Row in the file, from 0. */
  readonly row: number;
}

const SHORTEST_SECONDS = 60;
const LONGEST_SECONDS = 180 * 60;
const LONGEST_MILES = 100;
const MOST_PASSENGERS = 20;
const LAST_ZONE = 265;
/** TLC's id for "unknown": nobody can ask for a ride to it. 265, "outside of NYC", is a place. */
const UNKNOWN_ZONE = 264;
/** TLC payment_type of a card. Only these record the tip: cash tips are always 0 in the data. */
export const CARD = 1;

/** The trip of a row, or undefined for a row that no ride could have made. */
export function castRow(
  row: Row,
  origin: RowOrigin,
  clock: NewYorkClock,
): RecordedTrip | undefined {
  const pickupWallMs = wallMs(row["lpep_pickup_datetime"]);
  const dropoffWallMs = wallMs(row["lpep_dropoff_datetime"]);
  if (pickupWallMs === undefined || dropoffWallMs === undefined) return undefined;
  if (new Date(pickupWallMs).toISOString().slice(0, 7) !== origin.month) return undefined; // a stray
  const times = tripTimes(pickupWallMs, dropoffWallMs, clock);
  const pickupZone = zone(row["PULocationID"]);
  const dropoffZone = zone(row["DOLocationID"]);
  const money = paid(row);
  if (!times || !pickupZone || !dropoffZone || !money) return undefined;
  return {
    id: `green-${origin.month}-${origin.row}`,
    row: origin.row,
    ...times,
    pickupZone,
    dropoffZone,
    passengerCount: within(row["passenger_count"], 0, MOST_PASSENGERS),
    distanceMiles: within(row["trip_distance"], Number.MIN_VALUE, LONGEST_MILES),
    ...money,
  };
}

function tripTimes(pickupWallMs: number, dropoffWallMs: number, clock: NewYorkClock) {
  const durationSeconds = (dropoffWallMs - pickupWallMs) / 1000;
  if (!(durationSeconds >= SHORTEST_SECONDS && durationSeconds <= LONGEST_SECONDS))
    return undefined;
  const pickupMs = clock.toUtcMs(pickupWallMs);
  // The records have no zone: across a change of the clock nobody knows how long the ride took.
  if (clock.toUtcMs(dropoffWallMs) - pickupMs !== dropoffWallMs - pickupWallMs) return undefined;
  return { pickupMs, durationSeconds };
}

function paid(row: Row): Pick<RecordedTrip, "costUsd" | "tipUsd"> | undefined {
  const total = number(row["total_amount"]);
  const tip = number(row["tip_amount"]) ?? 0;
  const costUsd = total === undefined ? 0 : Math.round((total - tip) * 100) / 100;
  if (total === undefined || total <= 0 || costUsd <= 0) return undefined; // refunds and voids
  const recorded = number(row["payment_type"]) === CARD && tip >= 0;
  return { costUsd, tipUsd: recorded ? tip : undefined };
}

function zone(value: unknown): number | undefined {
  const id = within(value, 1, LAST_ZONE);
  return Number.isInteger(id) && id !== UNKNOWN_ZONE ? id : undefined;
}

function within(value: unknown, minimum: number, maximum: number): number | undefined {
  const cast = number(value);
  return cast !== undefined && cast >= minimum && cast <= maximum ? cast : undefined;
}

/** A finite number of whatever numeric type the month has. */
export function number(value: unknown): number | undefined {
  if (typeof value !== "number" && typeof value !== "bigint") return undefined;
  const cast = Number(value);
  return Number.isFinite(cast) ? cast : undefined;
}

/** TLC writes wall-clock time without a zone, which the reader takes for UTC. */
export function wallMs(value: unknown): number | undefined {
  return value instanceof Date && Number.isFinite(value.getTime()) ? value.getTime() : undefined;
}
