import type { FirstEstimate, Ride, RideState } from "./ride.ts";
import type { RideWindow } from "./ride-window.ts";

/** One line of the console's table; minutes and dollars, null where nothing is known. */
export interface TripLine {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly state: RideState;
  readonly requestedAt: number;
  readonly first: FirstEstimate;
  readonly current: {
    readonly minutes: number;
    readonly version: string;
    readonly slot: string;
  } | null;
  readonly costUsd: number | null;
  readonly tipUsd: number | null;
  readonly truth: {
    readonly minutes: number;
    readonly costUsd: number | null;
    readonly tipUsd: number | null;
  } | null;
  /** Current estimate minus truth, minutes. */
  readonly error: number | null;
}

/** Mean absolute errors in minutes over some finished rides. */
export interface ErrorSummary {
  readonly trips: number;
  readonly first: number | null;
  /** Of the last correction, over the rides that had one. */
  readonly corrected: number | null;
}

export interface ServiceVersions {
  readonly service: string;
  readonly slots: readonly {
    readonly slot: string;
    readonly version: string;
    /** Share of the riders, basis points. */
    readonly weight: number;
  }[];
  /** Versions that lately answered a rider, newest first. */
  readonly seen: readonly string[];
}

/** Numbers over time; each has its own line in the console. */
export interface Point {
  /** When it was taken, seconds since 1970. */
  readonly at: number;
  readonly tripsPerSecond: number;
  readonly eventsPerSecond: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly errorFirst: number | null;
  readonly errorCorrected: number | null;
  readonly waiting: number | null;
}

/** A vehicle on the map: from, to, share of the way. The position between is made up. */
export type Dot = readonly [id: string, from: number, to: number, share: number];

/** What the console gets every second. */
export interface Snapshot {
  readonly trips: "recorded" | "synthetic" | "live";
  /** Event time, ms; 0 before the first event. */
  readonly clock: number;
  readonly lines: readonly TripLine[];
  readonly dots: readonly Dot[];
  readonly underWay: number;
  readonly errors: ErrorSummary;
  readonly errorsByVersion: readonly (ErrorSummary & { readonly version: string })[];
  readonly versions: readonly ServiceVersions[];
  readonly waiting: Readonly<Record<string, number>>;
  readonly watchers: number;
  readonly point: Point;
}

const MAX_LINES = 40;
const MAX_DOTS = 200;

/** The part of a snapshot that follows from the rides alone. */
export function describeRides(
  window: RideWindow,
): Pick<Snapshot, "clock" | "lines" | "dots" | "underWay" | "errors" | "errorsByVersion"> {
  const rides = window.rides();
  const clock = window.clock();
  const underWay = rides.filter((ride) => ride.state === "started");
  const finished = window.finished();
  return {
    clock,
    lines: rides.slice(-MAX_LINES).reverse().flatMap(toLine),
    dots: underWay.slice(-MAX_DOTS).map((ride) => toDot(ride, clock)),
    underWay: underWay.length,
    errors: summarise(finished),
    errorsByVersion: [...Map.groupBy(finished, (ride) => ride.first?.version ?? "")]
      .filter(([version]) => version !== "")
      .map(([version, group]) => ({ version, ...summarise(group) })),
  };
}

function toLine(ride: Ride): TripLine[] {
  const { first, corrected, truth } = ride;
  if (!first) return [];
  const minutes = corrected?.value ?? first.minutes;
  return [
    {
      id: ride.tripId,
      from: ride.from,
      to: ride.to,
      state: ride.state,
      requestedAt: ride.requestedAt,
      first,
      current: corrected
        ? { minutes: corrected.value, version: corrected.version, slot: corrected.slot }
        : null,
      costUsd: ride.cost?.value ?? null,
      tipUsd: ride.tip?.value ?? null,
      truth: truth
        ? { minutes: truth.minutes, costUsd: finite(truth.costUsd), tipUsd: finite(truth.tipUsd) }
        : null,
      error: truth ? minutes - truth.minutes : null,
    },
  ];
}

/** Nobody records positions, so a vehicle is where its estimate says, and never behind its last report. */
function toDot(ride: Ride, clock: number): Dot {
  const minutes = ride.corrected?.value ?? ride.first?.minutes ?? 0;
  const expected = minutes > 0 ? (clock - ride.startedAt) / 60_000 / minutes : 0;
  const share = Math.min(0.98, Math.max(ride.share, ride.startedAt > 0 ? expected : 0));
  return [ride.tripId, ride.from, ride.to, Math.round(share * 1000) / 1000];
}

function summarise(rides: readonly Ride[]): ErrorSummary {
  const missedBy = (estimate: (ride: Ride) => number | undefined) =>
    rides.flatMap((ride) => {
      const minutes = estimate(ride);
      return ride.truth && minutes !== undefined ? [Math.abs(minutes - ride.truth.minutes)] : [];
    });
  const first = missedBy((ride) => ride.first?.minutes);
  return {
    trips: first.length,
    first: meanOf(first),
    corrected: meanOf(missedBy((ride) => ride.corrected?.value)),
  };
}

function meanOf(values: readonly number[]): number | null {
  return values.length > 0 ? values.reduce((sum, v) => sum + v, 0) / values.length : null;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
