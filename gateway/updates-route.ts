import type { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { parseMarks } from "#kit/events/trip-fold.ts";
import type { Client } from "#kit/rpc/client.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import { type Exchange, type Route, sendError } from "./http-server.ts";
import { openReader, type Reader, type ReaderLimits, readerDefaults } from "./reader.ts";
import { traceOpening } from "./traces/trace-request.ts";
import type { Watch } from "./watch.ts";

const PATH = /^\/v1\/trips\/([A-Za-z0-9._-]{1,128})\/updates$/;
const RIDER = /^[A-Za-z0-9._-]{1,128}$/;

export interface UpdatesOptions {
  readonly backend: Pick<Client<typeof BackendServiceDefinition>, "getTrip">;
  /** How updates arrive, by the value of `?via=`. */
  readonly ways: { readonly direct: Watch; readonly backend: Watch };
  /** Most streams open at once. */
  readonly maxStreams: number;
  readonly limits?: ReaderLimits;
  readonly log: Logger;
}

export interface UpdatesRoute {
  readonly route: Route;
  /** Streams that are open now. */
  open(): number;
  /** Closes every stream without an `end`: the pages come back to whoever is there next. */
  close(): void;
}

/** `GET /v1/trips/{id}/updates?via=direct|backend`: a trip's updates as server-sent events. */
export function createUpdatesRoute(options: UpdatesOptions): UpdatesRoute {
  const { backend, ways, maxStreams, log, limits = readerDefaults } = options;
  const readers = new Set<Reader>();
  /** Opens the stream, or answers why not. */
  const open = async (
    tripId: string,
    riderId: string,
    via: keyof UpdatesOptions["ways"],
    { request, response, url }: Exchange,
  ): Promise<void> => {
    // The parameter is for a page that comes again by itself; what the browser says is newer.
    const lastId = request.headers["last-event-id"] ?? url.searchParams.get("after") ?? "";
    const marks = parseMarks(String(lastId));
    const reader = openReader(response, marks, limits);
    readers.add(reader);
    reader.signal.addEventListener("abort", () => readers.delete(reader));
    try {
      const headers = { "x-rider-id": riderId };
      await backend.getTrip({ tripId }, { timeoutMs: 3000, headers, signal: reader.signal });
      if (reader.signal.aborted) return; // left at the moment of the answer: nobody to follow for
      await ways[via]({ tripId, riderId }, reader);
    } catch (cause) {
      const error = MeshError.from(cause);
      if (reader.signal.aborted) return; // gone before it began
      if (error.code === "INTERNAL") log.error({ err: error.cause, tripId }, "no updates");
      const message = error.code === "INTERNAL" ? "the event stream cannot be read" : error.message;
      sendError(response, error.code === "INTERNAL" ? "UNAVAILABLE" : error.code, message);
    }
  };
  const route: Route = async ({ request, response, url }) => {
    const tripId = PATH.exec(url.pathname)?.[1];
    if (!tripId || request.method !== "GET") return false;
    const rider = request.headers["x-rider-id"] ?? url.searchParams.get("rider") ?? "";
    const riderId = String(rider);
    const via = url.searchParams.get("via") ?? "direct";
    if (via !== "direct" && via !== "backend") {
      sendError(response, "INVALID_ARGUMENT", "via: must be direct or backend");
      return true;
    }
    if (!RIDER.test(riderId)) {
      const ask = "is required: 1 to 128 of A-Z a-z 0-9 . _ -";
      sendError(response, "INVALID_ARGUMENT", `x-rider-id header or rider parameter: ${ask}`);
      return true;
    }
    if (readers.size >= maxStreams) {
      response.setHeader("retry-after", "5");
      sendError(response, "UNAVAILABLE", "too many open streams: try again in a moment");
      return true;
    }
    const opening = { headers: request.headers, route: "/v1/trips/{trip}/updates", tripId };
    await traceOpening(opening, () => open(tripId, riderId, via, { request, response, url }));
    return true;
  };
  return {
    route,
    open: () => readers.size,
    close() {
      for (const reader of readers) reader.cut();
    },
  };
}
