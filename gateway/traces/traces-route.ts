import { type Route, sendError, sendJson } from "../http-server.ts";
import type { TraceStore } from "./trace-store.ts";

const PATH = "/api/traces";
const TRIP = /^[A-Za-z0-9._-]{1,128}$/;
const TRACE = /^[0-9a-f]{32}$/;

/**
 * `GET /api/traces?trip=…` on the console's port: `{ traces: [{ traceId, spans, dropped }] }`, every trace that
 * names the trip, oldest first. `?trace=…` gives the one of that id; none is an empty list.
 */
export function createTracesRoute(store: Pick<TraceStore, "ofTrip" | "trace">): Route {
  return ({ response, url }) => {
    if (url.pathname !== PATH) return false;
    const trip = url.searchParams.get("trip") ?? "";
    const traceId = url.searchParams.get("trace") ?? "";
    if (TRIP.test(trip) && traceId === "") sendJson(response, { traces: store.ofTrip(trip) });
    else if (TRACE.test(traceId) && trip === "") {
      const found = store.trace(traceId);
      sendJson(response, { traces: found ? [found] : [] });
    } else {
      sendError(response, "INVALID_ARGUMENT", "trip or trace: one of them has to be given");
    }
    return true;
  };
}
