import type { IncomingHttpHeaders } from "node:http";
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { attribute } from "#kit/telemetry/attributes.ts";
import { isSampled, readTraceparent } from "#kit/telemetry/trace-context.ts";
import { isTracing, tracer } from "#kit/telemetry/tracer.ts";
import { withTrip } from "#kit/telemetry/trip-context.ts";

/** The request that opens a trip's updates, as Envoy sent it on. */
export interface Opening {
  readonly headers: IncomingHttpHeaders;
  /** Of low cardinality: `/v1/trips/{trip}/updates`. */
  readonly route: string;
  readonly tripId: string;
}

/**
 * Does what opens a stream in a span that goes on with the caller's trace. It ends once the stream has begun, not
 * with the stream: what is pushed later belongs to the traces of its causes, and is linked to this one.
 */
export function traceOpening<T>(opening: Opening, work: () => Promise<T>): Promise<T> {
  if (!isTracing()) return work();
  const { headers, route, tripId } = opening;
  const parent = readTraceparent(String(headers["traceparent"] ?? ""));
  const above = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
  if (parent && !isSampled(parent)) return context.with(withTrip(above, tripId), work);
  const attributes = {
    [attribute.httpMethod]: "GET",
    [attribute.httpRoute]: route,
    [attribute.tripId]: tripId,
  };
  const span = tracer.startSpan(`GET ${route}`, { kind: SpanKind.SERVER, attributes }, above);
  return context.with(withTrip(trace.setSpan(above, span), tripId), async () => {
    try {
      return await work();
    } catch (cause) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw cause;
    } finally {
      span.end();
    }
  });
}
