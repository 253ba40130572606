import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { MeshError } from "#kit/rpc/errors.ts";
import { CARD, COLUMNS, number, wallMs } from "../../simulator/trips/cast.ts";
import { type Row, readRows } from "../../simulator/trips/read-rows.ts";

/** Rides of 1 to 60 minutes of one monthly file, by column, as training reads them (`training/trips.py`). */
export interface Rides {
  readonly month: string;
  readonly sha256: string;
  readonly count: number;
  /** Rows of the file that are not among the rides. */
  readonly leftOut: {
    /** Shorter than a minute, longer than an hour, or without a time. */
    readonly outOfRange: number;
    /** Picked up in another month. */
    readonly strays: number;
  };
  /** −1 where the record has none. */
  readonly pickupZone: BigInt64Array;
  readonly dropoffZone: BigInt64Array;
  readonly pickupLocalSeconds: BigInt64Array;
  /** As metered, absurd values too: the graph treats them as unknown. NaN where the record has none. */
  readonly tripDistanceMiles: Float32Array;
  /** NaN: dispatched. */
  readonly passengerCount: Float32Array;
  readonly minutes: Float64Array;
  /** Total without the tip; NaN for refunds and totals outside 0 to 200 USD. */
  readonly costUsd: Float64Array;
  /** NaN unless paid by card: cash tips are not recorded. */
  readonly tipUsd: Float64Array;
}

const SHORTEST_MINUTES = 1;
const LONGEST_MINUTES = 60;
const HIGHEST_TRUE_COST_USD = 200;
const HIGHEST_TRUE_TIP_USD = 50;

/** Reads a monthly file. The month is the one in the file's name, else the one that most rows are of. */
export async function readRides(path: string): Promise<Rides> {
  const found: Ride[] = [];
  const rows = await readRows(path, COLUMNS, (row) => {
    const ride = toRide(row);
    if (ride) found.push(ride);
  });
  const month = /(\d{4}-\d{2})\.parquet$/.exec(path)?.[1] ?? mostFrequentMonth(found);
  const rides = found.filter((ride) => ride.month === month);
  if (rides.length === 0) {
    throw new MeshError(
      "INVALID_ARGUMENT",
      `${path} holds no ride of 1 to 60 minutes in ${month}.`,
    );
  }
  return {
    month,
    sha256: await sha256(path),
    count: rides.length,
    leftOut: { outOfRange: rows - found.length, strays: found.length - rides.length },
    pickupZone: BigInt64Array.from(rides, (ride) => ride.pickupZone),
    dropoffZone: BigInt64Array.from(rides, (ride) => ride.dropoffZone),
    pickupLocalSeconds: BigInt64Array.from(rides, (ride) => BigInt(ride.pickupSeconds)),
    tripDistanceMiles: Float32Array.from(rides, (ride) => ride.miles),
    passengerCount: Float32Array.from(rides, (ride) => ride.passengers),
    minutes: Float64Array.from(rides, (ride) => ride.minutes),
    costUsd: Float64Array.from(rides, (ride) => ride.costUsd),
    tipUsd: Float64Array.from(rides, (ride) => ride.tipUsd),
  };
}

interface Ride {
  readonly month: string;
  readonly pickupSeconds: number;
  readonly minutes: number;
  readonly pickupZone: bigint;
  readonly dropoffZone: bigint;
  readonly miles: number;
  readonly passengers: number;
  readonly costUsd: number;
  readonly tipUsd: number;
}

function toRide(row: Row): Ride | undefined {
  const pickupMs = wallMs(row["lpep_pickup_datetime"]);
  const dropoffMs = wallMs(row["lpep_dropoff_datetime"]);
  if (pickupMs === undefined || dropoffMs === undefined) return undefined;
  const pickupSeconds = Math.floor(pickupMs / 1000);
  const minutes = (Math.floor(dropoffMs / 1000) - pickupSeconds) / 60;
  if (minutes < SHORTEST_MINUTES || minutes > LONGEST_MINUTES) return undefined;
  const zone = (value: unknown) => BigInt(Math.trunc(number(value) ?? -1));
  return {
    month: new Date(pickupMs).toISOString().slice(0, 7),
    pickupSeconds,
    minutes,
    pickupZone: zone(row["PULocationID"]),
    dropoffZone: zone(row["DOLocationID"]),
    miles: number(row["trip_distance"]) ?? Number.NaN,
    passengers: number(row["passenger_count"]) ?? Number.NaN,
    ...paid(row),
  };
}

function paid(row: Row): { costUsd: number; tipUsd: number } {
  const total = number(row["total_amount"]) ?? Number.NaN;
  const tip = number(row["tip_amount"]) ?? Number.NaN;
  const cost = total - (Number.isNaN(tip) ? 0 : tip);
  const isPlausible = total > 0 && total < HIGHEST_TRUE_COST_USD && cost > 0;
  const isRecorded = isPlausible && number(row["payment_type"]) === CARD;
  return {
    costUsd: isPlausible ? cost : Number.NaN,
    tipUsd: isRecorded && tip >= 0 && tip <= HIGHEST_TRUE_TIP_USD ? tip : Number.NaN,
  };
}

function mostFrequentMonth(rides: readonly Ride[]): string {
  const counts = new Map<string, number>();
  for (const { month } of rides) counts.set(month, (counts.get(month) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? "any month";
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
