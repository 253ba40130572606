import type * as grpc from "@grpc/grpc-js";
import {
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { attribute } from "#kit/telemetry/attributes.ts";
import { isMeasuring, record } from "#kit/telemetry/instruments.ts";
import { metrics } from "#kit/telemetry/registry.ts";
import { isSampled, readTraceparent, toTraceparent } from "#kit/telemetry/trace-context.ts";
import { isTracing, tracer } from "#kit/telemetry/tracer.ts";
import { withTrip } from "#kit/telemetry/trip-context.ts";
import type { Code } from "./errors.ts";

const TRACEPARENT = "traceparent";

/** One call as it is traced; what is not recorded costs a closure. */
export interface CallTrace {
  /** Does the call's work, so that what it calls, publishes and logs belongs to the call. */
  run<T>(work: () => T): T;
  /** How it ended; called once. */
  end(code: Code | "OK"): void;
}

/** A call that nobody records. */
export const untraced: CallTrace = { run: (work) => work(), end: () => {} };

/** The same call, its time and outcome measured too. */
function measured(
  traced: CallTrace,
  metric: typeof metrics.rpcServerDuration | typeof metrics.rpcClientDuration,
  path: string,
): CallTrace {
  if (!isMeasuring()) return traced;
  const startedAt = performance.now();
  return {
    run: traced.run,
    end(code) {
      traced.end(code);
      const attributes = { [attribute.rpcMethod]: path.slice(1), [attribute.rpcStatus]: code };
      record(metric, (performance.now() - startedAt) / 1000, attributes);
    },
  };
}

/** What is known of a call before it is answered. */
export interface Answering {
  /** The method's, `/package.Service/Method`. */
  readonly path: string;
  readonly metadata: grpc.Metadata;
  readonly request: unknown;
  /** Its service calls nobody: a call that is not recorded needs no context to pass on. */
  readonly isLeaf: boolean;
}

/** A call that this process answers, see `beginAnswer`. */
export function traceAnswer(answering: Answering): CallTrace {
  return measured(beginAnswer(answering), metrics.rpcServerDuration, answering.path);
}

/** A call that this process makes, see `beginCall`. */
export function traceCall(path: string, metadata: grpc.Metadata): CallTrace {
  return measured(beginCall(path, metadata), metrics.rpcClientDuration, path);
}

/**
 * A call that this process answers. Goes on with the caller's trace, or begins one at this process's rate; what
 * the caller does not record is not recorded here, and the callees are told the same.
 */
function beginAnswer({ path, metadata, request, isLeaf }: Answering): CallTrace {
  if (!isTracing()) return untraced;
  const parent = readTraceparent(metadata.get(TRACEPARENT)[0]?.toString() ?? "");
  if (parent && isLeaf && !isSampled(parent)) return untraced;
  const tripId = tripOf(request);
  const above = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
  if (parent && !isSampled(parent)) return within(withTrip(above, tripId), undefined);
  const isCopy = metadata.get("x-shadow")[0] === "1";
  const attributes = {
    ...nameOf(path),
    ...(isCopy && { [attribute.shadow]: true }),
    ...(tripId !== "" && { [attribute.tripId]: tripId }),
  };
  const span = tracer.startSpan(path.slice(1), { kind: SpanKind.SERVER, attributes }, above);
  const inside = withTrip(trace.setSpan(above, span), tripId);
  if (!span.isRecording()) return within(inside, undefined);
  return within(inside, span);
}

/**
 * A call that this process makes: a span of its own, told to the callee in `metadata`. Whoever has put a
 * `traceparent` there knows better.
 */
function beginCall(path: string, metadata: grpc.Metadata): CallTrace {
  if (!isTracing() || metadata.get(TRACEPARENT).length > 0) return untraced;
  const active = context.active();
  const parent = trace.getSpanContext(active);
  if (parent && !isSampled(parent)) {
    metadata.set(TRACEPARENT, toTraceparent(parent));
    return untraced;
  }
  const span = tracer.startSpan(
    path.slice(1),
    { kind: SpanKind.CLIENT, attributes: nameOf(path) },
    active,
  );
  metadata.set(TRACEPARENT, toTraceparent(span.spanContext()));
  return span.isRecording() ? within(active, span) : untraced;
}

function within(inside: Context, span: Span | undefined): CallTrace {
  return {
    run: (work) => context.with(inside, work),
    end(code) {
      if (!span) return;
      span.setAttribute(attribute.rpcStatus, code);
      if (code !== "OK") span.setStatus({ code: SpanStatusCode.ERROR, message: code });
      span.end();
    },
  };
}

function nameOf(path: string) {
  return { [attribute.rpcSystem]: "grpc", [attribute.rpcMethod]: path.slice(1) };
}

/** The trip that a request names, as most of the contract's requests do. */
function tripOf(request: unknown): string {
  const { tripId } = request as { readonly tripId?: unknown };
  return typeof tripId === "string" ? tripId : "";
}
