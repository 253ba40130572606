// Backend's JSON, as Envoy transcodes it, in plain numbers.
import { newTraceparent } from "../page/trace.ts";

/** A call that failed, with the sentence to show. */
export class CallFailed extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The choice of a ride, by zone. */
export interface RideChoice {
  readonly pickupZone: number;
  readonly dropoffZone: number;
}

/** An estimate; minutes and dollars. */
export interface Estimate {
  readonly minutes: number;
  readonly lower: number;
  readonly upper: number;
  readonly priceUsd: number;
  readonly version: string;
  readonly degraded: boolean;
}

export interface Trip {
  readonly tripId: string;
  readonly ride: RideChoice;
  readonly estimate: Estimate;
  readonly finished: boolean;
}

interface WireEstimate {
  readonly duration?: string;
  readonly lower?: string;
  readonly upper?: string;
  readonly price?: { readonly units?: string; readonly nanos?: number };
  readonly version?: string;
  readonly degraded?: boolean;
}

interface WireTrip {
  readonly tripId: string;
  readonly state?: string;
  readonly ride: RideChoice;
  readonly estimate?: WireEstimate;
}

/** What the rider can ask for; every call is made in the rider's name. */
export interface RiderApi {
  quote(ride: RideChoice): Promise<Estimate>;
  request(requestId: string, ride: RideChoice): Promise<Trip>;
  show(tripId: string): Promise<Trip>;
  /** What a driver would report. */
  drive(tripId: string, verb: "start" | "progress" | "complete", body: object): Promise<void>;
}

export function createRiderApi(riderId: string): RiderApi {
  const call = (path: string, body?: object) => callJson(riderId, path, body);
  return {
    async quote(ride) {
      const { estimate } = (await call("/v1/quotes", ride)) as { estimate: WireEstimate };
      return toEstimate(estimate);
    },
    async request(requestId, ride) {
      const { trip } = (await call("/v1/trips", { requestId, ride })) as { trip: WireTrip };
      return toTrip(trip);
    },
    async show(tripId) {
      const { trip } = (await call(`/v1/trips/${encodeURIComponent(tripId)}`)) as {
        trip: WireTrip;
      };
      return toTrip(trip);
    },
    async drive(tripId, verb, body) {
      await call(`/v1/trips/${encodeURIComponent(tripId)}:${verb}`, body);
    },
  };
}

async function callJson(riderId: string, path: string, body?: object): Promise<unknown> {
  const traceparent = newTraceparent();
  const headers = { "x-rider-id": riderId, "content-type": "application/json", traceparent };
  const init = body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers };
  const signal = AbortSignal.timeout(10_000);
  const response = await fetch(path, { ...init, signal }).catch((cause: unknown) => {
    throw new CallFailed(0, `The mesh cannot be reached (${cause}). Is it running?`);
  });
  const text = await response.text();
  const answer = parse(text);
  if (response.ok) return answer;
  const message = (answer as { message?: string } | undefined)?.message ?? text.slice(0, 200);
  throw new CallFailed(
    response.status,
    `${message || response.statusText} (HTTP ${response.status})`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // an error of a proxy is plain text
  }
}

function toTrip(trip: WireTrip): Trip {
  return {
    tripId: trip.tripId,
    ride: trip.ride,
    estimate: toEstimate(trip.estimate ?? {}),
    finished: trip.state === "TRIP_STATE_COMPLETED" || trip.state === "TRIP_STATE_CANCELLED",
  };
}

function toEstimate(wire: WireEstimate): Estimate {
  return {
    minutes: toMinutes(wire.duration),
    lower: toMinutes(wire.lower),
    upper: toMinutes(wire.upper),
    priceUsd: Number(wire.price?.units ?? 0) + (wire.price?.nanos ?? 0) / 1e9,
    version: wire.version ?? "",
    degraded: wire.degraded ?? false,
  };
}

function toMinutes(duration = "0s"): number {
  return Number.parseFloat(duration) / 60;
}

/** A duration as protobuf's JSON writes it. */
export function toDuration(minutes: number): string {
  return `${(minutes * 60).toFixed(3)}s`;
}

/** An amount as protobuf's JSON writes it. */
export function toMoney(usd: number) {
  const cents = Math.round(usd * 100);
  const units = Math.trunc(cents / 100);
  return { currencyCode: "USD", units: String(units), nanos: (cents - units * 100) * 10_000_000 };
}
