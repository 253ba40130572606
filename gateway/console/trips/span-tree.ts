import type { TraceSpan } from "../../traces/trace-span.ts";

/** A span in its place: below its parent, as deep as it is nested. */
export interface SpanRow {
  readonly span: TraceSpan;
  readonly depth: number;
  /** Why no rider sees what it led to: a mirror's copy, or a version that only listens. */
  readonly unseen: "mirrored" | "shadow" | undefined;
}

/** Where a trace begins and how long it lasts. */
export interface Extent {
  readonly startMs: number;
  readonly durationMs: number;
}

/**
 * The spans of a trace, parents before children, siblings by their start. A span whose parent is not here, because
 * it was not recorded or has not ended, begins a tree of its own.
 */
export function toRows(spans: readonly TraceSpan[]): SpanRow[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const inOrder = spans.toSorted((a, b) => a.startMs - b.startMs);
  const children = Map.groupBy(inOrder, ({ parentSpanId, spanId }) =>
    ids.has(parentSpanId) && parentSpanId !== spanId ? parentSpanId : "",
  );
  const rows: SpanRow[] = [];
  const seen = new Set<TraceSpan>();
  const place = (span: TraceSpan, depth: number, above: SpanRow["unseen"]) => {
    if (seen.has(span)) return; // whoever sends spans may send a circle
    seen.add(span);
    const unseen = above ?? unseenBy(span);
    rows.push({ span, depth, unseen });
    for (const child of children.get(span.spanId) ?? []) place(child, depth + 1, unseen);
  };
  for (const root of children.get("") ?? []) place(root, 0, undefined);
  for (const span of inOrder) place(span, 0, undefined);
  return rows;
}

function unseenBy({ name, service, attributes }: TraceSpan): SpanRow["unseen"] {
  const isMirror = name === "mirror" && service.startsWith("envoy");
  if (isMirror || attributes["tripmesh.shadow"] === true) return "mirrored";
  return attributes["tripmesh.role"] === "shadow" ? "shadow" : undefined;
}

/** From the first start to the last end. */
export function extentOf(spans: readonly TraceSpan[]): Extent {
  const startMs = Math.min(...spans.map((span) => span.startMs));
  const endMs = Math.max(...spans.map((span) => span.startMs + span.durationMs));
  return spans.length === 0
    ? { startMs: 0, durationMs: 0 }
    : { startMs, durationMs: endMs - startMs };
}

/** A span's name for people: without a package, and with what was pushed. */
export function nameOfSpan({ name, attributes }: TraceSpan): string {
  const kind = attributes["tripmesh.update.kind"];
  const short = name.replace(/^[\w.]+\.(?=\w+\/\w+$)/, "");
  return kind === undefined ? short : `${short} (${kind})`;
}

/** What a trace is about: the first of our own calls or messages in it, before Envoy's. */
export function nameOfTrace(rows: readonly SpanRow[]): string {
  const own = rows.find(({ span }) => !span.service.startsWith("envoy")) ?? rows[0];
  return own ? nameOfSpan(own.span) : "nothing";
}

/** A time that a person can compare: `<0.01 ms`, `0.02 ms`, `51.7 ms`, `2.97 s`, `2.1 min`. */
export function lasting(ms: number): string {
  if (ms < 0.01) return "<0.01 ms";
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${ms < 100 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
  return ms < 100_000 ? `${(ms / 1000).toFixed(2)} s` : `${(ms / 60_000).toFixed(1)} min`;
}
