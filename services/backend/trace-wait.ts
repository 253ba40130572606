import { ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { attribute } from "#kit/telemetry/attributes.ts";
import { readTraceparent, toTraceparent } from "#kit/telemetry/trace-context.ts";
import { isTracing, tracer } from "#kit/telemetry/tracer.ts";
import type { OutboxRow } from "./store.ts";

/**
 * Records, when an event leaves the outbox, how long it lay there: a span from its transaction to now, in the
 * trace of the request that caused it. Gives back where that trace goes on; empty where it is not recorded.
 */
export function traceWait({ traceparent, tripId, createdAt }: OutboxRow): string {
  const cause = isTracing() ? readTraceparent(traceparent) : undefined;
  if (!cause) return traceparent;
  const span = tracer.startSpan(
    "outbox",
    { startTime: createdAt, attributes: { [attribute.tripId]: tripId } },
    trace.setSpanContext(ROOT_CONTEXT, cause),
  );
  span.end();
  return toTraceparent(span.spanContext());
}
