import type { AnyValue, KeyValue } from "#gen/opentelemetry/proto/common/v1/common.ts";
import {
  type ResourceSpans,
  type Span,
  Span_SpanKind,
  Status_StatusCode,
} from "#gen/opentelemetry/proto/trace/v1/trace.ts";

export type AttributeValue = string | number | boolean;

/** A span as it is kept and shown. */
export interface TraceSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty where the trace begins. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: "internal" | "server" | "client" | "producer" | "consumer";
  /** The process's service, `envoy-edge` and `envoy-mesh` for Envoy. */
  readonly service: string;
  /** The process's slot, where it has one. */
  readonly slot: string;
  /** Since 1970, ms with a fraction. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

/** Bounds of one span: whoever sends more has the rest cut off. */
const MAX_ATTRIBUTES = 32;
const MAX_TEXT = 256;
const MAX_LINKS = 32;

const kinds: Readonly<Record<number, TraceSpan["kind"]>> = {
  [Span_SpanKind.SERVER]: "server",
  [Span_SpanKind.CLIENT]: "client",
  [Span_SpanKind.PRODUCER]: "producer",
  [Span_SpanKind.CONSUMER]: "consumer",
};

/** The spans of one process's export. */
export function readResourceSpans({ resource, scopeSpans }: ResourceSpans): TraceSpan[] {
  const about = readAttributes(resource?.attributes ?? []);
  const service = String(about["service.name"] ?? "unknown");
  const slot = String(about["tripmesh.slot"] ?? "");
  return scopeSpans.flatMap(({ spans }) =>
    spans.map((span) => ({ ...readSpan(span), service, slot })),
  );
}

function readSpan(span: Span): Omit<TraceSpan, "service" | "slot"> {
  const startMs = toMs(span.startTimeUnixNano);
  return {
    traceId: span.traceId.toString("hex"),
    spanId: span.spanId.toString("hex"),
    parentSpanId: span.parentSpanId.toString("hex"),
    name: cut(span.name),
    kind: kinds[span.kind] ?? "internal",
    startMs,
    durationMs: Math.max(0, toMs(span.endTimeUnixNano) - startMs),
    failed: span.status?.code === Status_StatusCode.ERROR,
    attributes: readAttributes(span.attributes),
    links: span.links.slice(0, MAX_LINKS).map(({ traceId, spanId }) => ({
      traceId: traceId.toString("hex"),
      spanId: spanId.toString("hex"),
    })),
  };
}

function readAttributes(list: readonly KeyValue[]): Record<string, AttributeValue> {
  return Object.fromEntries(
    list.slice(0, MAX_ATTRIBUTES).map(({ key, value }) => [cut(key), readValue(value)]),
  );
}

function readValue(value: AnyValue | undefined): AttributeValue {
  const held = value?.value;
  switch (held?.$case) {
    case "stringValue":
      return cut(held.value);
    case "boolValue":
    case "doubleValue":
      return held.value;
    case "intValue":
      return Number(held.value);
    default:
      return ""; // lists and maps: nothing here sends any
  }
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

/** Microseconds are enough, and more than a double has room for. */
function toMs(nanoseconds: bigint): number {
  return Number(nanoseconds / 1000n) / 1000;
}
