import { type SpanContext, TraceFlags } from "@opentelemetry/api";
import { recordedSpan } from "./span.ts";

const TRACEPARENT = /^(?!ff)[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-.*)?$/;
const ZEROS = /^0+$/;
const SHORTEST = 55;

/**
 * Reads a W3C `traceparent`; undefined when it is none. `tracestate` is not carried: nothing here writes one,
 * and the recommendation lets it be dropped.
 */
export function readTraceparent(text: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return undefined;
  if (text.length > SHORTEST && text.startsWith("00")) return undefined; // only later versions say more
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

/** The same as text: `00-<trace>-<span>-<flags>`. */
export function toTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${isSampled({ traceFlags }) ? "01" : "00"}`;
}

/** The id of the trace that a `traceparent` names; empty for none. */
export function traceIdOf(traceparent: string): string {
  return readTraceparent(traceparent)?.traceId ?? "";
}

export function isSampled({ traceFlags }: Pick<SpanContext, "traceFlags">): boolean {
  return (traceFlags & TraceFlags.SAMPLED) !== 0;
}

/**
 * Where a trace that is recorded goes on from here, for a message or a row; empty when none is. Messages never
 * begin a trace, so one that is not recorded need not be mentioned.
 */
export function currentTraceparent(): string {
  const span = recordedSpan();
  return span ? toTraceparent(span.spanContext()) : "";
}
