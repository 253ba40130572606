import { type Context, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { type TripUpdate, TripUpdateKind } from "#gen/tripmesh/backend/v1/trip.ts";
import { attribute } from "#kit/telemetry/attributes.ts";
import { isSampled, readTraceparent, toTraceparent } from "#kit/telemetry/trace-context.ts";
import { isTracing, tracer } from "#kit/telemetry/tracer.ts";

/** How a kind of update is called in a span. */
const names: Readonly<Record<number, string>> = {
  [TripUpdateKind.DURATION]: "duration",
  [TripUpdateKind.COST]: "cost",
  [TripUpdateKind.TIP]: "tip",
  [TripUpdateKind.STATE]: "state",
};

/**
 * Records that an update is handed on to a reader's stream, and gives back the update with where its trace goes
 * on. The span belongs to the trace of what caused the update, not to that of the stream, which lasts for a whole
 * ride; `opening`, the context in which the stream was asked for, is linked.
 */
export function tracePush(name: string, update: TripUpdate, opening: Context): TripUpdate {
  const cause = isTracing() ? readTraceparent(update.traceparent) : undefined;
  if (!cause || !isSampled(cause)) return update;
  const stream = trace.getSpanContext(opening);
  const span = tracer.startSpan(
    name,
    {
      kind: SpanKind.PRODUCER,
      attributes: {
        [attribute.tripId]: update.tripId,
        [attribute.updateKind]: names[update.kind] ?? "",
        [attribute.updateSeq]: update.seq,
      },
      links: stream && isSampled(stream) ? [{ context: stream }] : [],
    },
    trace.setSpanContext(ROOT_CONTEXT, cause),
  );
  span.end();
  return { ...update, traceparent: toTraceparent(span.spanContext()) };
}
