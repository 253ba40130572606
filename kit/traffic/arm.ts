import xxhash from "xxhash-wasm";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { type Slot, TOTAL_WEIGHT } from "./traffic.ts";

const { h64 } = await xxhash();

/** What Backend sends as `x-cohort-key` and Envoy hashes: the salt keeps rollouts independent. */
export function cohortKey(salt: string, riderId: string): string {
  return `${salt}:${riderId}`;
}

/** A rider's place among 10 000, by the hash that Envoy uses: XXH64, seed 0, modulo the total weight. */
export function bucketOf(salt: string, riderId: string): number {
  return Number(h64(cohortKey(salt, riderId)) % BigInt(TOTAL_WEIGHT));
}

/**
 * The slot that answers a rider: blue below blue's weight, else green.
 *
 * Blue comes first in Envoy's list too, so a request and the events of the same rider agree, and growing a
 * weight never moves a rider back.
 */
export function armOf(salt: string, riderId: string, blueWeight: number): Slot {
  return bucketOf(salt, riderId) < blueWeight ? "blue" : "green";
}

/** The segment whose riders an A/B by segment shares by weights of their own; `x-segment` names it. */
export const SEGMENT = "b";

/** The slot that a rider's events are answered by, as Envoy would choose it for the rider's requests. */
export function armIn(traffic: Traffic, riderId: string, segment: string): Slot {
  const { salt, blue } = traffic;
  const ofSegment = segment === SEGMENT ? blue?.segmentWeight : undefined;
  return armOf(salt, riderId, ofSegment ?? blue?.weight ?? 0);
}
