import { type Route, sendError, sendJson } from "../http-server.ts";
import type { Trace, TracedTrip, TraceStore } from "./trace-store.ts";

const PATH = "/api/traces";
const LATEST = "/api/traces/latest";
const MAX_TRIPS = 30;
const TRIP = /^[A-Za-z0-9._-]{1,128}$/;
const TRACE = /^[0-9a-f]{32}$/;

/** Where the mesh's spans go, for whoever looks for them. */
export interface Recording {
  /** Whether this process takes spans. */
  readonly isHere: boolean;
  /** Where they are sent instead, without credentials; null: nowhere. */
  readonly collector: string | null;
  /** Share of the traces begun by the mesh's own processes that are recorded, 0 to 1. */
  readonly rate: number;
}

/** Answer of `GET /api/traces/latest`. */
export interface LatestTraces {
  /** Newest first. */
  readonly trips: readonly TracedTrip[];
  readonly recording: Recording;
}

/**
 * `GET /api/traces` on the console's port: `{ traces: [{ traceId, spans, dropped }] }`, oldest first. `?trip=…`:
 * every trace that names the trip; `?trace=…`: the one of that id; `?linked=…`: those that are linked to it. None is
 * an empty list. `GET /api/traces/latest`: the 30 trips that were heard of last, and where spans go.
 */
export function createTracesRoute(
  store: Omit<TraceStore, "add" | "size">,
  recording: Recording,
): Route {
  return ({ response, url }) => {
    if (url.pathname === LATEST) {
      sendJson(response, { trips: store.latestTrips(MAX_TRIPS), recording } satisfies LatestTraces);
      return true;
    }
    if (url.pathname !== PATH) return false;
    const traces = find(store, [...url.searchParams]);
    if (traces) sendJson(response, { traces });
    else
      sendError(response, "INVALID_ARGUMENT", "trip, trace or linked: one of them has to be given");
    return true;
  };
}

function find(
  store: Omit<TraceStore, "add" | "size">,
  [asked, ...more]: readonly (readonly [string, string])[],
): readonly Trace[] | undefined {
  if (!asked || more.length > 0) return undefined;
  const [by, value] = asked;
  if (by === "trip" && TRIP.test(value)) return store.ofTrip(value);
  if (by === "trace" && TRACE.test(value)) return [store.trace(value) ?? []].flat();
  if (by === "linked" && TRACE.test(value)) return store.linkedTo(value);
  return undefined;
}
