import { useEffect, useMemo, useState } from "preact/hooks";
import { loadZones, type Zone } from "../page/zones.ts";
import type { ConsoleState } from "./console-stream.ts";
import { LiveMap } from "./live-map.tsx";
import { Tiles } from "./tiles.tsx";
import { TripsTable } from "./trips-table.tsx";

/** The rides now, for somebody who has thirty seconds. */
export function LivePage({ snapshot, points }: Pick<ConsoleState, "snapshot" | "points">) {
  const zones = useZones();
  const byId = useMemo(() => new Map(zones.map((zone) => [zone.id, zone])), [zones]);
  if (!snapshot) return <p class="card empty soft">Connecting to the gateway …</p>;
  return (
    <>
      <Tiles snapshot={snapshot} points={points} />
      <div class="live">
        <section class="card" aria-label="Map">
          <div class="head">
            <h2>{snapshot.underWay} rides under way</h2>
            <span class="tag">simulated positions</span>
          </div>
          <LiveMap zones={zones} dots={snapshot.dots} />
        </section>
        <section class="card table" aria-label="Live trips">
          <div class="head">
            <h2>Live trips</h2>
            <span class="soft small">newest first; ! marks a truth outside the first interval</span>
          </div>
          {snapshot.lines.length > 0 ? (
            <TripsTable lines={snapshot.lines} zones={byId} />
          ) : (
            <p class="empty soft">
              No trips yet: request one on the rider's page, or run <code>npm start</code>, which
              replays recorded ones.
            </p>
          )}
        </section>
      </div>
    </>
  );
}

/** The zones' names and places; asked for again while the gateway is away. */
export function useZones(): readonly Zone[] {
  const [zones, setZones] = useState<readonly Zone[]>([]);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let retry: ReturnType<typeof setTimeout>;
    loadZones().then(setZones, () => {
      retry = setTimeout(() => setAttempt(attempt + 1), 2000);
    });
    return () => clearTimeout(retry);
  }, [attempt]);
  return zones;
}
