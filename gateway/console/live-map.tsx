import { useMemo } from "preact/hooks";
import { DotMap, viewOf } from "../page/dot-map.tsx";
import { toSpots, type Zone } from "../page/zones.ts";
import type { Dot } from "../snapshot.ts";

/**
 * The rides under way as dots that move once a second; nobody records positions, so they are made up and
 * said to be. No transitions: two hundred of them keep a small machine's processor busy.
 */
export function LiveMap({
  zones,
  dots,
}: {
  readonly zones: readonly Zone[];
  readonly dots: readonly Dot[];
}) {
  const spots = useMemo(() => toSpots(zones), [zones]);
  const byId = useMemo(() => new Map(spots.map((spot) => [spot.zone.id, spot])), [spots]);
  // Without Staten Island's south and the far airports' corners the rest would be too small to see.
  const view = useMemo(() => viewOf(spots.filter(({ zone }) => isBusy(zone))), [spots]);
  if (spots.length === 0) return null;
  return (
    <DotMap spots={spots} view={view} label={`${dots.length} rides under way, simulated positions`}>
      {dots.map(([id, fromId, toId, share]) => {
        const from = byId.get(fromId);
        const to = byId.get(toId);
        if (!from || !to) return null;
        const x = from.x + (to.x - from.x) * share;
        const y = from.y + (to.y - from.y) * share;
        return (
          <g key={id}>
            <line class="way" x1={x} y1={y} x2={to.x} y2={to.y} />
            <circle class="ride" cx={x} cy={y} r={view.height / 110} />
          </g>
        );
      })}
    </DotMap>
  );
}

function isBusy({ borough, lon }: Zone): boolean {
  return borough !== "Staten Island" && borough !== "EWR" && (lon ?? 0) < -73.76;
}
