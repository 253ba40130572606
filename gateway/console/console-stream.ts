import { useEffect, useState } from "preact/hooks";
import { type CurvePoint, withPoint } from "../releases/curve.ts";
import type { ReleasesView } from "../releases/view.ts";
import type { Point, Snapshot } from "../snapshot.ts";

const MAX_POINTS = 300;
const RETRY_MS = 1000;

/** Points of the open rollouts, by rollout. */
export type Curves = Readonly<Record<string, readonly CurvePoint[]>>;

/** What the console knows, and whether it still hears anything. */
export interface ConsoleState {
  readonly snapshot: Snapshot | undefined;
  readonly points: readonly Point[];
  readonly releases: ReleasesView | undefined;
  readonly curves: Curves;
  readonly connection: "connecting" | "live" | "reconnecting";
}

/** Follows the gateway's snapshots, over its restarts. */
export function useConsole(): ConsoleState {
  const [state, setState] = useState<ConsoleState>({
    snapshot: undefined,
    points: [],
    releases: undefined,
    curves: {},
    connection: "connecting",
  });
  useEffect(() => {
    let source: EventSource;
    let again: ReturnType<typeof setTimeout>;
    const open = () => {
      source = new EventSource("/api/stream");
      const on = <T>(
        name: string,
        take: (known: ConsoleState, value: T) => Partial<ConsoleState>,
      ) =>
        source.addEventListener(name, (event) => {
          const value = JSON.parse(event.data) as T;
          setState((known) => ({ ...known, ...take(known, value), connection: "live" }));
        });
      // A fresh gateway has no past; the page's own is better than none.
      on<Point[]>("history", ({ points }, more) => ({ points: merge(points, more) }));
      on<Curves>("curves", ({ curves }, more) => ({ curves: longer(curves, more) }));
      on<Snapshot>("snapshot", ({ points }, snapshot) => ({
        snapshot,
        points: merge(points, [snapshot.point]),
      }));
      on<ReleasesView>("releases", ({ curves }, releases) => ({
        releases,
        curves: grow(curves, releases),
      }));
      source.onerror = () => {
        setState((known) => ({
          ...known,
          connection: known.snapshot ? "reconnecting" : "connecting",
        }));
        if (source.readyState === EventSource.CLOSED) again = setTimeout(open, RETRY_MS);
      };
    };
    open();
    return () => {
      clearTimeout(again);
      source.close();
    };
  }, []);
  return state;
}

function merge(known: readonly Point[], more: readonly Point[]): Point[] {
  const bySecond = new Map([...known, ...more].map((point) => [point.at, point]));
  return [...bySecond.values()].sort((a, b) => a.at - b.at).slice(-MAX_POINTS);
}

/** Of each curve the one that knows more. */
function longer(known: Curves, more: Curves): Curves {
  const of = (id: string, curve: readonly CurvePoint[]) => {
    const own = known[id] ?? [];
    return [id, own.length > curve.length ? own : curve];
  };
  return Object.fromEntries(Object.entries(more).map(([id, curve]) => of(id, curve)));
}

/** The open rollouts' curves with their newest points; those of others are forgotten. */
function grow(curves: Curves, { open }: ReleasesView): Curves {
  return Object.fromEntries(
    open.map(({ id, point }) => {
      const known = curves[id] ?? [];
      return [id, point ? withPoint(known, point) : known];
    }),
  );
}
