import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import type { Position } from "#gen/tripmesh/backend/v1/backend_service.ts";

const zones = z.array(
  z.object({ id: z.number(), lat: z.number().nullable(), lon: z.number().nullable() }),
);

/**
 * SIMULATED position on a ride: on the straight line between the centroids of its zones; undefined for a zone
 * without one. TLC records hold no positions.
 */
export type PositionOn = (
  ride: { readonly pickupZone: number; readonly dropoffZone: number },
  shareDone: number,
) => Position | undefined;

/** Positions from the centroids in `models/zones.json`; without that file nobody has a position. */
export function createPositions(path: URL): PositionOn {
  if (!existsSync(path)) return () => undefined;
  const centroids = new Map(
    zones
      .parse(JSON.parse(readFileSync(path, "utf8")))
      .flatMap(({ id, lat, lon }) =>
        lat === null || lon === null ? [] : [[id, { latitude: lat, longitude: lon }] as const],
      ),
  );
  return (ride, shareDone) => {
    const from = centroids.get(ride.pickupZone);
    const to = centroids.get(ride.dropoffZone);
    if (!from || !to) return undefined;
    return {
      latitude: from.latitude + shareDone * (to.latitude - from.latitude),
      longitude: from.longitude + shareDone * (to.longitude - from.longitude),
    };
  };
}
