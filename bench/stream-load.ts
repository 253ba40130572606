import { setTimeout as sleep } from "node:timers/promises";
import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { Prediction, PredictionBatch, PredictionRole } from "#gen/tripmesh/events/v1/prediction.ts";
import type { Events } from "#kit/events/connect.ts";
import { createClient } from "#kit/rpc/client.ts";
import { quantile } from "./numbers.ts";
import { cpuTime } from "./proc.ts";

const TICK_MS = 10;
const AT_ONCE = 32;
const ARRIVE_WITHIN_MS = 5000;

export interface WatchedTrip {
  readonly tripId: string;
  readonly riderId: string;
}

/** Requests so many rides, which nobody drives. */
export async function requestTrips(address: string, count: number): Promise<WatchedTrip[]> {
  const client = createClient(BackendServiceDefinition, address);
  const trips: WatchedTrip[] = [];
  const numbers = Array(count).keys();
  const ride = { pickupZone: 74, dropoffZone: 236, passengerCount: 1, tripDistanceMiles: 3 };
  const work = async () => {
    for (const number of numbers) {
      const riderId = `bench-streams-${number}`;
      const { trip } = await client.requestTrip(
        { requestId: "1", ride: { ...ride, pickupTime: undefined }, eventTime: undefined },
        { timeoutMs: 10_000, headers: { "x-rider-id": riderId } },
      );
      trips.push({ tripId: trip?.tripId ?? "", riderId });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  client.close();
  return trips;
}

/** Corrections as dynamic-duration makes them, and when they arrive. */
export interface Corrections {
  /** Corrects one trip's duration; gives back the number of the event that it answers. */
  correct(tripId: string): number;
  /** To be told of everything that arrives. */
  arrived(seq: number, atMs: number): void;
  /** Corrects one trip after the other at a steady rate. */
  steadily(options: SteadyOptions): Promise<Steady>;
}

export interface SteadyOptions {
  readonly trips: readonly WatchedTrip[];
  readonly perSecond: number;
  readonly windowMs: number;
  /** Whose processor time is taken. */
  readonly pids: readonly number[];
}

export interface Steady {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of one core, by process. */
  readonly cpuPercent: readonly number[];
}

export function createCorrections({ connection }: Events): Corrections {
  const sentMs = new Map<number, number>(); // by seq, which is never used twice
  let delays: number[] = [];
  let seq = 1;
  const correct = (tripId: string) => {
    seq += 1;
    const made = { tripId, eventSeq: seq, service: "dynamic-duration", role: PredictionRole.LIVE };
    const served = { version: "v1", slot: "blue", occurredAt: new Date(), servedAt: new Date() };
    const values = { value: 12.5 + (seq % 100) / 10, lower: 8.25, upper: 19.75 };
    const one = Prediction.fromPartial({ ...made, ...served, ...values });
    const body = PredictionBatch.encode({ predictions: [one] }).finish();
    connection.publish(`predictions.dynamic-duration.live.${tripId}`, body);
    return seq;
  };
  return {
    correct,
    arrived(answered, atMs) {
      const sent = sentMs.get(answered);
      if (sent !== undefined) delays.push(atMs - sent);
      sentMs.delete(answered);
    },
    async steadily({ trips, perSecond, windowMs, pids }) {
      delays = [];
      const cpuBefore = pids.map((pid) => cpuTime(pid).allThreadsMs);
      const started = performance.now();
      for (let sent = 0, nowMs = started; nowMs - started < windowMs; nowMs = performance.now()) {
        for (; sent < ((nowMs - started) * perSecond) / 1000; sent++) {
          const trip = trips[seq % trips.length];
          if (trip) sentMs.set(correct(trip.tripId), performance.now());
        }
        await sleep(TICK_MS);
      }
      const tookMs = performance.now() - started;
      const used = pids.map((pid, i) => cpuTime(pid).allThreadsMs - (cpuBefore[i] ?? 0));
      const giveUp = performance.now() + ARRIVE_WITHIN_MS;
      while (sentMs.size > 0 && performance.now() < giveUp) await sleep(TICK_MS);
      if (sentMs.size > 0) throw new Error(`${sentMs.size} updates did not arrive`);
      const sorted = delays.toSorted((a, b) => a - b);
      return {
        p50Ms: quantile(sorted, 0.5),
        p99Ms: quantile(sorted, 0.99),
        cpuPercent: used.map((ms) => (100 * ms) / tookMs),
      };
    },
  };
}
