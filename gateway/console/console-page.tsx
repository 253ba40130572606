import { useEffect, useMemo, useState } from "preact/hooks";
import { newYork } from "../page/format.ts";
import { loadZones, type Zone } from "../page/zones.ts";
import type { ServiceVersions, Snapshot } from "../snapshot.ts";
import { type ConsoleState, useConsole } from "./console-stream.ts";
import { LiveMap } from "./live-map.tsx";
import { Tiles } from "./tiles.tsx";
import { TripsTable } from "./trips-table.tsx";

const kinds: Record<Snapshot["trips"], string> = {
  recorded: "replay of recorded trips",
  synthetic: "synthetic trips",
  live: "live trips",
};

/** The operator's view of the mesh, for somebody who has thirty seconds. */
export function ConsolePage() {
  const { snapshot, points, connection } = useConsole();
  const zones = useZones();
  const byId = useMemo(() => new Map(zones.map((zone) => [zone.id, zone])), [zones]);
  return (
    <>
      <Header snapshot={snapshot} connection={connection} />
      {snapshot ? (
        <main class={connection === "live" ? "" : "stale"}>
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
                <span class="soft small">
                  newest first; ! marks a truth outside the first interval
                </span>
              </div>
              {snapshot.lines.length > 0 ? (
                <TripsTable lines={snapshot.lines} zones={byId} />
              ) : (
                <p class="empty soft">
                  No trips yet: request one on the rider's page, or run <code>npm start</code>,
                  which replays recorded ones.
                </p>
              )}
            </section>
          </div>
        </main>
      ) : (
        <main>
          <p class="card empty soft">Connecting to the gateway …</p>
        </main>
      )}
    </>
  );
}

function Header(props: {
  readonly snapshot: Snapshot | undefined;
  readonly connection: ConsoleState["connection"];
}) {
  const { snapshot, connection } = props;
  return (
    <header>
      <h1>tripmesh</h1>
      {snapshot && <span class="tag">{kinds[snapshot.trips]}</span>}
      <span class={connection === "live" ? "tag ok" : "tag warn"} role="status">
        {connection === "live" ? "● live" : `${connection} …`}
      </span>
      {snapshot && snapshot.clock > 0 && (
        <span class="clock" title="Event time: the latest event that was accepted">
          {newYork(snapshot.clock)} <span class="soft">New York</span>
        </span>
      )}
      <ul class="versions" aria-label="Live versions">
        {snapshot?.versions.map((versions) => (
          <Service key={versions.service} versions={versions} />
        ))}
      </ul>
    </header>
  );
}

function Service({ versions }: { readonly versions: ServiceVersions }) {
  const { service, slots, seen } = versions;
  const serving = slots.filter(({ weight }) => weight > 0);
  return (
    <li title={seen.length > 0 ? `answered lately: ${seen.join(", ")}` : "has not answered lately"}>
      <span class="soft">{service}</span> {serving.length === 0 && <b>{seen[0] ?? "?"}</b>}
      {serving.map(({ slot, version, weight }) => (
        <b key={slot}>
          <span class={slot}>■</span> {version}{" "}
          <span class="soft small">
            {slot}
            {weight < 10_000 && ` ${(weight / 100).toFixed(weight % 100 === 0 ? 0 : 1)} %`}
          </span>
        </b>
      ))}
    </li>
  );
}

/** The zones' names and places; asked for again while the gateway is away. */
function useZones(): readonly Zone[] {
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
