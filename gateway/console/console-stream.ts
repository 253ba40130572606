import { useEffect, useState } from "preact/hooks";
import type { Point, Snapshot } from "../snapshot.ts";

const MAX_POINTS = 300;
const RETRY_MS = 1000;

/** What the console knows, and whether it still hears anything. */
export interface ConsoleState {
  readonly snapshot: Snapshot | undefined;
  readonly points: readonly Point[];
  readonly connection: "connecting" | "live" | "reconnecting";
}

/** Follows the gateway's snapshots, over its restarts. */
export function useConsole(): ConsoleState {
  const [state, setState] = useState<ConsoleState>({
    snapshot: undefined,
    points: [],
    connection: "connecting",
  });
  useEffect(() => {
    let source: EventSource;
    let again: ReturnType<typeof setTimeout>;
    const open = () => {
      source = new EventSource("/api/stream");
      source.addEventListener("history", (event) => {
        const points = JSON.parse(event.data) as Point[];
        // A fresh gateway has no past; the page's own is better than none.
        setState((known) => ({
          ...known,
          points: merge(known.points, points),
          connection: "live",
        }));
      });
      source.addEventListener("snapshot", (event) => {
        const snapshot = JSON.parse(event.data) as Snapshot;
        setState((known) => ({
          snapshot,
          points: merge(known.points, [snapshot.point]),
          connection: "live",
        }));
      });
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
