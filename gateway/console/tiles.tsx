import { useMemo } from "preact/hooks";
import { NOTHING } from "../page/format.ts";
import type { Point, Snapshot } from "../snapshot.ts";
import { Sparkline } from "./sparkline.tsx";

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly unit: string;
  readonly note: string;
  readonly points: readonly Point[];
  readonly lines: readonly {
    readonly colour: string;
    readonly of: (point: Point) => number | null;
  }[];
}

function Tile({ name, value, unit, note, points, lines }: TileProps) {
  const data = useMemo(
    () => ({ at: points.map(({ at }) => at), lines: lines.map(({ of }) => points.map(of)) }),
    [points],
  );
  return (
    <section class="card tile" aria-label={name}>
      <h2>{name}</h2>
      <p class="number">
        {value} <span class="unit">{unit}</span>
      </p>
      <p class="soft small note">{note}</p>
      <Sparkline
        at={data.at}
        lines={data.lines}
        colours={lines.map(({ colour }) => colour)}
        label={`${name} over the last five minutes`}
      />
    </section>
  );
}

const tripsLines = [{ colour: "--blue", of: (point: Point) => point.tripsPerSecond }];
const latencyLines = [{ colour: "--blue", of: (point: Point) => point.p99Ms }];
const errorLines = [
  { colour: "--soft", of: (point: Point) => point.errorFirst },
  { colour: "--accent", of: (point: Point) => point.errorCorrected },
];
const waitingLines = [{ colour: "--blue", of: (point: Point) => point.waiting }];

/** The four numbers that say whether all is well. */
export function Tiles(props: { readonly snapshot: Snapshot; readonly points: readonly Point[] }) {
  const { snapshot, points } = props;
  const { point, errors, waiting } = snapshot;
  return (
    <div class="tiles">
      <Tile
        name="Trips requested"
        value={point.tripsPerSecond.toFixed(1)}
        unit="per second"
        note={`${point.eventsPerSecond.toFixed(1)} events/s, ${snapshot.underWay} rides under way`}
        points={points}
        lines={tripsLines}
      />
      <Tile
        name="Backend latency, p99"
        value={show(point.p99Ms)}
        unit="ms"
        note={
          point.p50Ms === null
            ? "Envoy has no requests to tell of"
            : `p50 ${show(point.p50Ms)} ms, at the edge`
        }
        points={points}
        lines={latencyLines}
      />
      <Tile
        name="Mean error after correction"
        value={errors.corrected?.toFixed(2) ?? NOTHING}
        unit="min"
        note={
          errors.first === null
            ? "no finished ride yet"
            : `first estimate ${errors.first.toFixed(2)} min (grey), ${errors.trips} rides${byVersion(snapshot)}`
        }
        points={points}
        lines={errorLines}
      />
      <Tile
        name="Events waiting"
        value={point.waiting === null ? NOTHING : String(point.waiting)}
        unit=""
        note={describeWaiting(waiting)}
        points={points}
        lines={waitingLines}
      />
    </div>
  );
}

function byVersion({ errorsByVersion }: Snapshot): string {
  if (errorsByVersion.length < 2)
    return errorsByVersion[0] ? `, ${errorsByVersion[0].version}` : "";
  const parts = errorsByVersion.map(({ version, first }) => `${version} ${first?.toFixed(2)}`);
  return `: ${parts.join(", ")}`;
}

function describeWaiting(waiting: Snapshot["waiting"]): string {
  const names = Object.entries(waiting);
  if (names.length === 0) return "no consumer is known";
  const behind = names.filter(([, count]) => count > 0);
  if (behind.length === 0) return `all ${names.length} consumers are up to date`;
  return behind.map(([name, count]) => `${name} ${count}`).join(", ");
}

function show(value: number | null): string {
  return value === null ? NOTHING : value < 10 ? value.toFixed(1) : value.toFixed(0);
}
