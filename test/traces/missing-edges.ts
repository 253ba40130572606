import type { TraceSpan } from "../../gateway/traces/trace-span.ts";
import type { Edge, Place, Tap } from "./edges.ts";

/** The context that a person's call took along. */
export interface TapContext {
  readonly traceId: string;
  readonly spanId: string;
}

/** The edges that these spans do not show. Only what belongs to an edge's tap counts for it. */
export function missingEdges(
  edges: readonly Edge[],
  spans: readonly TraceSpan[],
  taps: Readonly<Record<Tap, TapContext>>,
): Edge[] {
  return edges.filter((edge) => !isThere(edge, spans, taps[edge.tap]));
}

function isThere(edge: Edge, spans: readonly TraceSpan[], tap: TapContext): boolean {
  const causes = spans.filter((span) => span.traceId === tap.traceId && matches(edge.from, span));
  const ids = new Set(causes.map(({ spanId }) => spanId));
  if (edge.from.process === "client") ids.add(tap.spanId);
  return spans.some((span) => {
    if (!matches(edge.to, span)) return false;
    if (edge.by === "parent") return span.traceId === tap.traceId && ids.has(span.parentSpanId);
    return span.links.some((link) => link.traceId === tap.traceId && ids.has(link.spanId));
  });
}

function matches({ process, span: name, with: attributes = {} }: Place, span: TraceSpan): boolean {
  return (
    process === (span.slot === "" ? span.service : `${span.service}-${span.slot}`) &&
    name === span.name &&
    Object.entries(attributes).every(([key, value]) => span.attributes[key] === value)
  );
}
