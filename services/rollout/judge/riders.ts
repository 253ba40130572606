import { bucketOf } from "#kit/traffic/arm.ts";
import { TOTAL_WEIGHT } from "#kit/traffic/traffic.ts";
import type { Arm, ByArm } from "./fact.ts";

/** Where riders are counted: shared out, answered, and with a finished trip whose truth is known. */
export const points = ["assigned", "served", "labelled"] as const;
export type Point = (typeof points)[number];

/** Riders of one stratum, each once, with what is known of them; at most `limit`, by drawing. */
export interface Riders {
  /** Only riders with a draw below this are kept; halved whenever there are too many. */
  drawnBelow: number;
  readonly seen: Map<string, number>;
}

/** Riders at one point: by arm, and those that were in both, who count for neither. */
export type RiderCounts = ByArm & { readonly both: number };

const DRAW_SALT = "judge";

export function emptyRiders(): Riders {
  return { drawnBelow: TOTAL_WEIGHT, seen: new Map() };
}

/**
 * Notes that a rider was in an arm at a point. Noting it again changes nothing.
 *
 * Memory is bounded by drawing riders, not by stopping: a draw by hash, with a salt of its own, is independent
 * of the arm, so the ratio of those drawn is the ratio of all (adaptive sampling, Flajolet 1990).
 */
export function noteRider(
  riders: Riders,
  riderId: string,
  mark: [Point, Arm],
  limit: number,
): void {
  const bit = bitOf(...mark);
  const known = riders.seen.get(riderId);
  if (known !== undefined) {
    if ((known & bit) === 0) riders.seen.set(riderId, known | bit);
    return;
  }
  if (riders.drawnBelow < TOTAL_WEIGHT && drawOf(riderId) >= riders.drawnBelow) return;
  riders.seen.set(riderId, bit);
  while (riders.seen.size > limit && riders.drawnBelow > 1) {
    riders.drawnBelow = Math.floor(riders.drawnBelow / 2);
    for (const id of riders.seen.keys()) {
      if (drawOf(id) >= riders.drawnBelow) riders.seen.delete(id);
    }
  }
}

export function countRiders(riders: Riders, point: Point): RiderCounts {
  const [candidate, base] = [bitOf(point, "candidate"), bitOf(point, "base")];
  const counts = { candidate: 0, base: 0, both: 0 };
  for (const bits of riders.seen.values()) {
    const [inCandidate, inBase] = [(bits & candidate) !== 0, (bits & base) !== 0];
    if (inCandidate && inBase) counts.both++;
    else if (inCandidate) counts.candidate++;
    else if (inBase) counts.base++;
  }
  return counts;
}

function bitOf(point: Point, arm: Arm): number {
  return 1 << (2 * points.indexOf(point) + (arm === "candidate" ? 0 : 1));
}

function drawOf(riderId: string): number {
  return bucketOf(DRAW_SALT, riderId);
}
