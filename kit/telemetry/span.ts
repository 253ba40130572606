import { context, type Span, SpanStatusCode, trace } from "@opentelemetry/api";
import { isTracing } from "./tracer.ts";

/** The span around what runs now, if it is one that is recorded. */
export function recordedSpan(): Span | undefined {
  if (!isTracing()) return undefined;
  const span = trace.getSpan(context.active());
  return span?.isRecording() ? span : undefined;
}

/** Does the work, ends the span with how that went, and lets failures pass. */
export async function inSpan<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    fail(span, cause);
    throw cause;
  } finally {
    span.end();
  }
}

/** Tells the present span of a failure that is dealt with here. */
export function noteFailure(cause: unknown): void {
  const span = recordedSpan();
  if (span) fail(span, cause);
}

function fail(span: Span, cause: unknown): void {
  span.recordException(cause instanceof Error ? cause : String(cause));
  span.setStatus({ code: SpanStatusCode.ERROR });
}
